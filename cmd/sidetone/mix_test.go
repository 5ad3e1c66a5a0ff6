package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidetone/bench/audio"
	"sidetone/control/offline"
)

func TestMixWritesWhatEachHears(t *testing.T) {
	dir := t.TempDir()
	for name, hz := range map[string]float64{"a.wav": 500, "b.wav": 900} {
		pcm := make([]int16, 16000)
		for i := range pcm {
			pcm[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/16000))
		}
		if err := audio.WriteWAV(filepath.Join(dir, name), 16000, pcm); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs strings.Builder
	args := []string{"mix", filepath.Join(dir, "a.wav"), filepath.Join(dir, "b.wav"), "-o", filepath.Join(dir, "out"), "--rate", "16000", "--json"}
	if code := run(context.Background(), args, output{out: &out, err: &errs}); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var s offline.Summary
	if err := json.Unmarshal([]byte(out.String()), &s); err != nil || len(s.Parties) != 3 {
		t.Fatalf("%v in %s", err, out.String())
	}
	pcm, rate, err := audio.ReadWAV(s.Parties[0].File)
	if err != nil || rate != 16000 || len(pcm) < 16000 {
		t.Fatalf("%s: %d samples at %d Hz: %v", s.Parties[0].File, len(pcm), rate, err)
	}
	if d := math.Abs(s.Parties[0].HeardDBov - s.Parties[1].HeardDBov); d > 0.5 || s.Parties[2].HeardDBov < s.Parties[0].HeardDBov+2 {
		t.Errorf("levels %+v", s.Parties)
	}
}

func TestMixSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.wav")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{text}, "text.wav: not a WAV, FLAC, MP3 or Ogg file"},
		{[]string{filepath.Join(dir, "none.pcap")}, "no such file"},
		{[]string{text, "--payload", "opus"}, "96=opus/48000/2"},
		{[]string{text, "--payload", "200=opus/48000/2"}, "96=opus/48000/2"},
		{[]string{text, "--rate", "44100"}, "--rate 44100"},
		{nil, "<file>"},
	} {
		var out, errs strings.Builder
		if code := run(context.Background(), append([]string{"mix", "-o", dir}, c.args...), output{out: &out, err: &errs}); code != exitUsage || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%v: exit %d, %q", c.args, code, errs.String())
		}
	}
}
