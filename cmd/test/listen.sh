#!/usr/bin/env bash
# Renders what the program makes heard into a folder, as WAV with a spectrogram (PNG) of each: five voices in a conference, speech over a
# network that loses a tenth of the packets, the built-in music, tones of some countries, the prompts.
#
#	cmd/test/listen.sh [DIR]        DIR is ./listen when it is not named
set -euo pipefail
dir=$(realpath -m "${1:-listen}")
cd "$(dirname "$0")/../.."
for program in espeak-ng sox; do
	command -v "$program" >/dev/null || { echo "$program is missing: make deps" >&2; exit 1; }
done
mkdir -p "$dir/said" "$dir/conference"
rm -f "$dir"/*.wav "$dir"/*.png "$dir"/*/*.wav "$dir"/*/*.png

# voice NAME SPEAKER PITCH WORDS-A-MINUTE SECONDS-BEFORE TEXT: what a party says, at 16 kHz.
voice() {
	espeak-ng -v "$2" -p "$3" -s "$4" -w "$dir/said/$1.raw.wav" "$6"
	sox "$dir/said/$1.raw.wav" -r 16000 -c 1 "$dir/said/$1.wav" highpass 80 norm -9 pad "$5" 0
	rm "$dir/said/$1.raw.wav"
}
voice anna  en-gb+f2 70 165 0 "Good morning everybody. Shall we begin? I have three things for today: the new telephones, the moves on the second floor, and the holidays."
voice bert  en-us+m3 35 150 5 "Good morning. The telephones came on Tuesday, and half of them are on the desks already."
voice clara en-gb+f4 60 175 9 "Only half? We were promised all of them by Friday. My people are still sharing one between two."
voice david en-us+m7 45 160 12 "They will all be there by Friday. I counted them myself this morning, twice."
voice emil  en-gb+m1 25 140 3 "This is the quiet one in the corner, who talks all the time while others talk, and does not stop for anybody."

go run ./cmd/sidetone mix -o "$dir/conference" --rate 16000 "$dir"/said/{anna,bert,clara,david,emil}.wav >"$dir/conference/summary.txt"
go run ./cmd/test/listen "$dir" "$dir/said/anna.wav"

find "$dir" -name '*.wav' | sort | while read -r file; do
	sox "$file" -n remix 1 spectrogram -x 1200 -y 257 -z 90 -t "$(basename "$file")" -o "${file%.wav}.png"
	sox "$file" -n stats 2>&1 | awk -v name="${file#"$dir"/}" '
		/^DC offset/ {dc = $3} /^Pk lev/ {peak = $4} /^RMS lev/ {rms = $4} /^Length/ {length_ = $3}
		END {printf "%-34s %7.2f s  peak %7s dB  rms %7s dB  DC %s\n", name, length_, peak, rms, dc}'
done
echo "$dir"
