package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// recorded waits until the only recording there is has some seconds, ends it by stop and returns its channels.
func recorded(t *testing.T, dir string, stop func()) (rate int, channels [][]int16) {
	t.Helper()
	var files []string
	eventually(t, "a second of recording", func() bool {
		files, _ = filepath.Glob(filepath.Join(dir, "recordings", "*.wav"))
		if len(files) != 1 {
			return false
		}
		info, err := os.Stat(files[0])
		return err == nil && info.Size() > 2*2*2*8000
	})
	stop()
	var w audio.WAV
	eventually(t, "the end of the recording", func() bool {
		b, err := os.ReadFile(files[0])
		if err != nil {
			return false
		}
		w, err = audio.DecodeWAV(b)
		return err == nil && len(b) == 80+2*len(w.PCM)
	})
	channels = make([][]int16, w.Channels)
	for i, v := range w.PCM {
		channels[i%w.Channels] = append(channels[i%w.Channels], v)
	}
	return w.Rate, channels
}

// TestCallIsRecorded: the code dialled while the call is held records it from then on, each phone in its own channel; the API shows it
// while it lasts, the record key of the phone ends it, and the call's record names the file.
func TestCallIsRecorded(t *testing.T) {
	var dir string
	o := newOffice(t, 2, func(c *config.Config) { dir = c.Store.Dir })
	a := o.phone(t, 0, func(c *phone.Config) { c.Tone = 1027 })
	b := o.phone(t, 1, func(c *phone.Config) { c.Tone = 1603 })
	call, back := pair(t, a, b)
	flows(t, 10, call, back)
	if err := call.Hold(soon(t), phone.SendOnly); err != nil {
		t.Fatal(err)
	}
	if code := refused(t, a, "*1"); code != 480 {
		t.Fatalf("*1 is answered %d", code)
	}
	if err := call.Resume(soon(t)); err != nil {
		t.Fatal(err)
	}
	flows(t, 10, call, back)
	var shown api.Calls
	if err := json.Unmarshal([]byte(o.get(t, "/v1/calls")), &shown); err != nil || len(shown.Calls) != 1 || !strings.HasSuffix(shown.Calls[0].Recording, ".wav") {
		t.Errorf("the API shows %+v, %v", shown, err)
	}
	rate, channels := recorded(t, dir, func() {
		if err := back.Record(soon(t), false); err != nil {
			t.Fatal(err)
		}
	})
	if rate != 8000 || len(channels) != 2 {
		t.Fatalf("%d channels at %d Hz", len(channels), rate)
	}
	for i, own := range []float64{1027, 1603} {
		pcm := channels[i][len(channels[i])-4000:] // the end: when both talked
		if level, other := audio.Level(pcm, rate, own), audio.Level(pcm, rate, 2630-own); level < -23 || level > -17 || other > level-40 {
			t.Errorf("channel %d has its own tone at %.1f dB and the other's at %.1f", i, level, other)
		}
	}
	if shown := o.get(t, "/v1/calls"); strings.Contains(shown, "recordings") {
		t.Errorf("the API still shows a recording: %s", shown)
	}
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the record of the call", func() bool { return len(o.records(t, dir)) == 1 })
	if r := o.records(t, dir)[0]; len(r.Recordings) != 1 || r.Recordings[0] != shown.Calls[0].Recording {
		t.Errorf("recordings %v, the API showed %q", r.Recordings, shown.Calls[0].Recording)
	}
	o.settled(t)
}

// TestRoomIsRecorded: the record key of a member records what everybody says.
func TestRoomIsRecorded(t *testing.T) {
	var dir string
	o := newOffice(t, 3, func(c *config.Config) { dir = c.Store.Dir })
	tones := audio.Voices()
	var calls []*phone.Call
	for i := range 3 {
		p := o.phone(t, i, func(c *phone.Config) { c.Tone = tones[i] })
		c, err := p.Call(soon(t), "700")
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	flows(t, 20, calls...)
	if err := calls[0].Record(soon(t), true); err != nil {
		t.Fatal(err)
	}
	if rooms := o.get(t, "/v1/rooms"); !strings.Contains(rooms, "room-700.wav") {
		t.Errorf("the API shows %s", rooms)
	}
	rate, channels := recorded(t, dir, func() {
		for _, c := range calls { // the last one ends it
			if err := c.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if rate != 16000 || len(channels) != 1 || len(channels[0]) < rate {
		t.Fatalf("%d channels at %d Hz", len(channels), rate)
	}
	middle := channels[0][rate/2 : rate]
	for i := range 3 {
		if level := audio.Level(middle, rate, tones[i]); level < -24 || level > -16 {
			t.Errorf("%s is heard at %.1f dB", calls[i].Phone().Tel(), level)
		}
	}
	o.settled(t)
}

// TestRecordingOnAFullDisk: a directory that takes nothing ends no call.
func TestRecordingOnAFullDisk(t *testing.T) {
	o := newOffice(t, 2, func(c *config.Config) {
		if err := os.WriteFile(filepath.Join(c.Store.Dir, "recordings"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	call, back := pair(t, o.phone(t, 0, nil), o.phone(t, 1, nil))
	if err := call.Record(soon(t), true); err == nil {
		t.Error("recorded to nowhere")
	}
	lost := back.Stats().Lost
	flows(t, 10, call, back)
	if now := back.Stats().Lost; now != lost {
		t.Errorf("lost %d packets", now-lost)
	}
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)
}

// TestAlwaysRecorded: a station whose calls must be recorded is, from the answer on, who calls it or whom it calls, in rooms as well;
// phones cannot end it, operators can, and calls of others are left alone.
func TestAlwaysRecorded(t *testing.T) {
	t.Parallel()
	var dir string
	o := newOffice(t, 3, func(c *config.Config) {
		dir = c.Store.Dir
		c.Stations[1].Record = "always"
		c.Media.Path = "auto"
	})
	a, b, c := o.phone(t, 0, nil), o.phone(t, 1, nil), o.phone(t, 2, nil)
	files := func() []string {
		list, _ := filepath.Glob(filepath.Join(dir, "recordings", "*.wav"))
		return list
	}

	call, back := pair(t, a, c)
	flows(t, 10, call, back)
	if got := files(); len(got) != 0 {
		t.Errorf("recorded between two others: %v", got)
	}
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)

	call, back = pair(t, a, b)
	flows(t, 20, call, back)
	for _, who := range []*phone.Call{call, back} {
		if err := who.Record(soon(t), false); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("Record: off of %s: %v", who.Phone().Tel(), err)
		}
	}
	if err := call.Hold(soon(t), phone.SendOnly); err != nil {
		t.Fatal(err)
	}
	refused(t, a, "*1")
	if err := call.Resume(soon(t)); err != nil {
		t.Fatal(err)
	}
	if c := o.capacity(t); c.MGI.Used != 2 {
		t.Errorf("%d MGI ports in use", c.MGI.Used)
	}
	rate, channels := recorded(t, dir, func() {
		if err := call.Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
	})
	if rate != 8000 || len(channels) != 2 {
		t.Fatalf("%d channels at %d Hz", len(channels), rate)
	}
	o.quiet(t)

	var calls []*phone.Call
	for _, p := range []*phone.Phone{a, b} {
		call, err := p.Call(soon(t), "700")
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	eventually(t, "the recording of the room", func() bool { return strings.Contains(o.get(t, "/v1/rooms"), "room-700.wav") })
	if err := calls[0].Record(soon(t), false); err == nil {
		t.Error("a member ended the recording of the room")
	}
	if code, _, errs := command(t, "ctl", "--api", "http://"+o.api, "record", "700", "off"); code != 0 {
		t.Errorf("an operator is told %d %s", code, errs)
	}
	eventually(t, "its end", func() bool { return !strings.Contains(o.get(t, "/v1/rooms"), "room-700.wav") })
	for _, call := range calls {
		if err := call.Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	o.settled(t)
	if n := len(files()); n != 2 {
		t.Errorf("%d recordings, want that of the call and that of the room", n)
	}
}

// TestAlwaysRecordedRoom: a room that must be recorded is from its first member on, each time somebody comes into it empty, and a disk
// that takes nothing keeps nobody out and is complained of once.
func TestAlwaysRecordedRoom(t *testing.T) {
	t.Parallel()
	var dir string
	o := newOffice(t, 2, func(c *config.Config) {
		dir = c.Store.Dir
		c.Conference.Rooms[0].Record = "always"
	})
	a, b := o.phone(t, 0, nil), o.phone(t, 1, nil)
	enter := func(p *phone.Phone) *phone.Call {
		call, err := p.Call(soon(t), "700")
		if err != nil {
			t.Fatal(err)
		}
		return call
	}
	for n := range 2 {
		one, two := enter(a), enter(b)
		flows(t, 10, one, two)
		eventually(t, "the recording", func() bool { return strings.Contains(o.get(t, "/v1/rooms"), "room-700") })
		for _, call := range []*phone.Call{one, two} {
			if err := call.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
		}
		o.settled(t)
		if list, _ := filepath.Glob(filepath.Join(dir, "recordings", "*.wav")); len(list) != n+1 {
			t.Fatalf("recordings after %d times: %v", n+1, list)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "recordings")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "recordings"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := enter(a), enter(b)
	flows(t, 10, one, two)
	if lines := o.log.lines(slog.LevelError); len(lines) != 1 || !strings.Contains(lines[0], "not recorded") {
		t.Errorf("logged as errors: %q", lines)
	}
	for _, call := range []*phone.Call{one, two} {
		if err := call.Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	o.settled(t)
}
