package main

import (
	"path/filepath"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/control/config"
)

// sine adds a class of music that is one tone.
func sine(t *testing.T, hz float64) func(*config.Config) {
	path := filepath.Join(t.TempDir(), "sine.wav")
	check(t, audio.WriteWAV(path, 16000, audio.Sine(hz, -12, 16000, 16000)))
	return func(c *config.Config) {
		c.Media.Music = append(c.Media.Music, config.Music{Name: "sine", Files: []string{path}, Rate: 16000})
		c.Stations[0].ToneSource = "phone"
	}
}

// hearsMusic waits until a phone hears a tone at the level of music.
func hearsMusic(t *testing.T, c *phone.Call, hz float64) {
	t.Helper()
	ctx := soon(t)
	for {
		pcm, err := c.Hear(ctx, 300*time.Millisecond)
		if err != nil {
			t.Fatalf("%s does not hear %.0f Hz: %v", c.Phone().Tel(), hz, err)
		}
		if level := audio.Level(pcm, 8000, hz); level > -30 && level < -20 {
			return
		}
	}
}

// TestMusicServer: the classes of music answer at their addresses, to phones and whoever is transferred there, and others do not.
func TestMusicServer(t *testing.T) {
	t.Parallel()
	const hz = 1250
	o := newOffice(t, 3, sine(t, hz))
	p := o.voices(t, 3, nil)
	call := must[*phone.Call](t)(p[0].Call(soon(t), "moh-sine"))
	hearsMusic(t, call, hz)
	if !call.Status().Held {
		t.Error("the answer does not say that it only sends")
	}
	hangup(t, call)
	melody := must[*phone.Call](t)(p[0].Call(soon(t), "music"))
	flows(t, 20, melody)
	hangup(t, melody)
	if code := refused(t, p[0], "moh-none"); code != 404 {
		t.Errorf("a class that there is not: %d", code)
	}
	call, back := held(t, p[1], p[2])
	if code, err := call.Refer(soon(t), "moh-sine", nil); err != nil || code != 202 {
		t.Fatal(code, err)
	}
	transferred(t, call, 200)
	hearsMusic(t, back, hz)
	hangup(t, back)
	o.quiet(t)
}

// TestHoldWithMusicServer: a phone places whom it holds at the music (RFC 7088), comes back, and the music goes.
func TestHoldWithMusicServer(t *testing.T) {
	t.Parallel()
	const hz = 1250
	o := newOffice(t, 2, sine(t, hz))
	p := o.voices(t, 2, nil)
	call, back := pair(t, p[0], p[1])
	talk(t, call, back)
	for range 2 {
		music, err := call.HoldWith(soon(t), "moh-sine")
		check(t, err)
		hearsMusic(t, back, hz)
		check(t, call.Resume(soon(t)))
		hangup(t, music)
		talk(t, call, back)
	}
	// Who is held hangs up.
	music, err := call.HoldWith(soon(t), "music")
	check(t, err)
	hangup(t, back)
	ended(t, call)
	hangup(t, music)
	o.quiet(t)
}
