#!/usr/bin/env bash
# Speaks the prompts with espeak-ng and writes them as G.711 mu-law, 8 kHz, without silence around them.
# Needs espeak-ng and sox. The result is checked in: building sidetone needs neither.
set -euo pipefail
cd "$(dirname "$0")"
say() { # NAME TEXT
	espeak-ng -v en-us -s 155 -p 45 -w /tmp/prompt-$$.wav "$2"
	sox -q /tmp/prompt-$$.wav -r 8000 -c 1 -e u-law -b 8 -t raw "$1.ul" \
		highpass 120 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse norm -9 pad 0 0.06
}
trap 'rm -f /tmp/prompt-$$.wav' EXIT
say greeting-before "You have reached the voice mail of"
say greeting-after "Please leave a message after the tone. Press pound when you are done."
say mailbox-full "This mailbox is full. Good bye."
say thank-you "Thank you. Good bye."
say you-have "You have"
say no "no"
say new-message "new message"
say new-messages "new messages"
say saved-message "saved message"
say saved-messages "saved messages"
say and "and"
say first-menu "To listen to your messages, press one. To end, press pound."
say message "Message"
say from "from"
say unknown "an unknown number"
say message-menu "To delete this message, press seven. To save it, press nine. To hear it again, press five. Four is the one before, six the next."
say deleted "Deleted."
say saved "Saved."
say no-more "No more messages."
say good-bye "Good bye."
say not-a-choice "That is not a choice."
say enter-pin "Please enter the PIN, then press pound."
say wrong-pin "That is not the right PIN."
say muted "You are muted."
say heard "You can be heard."
say all-muted "Everybody else is muted."
say all-heard "Everybody can be heard."
say locked "The conference is locked."
say unlocked "The conference is open."
say moderator-only "Only the moderator can do that."
numbers=(zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty)
for n in "${!numbers[@]}"; do say "$n" "${numbers[$n]}"; done
for n in 30:thirty 40:forty 50:fifty 60:sixty 70:seventy 80:eighty 90:ninety; do say "${n%%:*}" "${n##*:}"; done
