package media

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// writeWAV writes a file of one channel.
func writeWAV(t *testing.T, rate int, pcm []int16) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
	for _, v := range []any{uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16), []byte("data"), uint32(2 * len(pcm)), pcm} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "music.wav")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// amplitude of one frequency.
func amplitude(pcm []int16, rate int, hz float64) float64 {
	var re, im float64
	for i, v := range pcm {
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		re, im = re+float64(v)*c, im+float64(v)*s
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm))
}

// hears decodes what a phone was sent for a second of the music, after the beginning.
func (h *handset) hears(t *testing.T, f codecs.Format) []int16 {
	t.Helper()
	codec, ok := codecs.Available(codecs.FindLibraries()).Find(f)
	if !ok {
		t.Fatalf("no codec %v", f)
	}
	d := codec.NewDecoder()
	frame, pcm := make([]int16, codec.SampleRate/50), []int16(nil)
	packets := h.heard()
	if len(packets) < 99 {
		t.Fatalf("%d packets", len(packets))
	}
	for i, p := range packets[:99] {
		if i > 0 && rtp.Timestamp(p)-rtp.Timestamp(packets[i-1]) != uint32(codec.ClockRate/50) {
			t.Fatalf("packet %d comes after %d of time", i, rtp.Timestamp(p)-rtp.Timestamp(packets[i-1]))
		}
		n, err := d.Decode(frame, rtp.Payload(p))
		if err != nil || n != len(frame) {
			t.Fatal(n, err)
		}
		pcm = append(pcm, frame...)
	}
	return pcm[len(frame)*49:]
}

// A class of music is as wide as its files and its listeners' codecs: G.722 hears what is above the telephone's band, and G.711 hears
// the rest at the same level, and nothing folded down.
func TestMusicIsAsWideAsTheListener(t *testing.T) {
	pcm := make([]int16, 48000)
	for i := range pcm {
		for _, hz := range []float64{1000, 5000, 12000} {
			pcm[i] += int16(4000 * math.Sin(2*math.Pi*hz*float64(i)/48000))
		}
	}
	x := newExchange(t)
	x.cfg.Set = codecs.Available(codecs.FindLibraries())
	x.players.set = x.cfg.Set
	path := writeWAV(t, 48000, pcm)
	p, err := LoadPrograms("us", []MusicClass{{Name: "usual", Files: []string{path}}, {Name: "wide", Files: []string{path}, Rate: 48000}})
	if err == nil {
		err = p.Load(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	narrow := x.handset(t, 4000, 0, "0\r\n")
	wide := x.handset(t, 4002, 0, "9\r\n")
	classes := map[*handset]string{narrow: "usual", wide: "usual"}
	opus := codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "maxaveragebitrate=96000"}
	_, libopus := x.cfg.Set.Find(opus)
	var full *handset
	if libopus {
		full = x.handset(t, 4004, 0, "107\r\na=rtpmap:107 opus/48000/2\r\na=fmtp:107 "+opus.Fmtp+"\r\n")
		classes[full] = "wide"
	}
	for h, class := range classes {
		if err := Connect(h.leg, nil, Plan{Hear: p.Waiting(class)}, Plan{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(x.players.active); n != len(classes)-1 {
		t.Errorf("%d players", n)
	}
	for range 100 {
		x.net.Advance(20 * time.Millisecond)
	}
	dB := func(a, b float64) float64 { return 20 * math.Log10(a/b) }
	n := narrow.hears(t, codecs.Format{Name: "PCMU", ClockRate: 8000})
	low := amplitude(n, 8000, 1000)
	if low < 500 || dB(amplitude(n, 8000, 3000), low) > -50 || dB(amplitude(n, 8000, 4000), low) > -50 {
		t.Errorf("G.711 hears 1000 Hz at %.0f, what folds down from 5000 and 12000 at %.1f and %.1f dB of it", low,
			dB(amplitude(n, 8000, 3000), low), dB(amplitude(n, 8000, 4000), low))
	}
	w := wide.hears(t, codecs.Format{Name: "G722", ClockRate: 8000})
	if d := dB(amplitude(w, 16000, 1000), low); math.Abs(d) > 0.3 {
		t.Errorf("G.722 hears 1000 Hz %.2f dB louder than G.711", d)
	}
	if d := dB(amplitude(w, 16000, 5000), low); math.Abs(d) > 1 {
		t.Errorf("G.722 hears 5000 Hz at %.2f dB", d)
	}
	if d := dB(amplitude(w, 16000, 4000), low); d > -45 {
		t.Errorf("G.722 hears 12000 Hz, folded down, at %.2f dB", d)
	}
	if !libopus {
		t.Log("no libopus: nothing of 48 kHz is tried")
		return
	}
	o := full.hears(t, opus)
	if d := dB(amplitude(o, 48000, 12000), amplitude(o, 48000, 1000)); math.Abs(d) > 6 {
		t.Errorf("Opus hears 12000 Hz at %.2f dB of 1000 Hz", d)
	}
}
