package moh

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

func decoded(r io.Reader, rate int, limit int64) ([]int16, error) {
	return Decode(context.Background(), r, rate, limit)
}

// Each file of testdata is whole periods of a sine of half amplitude, so that looping it must not leave a seam.
var loops = []struct {
	file      string
	rate      int
	hz        float64
	amplitude float64 // LAME takes 5 % off at a constant bit rate
	samples   int
	tolerance float64 // of full scale
}{
	{"lame-44100-stereo.mp3", 44100, 441, 0.475, 44100, 0.006},
	{"lame-44100-mono-vbr.mp3", 44100, 441, 0.5, 44100, 0.006},
	{"lame-22050-mono.mp3", 22050, 441, 0.475, 22050, 0.006},
	{"44100-stereo-16.flac", 44100, 441, 0.5, 22050, 0.0001},
	{"48000-mono-24.flac", 48000, 480, 0.5, 24000, 0.0001},
	{"8000-mono-8.flac", 8000, 400, 0.5, 8000, 0.017},
	{"48000-stereo.opus", 48000, 480, 0.375, 24000, 0.01}, // the channels are 0.5 and 0.25
	{"44100-stereo.ogg", 44100, 441, 0.5, 22050, 0.015},
	{"chain.opus", 48000, 480, 0.375, 48000, 0.05},
}

func TestCompressedFilesLoopWithoutASeam(t *testing.T) {
	for _, tt := range loops {
		b, err := os.ReadFile("testdata/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		x, err := decoded(bytes.NewReader(b), tt.rate, 1e6)
		if err != nil || len(x) != tt.samples {
			t.Errorf("%s: %d samples, want %d: %v", tt.file, len(x), tt.samples, err)
			continue
		}
		sine := func(i int) float64 {
			return 32768 * tt.amplitude * math.Sin(2*math.Pi*tt.hz*float64(i)/float64(tt.rate))
		}
		var within, ends float64 // where an MP3 has nothing of the sine before and after to code with
		for i, v := range x {
			off := math.Abs(float64(v)-sine(i)) / 32768
			if ends = max(ends, off); i >= 2000 && i < len(x)-2000 {
				within = max(within, off)
			}
		}
		if within > tt.tolerance || ends > max(tt.tolerance, 0.08) {
			t.Errorf("%s: %.4f of full scale off the sine within, %.4f at the ends, may be %.4f", tt.file, within, ends, tt.tolerance)
		}
		// The seam is no louder a step than the sine's own steepest.
		steepest := sine(1)
		if step := math.Abs(float64(x[0]) - float64(x[len(x)-1])); step > 1.6*steepest {
			t.Errorf("%s: a step of %.0f at the seam, the sine's own is %.0f", tt.file, step, steepest)
		}
	}
}

func TestBrokenFilesSayWhatIsWrong(t *testing.T) {
	file := func(name string) []byte {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	mp3, flac, opus := file("lame-44100-stereo.mp3"), file("44100-stereo-16.flac"), file("48000-stereo.opus")
	bent := bytes.Clone(opus)
	bent[len(bent)-100] ^= 1
	six := bytes.Clone(opus)
	six[28+9] = 6
	sealPage(six)
	vorbis := file("44100-stereo.ogg")
	other := bytes.Clone(vorbis)
	other[28] = 'x'
	sealPage(other)
	future := bytes.Clone(opus)
	future[28+8] = 16
	sealPage(future)
	damaged := bytes.Clone(flac)
	for i := len(damaged) - 3000; i < len(damaged)-2900; i++ {
		damaged[i] ^= 0x5a
	}
	wide := bytes.Clone(flac)
	wide[8+12] |= 5 << 1 // channels of the stream info
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"start of ogg":     {opus[:18], "it ends within a page"},
		"short opus":       {opus[:len(opus)-1], "it ends within a page"},
		"header of opus":   {opus[:47], "the stream ends within its headers"},
		"bent opus":        {bent, "another checksum"},
		"opus and rubbish": {append(bytes.Clone(opus), opus[1:100]...), "no page where one should begin"},
		"opus of six":      {six, "6 channels: only mono and stereo"},
		"opus of later":    {future, "another version"},
		"ogg of another":   {other, "neither Vorbis nor Opus"},
		"header of vorbis": {vorbis[:58], "the stream ends within its headers"},
		"short vorbis":     {vorbis[:len(vorbis)-1], "it ends within a page"},
		"short mp3":        {mp3[:len(mp3)/2], "the file ends after"},
		"mp3 of a header":  {mp3[:3], "no audio"},
		"mp3 of a tag":     {[]byte("ID3\x04\x00\x00\x00\x00\x00\x01\x00"), "no audio"},
		"tag too long":     {[]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f...."), "within its ID3 tag"},
		"short flac":       {flac[:len(flac)-1000], "broken FLAC"},
		"flac of no audio": {flac[:len(flac)/2], "ends after 0.0 of 0.5 s"},
		"damaged flac":     {damaged, "broken FLAC"},
		"flac header":      {flac[:20], "broken FLAC"},
		"six channels":     {wide, "channels: only mono and stereo"},
	} {
		if _, err := decoded(bytes.NewReader(c.file), 8000, 1e6); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// sealPage makes the checksum of a file's first page true.
func sealPage(b []byte) {
	n := 27 + int(b[26])
	for _, v := range b[27:n] {
		n += int(v)
	}
	binary.LittleEndian.PutUint32(b[22:], 0)
	binary.LittleEndian.PutUint32(b[22:], oggSum(0, b[:n]))
}

// Speech in packets of 60 ms, which keeps no phase, is as long and as loud as it was.
func TestOpusOfSpeech(t *testing.T) {
	b, err := os.ReadFile("testdata/16000-voice.opus")
	if err != nil {
		t.Fatal(err)
	}
	x, err := decoded(bytes.NewReader(b), 48000, 1e6)
	if err != nil || len(x) != 24000 {
		t.Fatalf("%d samples: %v", len(x), err)
	}
	var re, im float64
	for i, v := range x[4800:19200] {
		s, c := math.Sincos(2 * math.Pi * 400 * float64(i) / 48000)
		re, im = re+float64(v)*c, im+float64(v)*s
	}
	if a := math.Hypot(re, im) / 14400 * 2 / 32768; a < 0.45 || a > 0.55 {
		t.Errorf("an amplitude of %.2f, was 0.5", a)
	}
}

func TestMP3WithTagsAroundIsTheSame(t *testing.T) {
	b, err := os.ReadFile("testdata/lame-22050-mono.mp3")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := decoded(bytes.NewReader(b), 8000, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	tag := append([]byte("ID3\x03\x00\x00\x00\x00\x02\x00"), make([]byte, 256)...)
	tagged := append(append(append(tag, tag...), b...), append([]byte("TAG"), make([]byte, 125)...)...)
	got, err := decoded(bytes.NewReader(tagged), 8000, 1e6)
	if err != nil || len(got) != len(plain) {
		t.Fatalf("%d samples, want %d: %v", len(got), len(plain), err)
	}
	for i := range got {
		if got[i] != plain[i] {
			t.Fatalf("sample %d is %d, want %d", i, got[i], plain[i])
		}
	}
}

// An encoder with a shorter delay than LAME pads by less than the decoder lags behind: the last 12 ms do not come out of any decoder, which
// is no reason to refuse the file.
func TestMP3WithoutPadding(t *testing.T) {
	b, err := os.ReadFile("testdata/lame-22050-mono.mp3")
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(bytes.NewReader(b))
	if err := skipID3(r); err != nil {
		t.Fatal(err)
	}
	head, _ := r.Peek(lameTagEnd)
	tag, ok := parseInfoFrame(head)
	at := bytes.Index(b, []byte{byte(tag.delay >> 4), byte(tag.delay<<4) | byte(tag.padding>>8), byte(tag.padding)})
	if !ok || !tag.lame || at < 0 {
		t.Fatalf("%+v at %d", tag, at)
	}
	b[at+1], b[at+2] = b[at+1]&0xf0, 0
	x, err := decoded(bytes.NewReader(b), 22050, 1e6)
	if want := int(tag.frames*tag.samples - tag.delay - decoderDelay); err != nil || len(x) != want {
		t.Errorf("%d samples, want %d: %v", len(x), want, err)
	}
}

func FuzzReadAudio(f *testing.F) {
	f.Add(wav(wavePCM, 1, 8000, 16, tone(8000, 100, 440)))
	f.Add(wav(waveExtensible, 2, 44100, 24, tone(8000, 100, 440)))
	f.Add(wav(wavePCM, 1, 8001, 8, tone(8000, 100, 440)))
	f.Add(container(wavePCM, 1, 48000, 16, unknownLength, make([]byte, 501)))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff"))
	f.Add([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"))
	for _, name := range []string{"16000-voice.opus", "44100-stereo.ogg"} {
		if b, err := os.ReadFile("testdata/" + name); err == nil {
			f.Add(b[:min(len(b), 3000)])
		}
	}
	for _, l := range loops {
		if b, err := os.ReadFile("testdata/" + l.file); err == nil {
			f.Add(b[:min(len(b), 3000)])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 10000
		x, err := decoded(bytes.NewReader(b), 8000, limit)
		if err == nil && (len(x) == 0 || len(x) > limit) {
			t.Fatalf("%d samples", len(x))
		}
	})
}
