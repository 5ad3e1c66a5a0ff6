package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

const key = 100 * time.Millisecond

// room asks the API for one room.
func (o *office) room(t *testing.T, id string) api.Room {
	t.Helper()
	var body api.Rooms
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/rooms")), &body))
	for _, r := range body.Rooms {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no room %s in %+v", id, body)
	return api.Room{}
}

// TestRoomPIN: who knows the PIN is let in, with or without the pound key; the third wrong one ends the call.
func TestRoomPIN(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, func(c *config.Config) {
		c.Conference.Rooms = []config.Room{{Number: "700", Members: 5, Pin: config.NewSecret("4711")}}
	})
	p := o.voices(t, 4, nil)
	var calls []*phone.Call
	for i, keys := range []string{"4711", "99#4711#"} {
		c := must[*phone.Call](t)(p[i].Call(soon(t), "700"))
		flows(t, 20, c) // the question
		c.Press(keys, key)
		eventually(t, "it is let in", func() bool { return len(o.room(t, "700").Members) == i+1 })
		calls = append(calls, c)
	}
	talk(t, calls[0], calls[1])

	wrong := must[*phone.Call](t)(p[2].Call(soon(t), "700"))
	wrong.Press("1234", key)
	wrong.Press("#", key)
	wrong.Press("0815#815#", key)
	ended(t, wrong)
	if n := len(o.room(t, "700").Members); n != 2 {
		t.Errorf("%d members", n)
	}
	// Transferred there, a party has to know it too.
	call, x := held(t, p[2], p[3])
	if code, err := call.Refer(soon(t), "700", nil); err != nil || code != 202 {
		t.Fatal(code, err)
	}
	transferred(t, call, 200)
	if n := len(o.room(t, "700").Members); n != 2 {
		t.Errorf("%d members before the PIN", n)
	}
	x.Press("4711", key)
	listens(t, x, p[0], p[1])
	for _, c := range append(calls, x) {
		hangup(t, c)
	}
	o.settled(t)
	// One who hangs up while it is asked leaves nothing.
	asked := must[*phone.Call](t)(p[2].Call(soon(t), "700"))
	asked.Press("47", key)
	hangup(t, asked)
	o.settled(t)
}

// TestRoomByAPI: what operators do to a room and its members, by the command line.
func TestRoomByAPI(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := o.voices(t, 4, nil)
	var calls []*phone.Call
	for _, m := range p[:3] {
		calls = append(calls, must[*phone.Call](t)(m.Call(soon(t), "700")))
	}
	ctl := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := command(t, append([]string{"ctl", "--api", "http://" + o.api}, args...)...)
		if code != want {
			t.Errorf("%v: %d %s", args, code, errs)
		}
		return out + errs
	}
	listens(t, calls[0], p[1], p[2])
	first := o.room(t, "700").Members[0]
	if !first.Moderator || first.Tel != "217" || !first.Talking || first.Level < -30 || first.Level > -10 {
		t.Errorf("%+v", first)
	}
	ctl(0, "mute", "700", "218")
	listens(t, calls[0], p[2])
	listens(t, calls[1], p[0], p[2])
	ctl(0, "deafen", "700", o.room(t, "700").Members[2].Leg)
	listens(t, calls[2])
	if m := o.room(t, "700").Members; !m[1].Muted || !m[2].Deaf {
		t.Errorf("%+v", m)
	}
	ctl(0, "unmute", "700", "218")
	ctl(0, "undeafen", "700", "219")
	listens(t, calls[2], p[0], p[1])

	ctl(0, "gain", "700", "218", "--db=-20")
	eventually(t, "218 is heard 20 dB softer", func() bool {
		pcm, err := calls[0].Hear(soon(t), 200*time.Millisecond)
		return err == nil && math.Abs(audio.Level(pcm, 8000, p[1].Tone())-(spoken-20)) < 1.5 && math.Abs(audio.Level(pcm, 8000, p[2].Tone())-spoken) < 1.5
	})
	ctl(exitFailed, "gain", "700", "218", "--db=40")
	ctl(0, "gain", "700", "218", "--db=0")
	listens(t, calls[0], p[1], p[2])

	ctl(0, "whisper", "700", "218", "217") // the coach hears all, and one hears the coach
	listens(t, calls[0], p[1], p[2])
	listens(t, calls[2], p[0])
	listens(t, calls[1], p[0], p[2])
	ctl(0, "barge", "700", "218")
	listens(t, calls[2], p[0], p[1])

	ctl(0, "lock", "700")
	if got := refused(t, p[3], "700"); got != 403 {
		t.Errorf("a locked room answers %d", got)
	}
	hold(t, calls[2]) // who is in may come and go
	check(t, calls[2].Resume(soon(t)))
	listens(t, calls[2], p[0], p[1])
	ctl(0, "kick", "700", "219")
	ended(t, calls[2])
	listens(t, calls[0], p[1])
	ctl(0, "unlock", "700")

	for _, c := range calls[:2] {
		c.Mute(true)
	}
	file := filepath.Join(t.TempDir(), "words.wav")
	check(t, os.WriteFile(file, wave(audio.Sine(2282, -20, 8000, 16000)), 0o600))
	ctl(0, "announce", "700", file)
	for _, c := range calls[:2] {
		eventually(t, "the announcement is heard", func() bool {
			pcm, err := c.Hear(soon(t), 200*time.Millisecond)
			check(t, err)
			return audio.Level(pcm, 8000, 2282) > -40
		})
	}
	for _, bad := range [][]string{{"lock", "701"}, {"mute", "700", "220"}, {"whisper", "700", "217", "220"}, {"barge", "700", "220"}, {"kick", "700", "220"}, {"announce", "701", file}, {"announce", "700", os.Args[0]}} {
		ctl(exitFailed, bad...)
	}
	ctl(0, "lock", "700")
	for _, c := range calls[:2] {
		hangup(t, c)
	}
	o.settled(t)
	if o.room(t, "700").Locked {
		t.Error("the room is locked although nobody is in")
	}
}

// wave is a WAV file of samples at 8 kHz.
func wave(pcm []int16) []byte {
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	n := 2 * len(pcm)
	size := func(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }
	b := append(head, size(n)...)
	copy(b[4:], size(36+n))
	for _, v := range pcm {
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	return b
}

// TestRoomByKeys: each may mute itself; the first one in commands the room.
func TestRoomByKeys(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, func(c *config.Config) { c.Stations[1].DTMF = "info" })
	p := o.voices(t, 4, nil)
	a := must[*phone.Call](t)(p[0].Call(soon(t), "700"))
	flows(t, 10, a)
	streams := a.Stats().Streams
	a.Press("*2", key)
	eventually(t, "who is alone locks the room", func() bool { return o.room(t, "700").Locked })
	a.Press("*2", key)
	eventually(t, "and opens it", func() bool { return !o.room(t, "700").Locked })
	if n := a.Stats().Streams; n != streams {
		t.Errorf("%d streams, then %d: the music began again", streams, n)
	}
	b := must[*phone.Call](t)(p[1].Call(soon(t), "700"))
	c := must[*phone.Call](t)(p[2].Call(soon(t), "700"))
	listens(t, a, p[1], p[2])
	info := func(call *phone.Call, key string) {
		t.Helper()
		for _, k := range key {
			check(t, call.Info(soon(t), "application/dtmf-relay", []byte("Signal="+string(k)+"\r\nDuration=100\r\n")))
		}
	}
	info(b, "*1")
	listens(t, a, p[2])
	info(b, "*1")
	listens(t, a, p[1], p[2])

	info(b, "*2*3*4*5") // it is not the moderator
	c.Press("*2*5", key)

	listens(t, a, p[1], p[2])
	if o.room(t, "700").Locked {
		t.Fatal("a member locked the room")
	}
	a.Press("*2", key)
	eventually(t, "the room is locked", func() bool { return o.room(t, "700").Locked })
	a.Press("*2*3", key)
	listens(t, b, p[0])
	a.Press("*3", key)
	listens(t, b, p[0], p[2])
	a.Press("*4", key)
	ended(t, c)
	d := must[*phone.Call](t)(p[3].Call(soon(t), "700"))
	listens(t, d, p[0], p[1])
	hangup(t, a) // the next one commands
	listens(t, d, p[1])
	info(b, "*5")
	ended(t, b)
	ended(t, d)
	o.settled(t)
}

// TestRoomTones: two notes are heard when somebody comes, and two when it goes.
func TestRoomTones(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, func(c *config.Config) { c.Conference.Rooms[0].Tones = true })
	var p []*phone.Phone
	for i := range 3 {
		p = append(p, o.phone(t, i, nil))
	}
	a := must[*phone.Call](t)(p[0].Call(soon(t), "700"))
	b := must[*phone.Call](t)(p[1].Call(soon(t), "700"))
	flows(t, 50, a, b)
	rings := func(what string, do func()) {
		t.Helper()
		from := time.Now()
		do()
		eventually(t, what, func() bool {
			pcm, err := a.Hear(soon(t), 100*time.Millisecond)
			check(t, err)
			pcm = append(a.Heard(from, time.Now()), pcm...)
			high, low := 0, 0
			for i := 0; i+400 < len(pcm); i += 400 {
				if audio.Level(pcm[i:i+400], 8000, 784) > -30 {
					high++
				}
				if audio.Level(pcm[i:i+400], 8000, 523) > -30 {
					low++
				}
			}
			return high > 0 && low > 0
		})
	}
	var c *phone.Call
	rings("two notes at the entry", func() { c = must[*phone.Call](t)(p[2].Call(soon(t), "700")) })
	flows(t, 50, a)
	rings("two notes at the exit", func() { hangup(t, c) })
	hangup(t, a)
	hangup(t, b)
	o.settled(t)
}

// invited asks the focus for something and waits for what becomes of it.
func invited(t *testing.T, c *phone.Call, want int, ask func() (int, error)) {
	t.Helper()
	before := len(c.Transfer())
	if code, err := ask(); err != nil || code != 202 {
		t.Fatalf("REFER is answered %d %v", code, err)
	}
	eventually(t, "the outcome", func() bool {
		told := c.Transfer()
		return len(told) > before && told[len(told)-1] >= 200
	})
	if told := c.Transfer(); told[len(told)-1] != want {
		t.Errorf("NOTIFYs %v, want %d in the end", told[before:], want)
	}
}

// TestConferenceFactory: a phone makes a conference, calls and moves others into it, one dials in, one is put out; it ends with its owner.
func TestConferenceFactory(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 5, nil)
	p := o.voices(t, 5, nil)
	call, b := held(t, p[0], p[1])
	conf := must[*phone.Call](t)(p[0].Call(soon(t), "conference"))
	id, focus := conf.Contact()
	if !focus || !strings.HasPrefix(id, "conf-") || o.room(t, id).Owner != "217" {
		t.Fatalf("Contact %s, focus %v, room %+v", id, focus, o.room(t, id))
	}
	if code := must[int](t)(p[0].Subscribe(soon(t), "conference", id)); code != 200 {
		t.Errorf("the owner's SUBSCRIBE is answered %d", code)
	}
	if code := must[int](t)(p[4].Subscribe(soon(t), "conference", id)); code != 404 {
		t.Errorf("a stranger's SUBSCRIBE is answered %d", code)
	}
	// The party that it talks with moves in, and the call with it ends.
	invited(t, conf, 200, func() (int, error) { return conf.Refer(soon(t), "218", call) })
	ended(t, call)
	talk(t, conf, b)
	// Another one is called.
	invited(t, conf, 200, func() (int, error) { return conf.Refer(soon(t), "219", nil) })
	c := incoming(t, p[2])
	if user, focus := c.Contact(); user != id || !focus {
		t.Errorf("it is called by %s, focus %v", user, focus)
	}
	// A third dials the conference's URI.
	d := must[*phone.Call](t)(p[3].Call(soon(t), id))
	listens(t, conf, p[1], p[2], p[3])
	listens(t, c, p[0], p[1], p[3])
	invited(t, conf, 404, func() (int, error) { return conf.Refer(soon(t), "999", nil) })
	invited(t, conf, 480, func() (int, error) { check(t, p[4].Unregister(soon(t))); return conf.Refer(soon(t), "221", nil) })
	if code := must[int](t)(d.ReferTo(soon(t), "<sip:219@h;method=BYE>")); code != 403 {
		t.Errorf("a member puts another one out: %d", code)
	}
	invited(t, conf, 200, func() (int, error) { return conf.ReferTo(soon(t), "<sip:219@h;method=BYE>") })
	ended(t, c)
	listens(t, conf, p[1], p[3])
	hold(t, d)
	eventually(t, "the conference's state was told", func() bool {
		list := p[0].Notices("conference")
		last := list[len(list)-1].Body
		return strings.Contains(last, "<user-count>3</user-count>") && strings.Contains(last, `entity="sip:220@`) &&
			strings.Contains(last, "<status>on-hold</status>") && strings.Contains(last, "<entry>moderator</entry>") && !strings.Contains(last, "sip:219@") &&
			strings.Contains(last, fmt.Sprintf(`state="full" version="%d"`, len(list)-1))
	})
	hangup(t, conf)
	ended(t, b)
	ended(t, d)
	eventually(t, "the subscription ended", func() bool {
		list := p[0].Notices("conference")
		return strings.HasPrefix(list[len(list)-1].State, "terminated")
	})
	o.settled(t)
	if got := refused(t, p[0], id); got != 404 {
		t.Errorf("the conference that is over answers %d", got)
	}
	// The owner gives up while it is calling.
	p[2].SetIncoming(phone.Manual)
	conf = must[*phone.Call](t)(p[0].Call(soon(t), "conference"))
	must[int](t)(conf.Refer(soon(t), "219", nil))
	ring := incoming(t, p[2])
	o.ends(t, conf, ring)
}

// TestRoomRaces: whatever crosses what, no call and no port is left.
func TestRoomRaces(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, func(c *config.Config) {
		grouped("unconditional", 3)(c)
		c.FeatureCodes.Page = "*80"
		c.Conference.Rooms = append(c.Conference.Rooms, config.Room{Number: "701", Members: 5, Pin: config.NewSecret("1")})
	})
	p := o.voices(t, 4, nil)
	both := func(fns ...func()) {
		var wg sync.WaitGroup
		for _, f := range fns {
			wg.Go(f)
		}
		wg.Wait()
	}
	bye := func(c *phone.Call) func() { return func() { _ = c.Hangup(soon(t)) } }
	api := func(method, path, body string) func() {
		return func() {
			req := must[*http.Request](t)(http.NewRequest(method, "http://"+o.api+path, strings.NewReader(body)))
			if res, err := http.DefaultClient.Do(req); err == nil {
				res.Body.Close()
			}
		}
	}
	for name, race := range map[string]func(){
		"kick against BYE": func() {
			a := must[*phone.Call](t)(p[0].Call(soon(t), "700"))
			b := must[*phone.Call](t)(p[1].Call(soon(t), "700"))
			both(bye(b), api("DELETE", "/v1/rooms/700/members/218", ""), api("PATCH", "/v1/rooms/700/members/218", `{"muted":true}`))
			bye(a)()
		},
		"lock against entry": func() {
			a := must[*phone.Call](t)(p[0].Call(soon(t), "700"))
			b := must[*phone.Call](t)(p[1].Dial(soon(t), "700"))
			both(api("PATCH", "/v1/rooms/700", `{"locked":true}`), bye(a))
			bye(b)()
			api("PATCH", "/v1/rooms/700", `{"locked":false}`)()
		},
		"PIN against BYE": func() {
			a := must[*phone.Call](t)(p[0].Call(soon(t), "701"))
			a.Press("1", key) // sent while it is hung up
			bye(a)()
		},
		"the end of the conference against an invitation": func() {
			a := must[*phone.Call](t)(p[0].Call(soon(t), "conference"))
			both(func() { _, _ = a.Refer(soon(t), "218", nil) }, func() { _, _ = a.Refer(soon(t), "219", nil) })
			both(bye(a), func() { _, _ = p[3].Dial(soon(t), "218") })
			for _, c := range p[3].Calls() {
				bye(c)()
			}
		},
		"the end of a page against those it calls": func() {
			a := must[*phone.Call](t)(p[0].Call(soon(t), "*80500"))
			both(bye(a), func() {
				for _, c := range p[1].Calls() {
					bye(c)()
				}
			})
		},
	} {
		for range 8 {
			race()
			o.settled(t)
		}
		t.Log(name)
	}
	if o.room(t, "700").Locked {
		t.Error("the room stays locked")
	}
	if lines := o.log.lines(slog.LevelError); len(lines) > 0 {
		t.Errorf("errors: %v", lines)
	}
}

// TestHoldersMusicStaysOut: what a phone plays to whom it holds is not heard in a room, whoever's tone its station is to bring; who holds
// comes back into the mix.
func TestHoldersMusicStaysOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, func(c *config.Config) { c.Stations[1].ToneSource = "phone" })
	p := o.voices(t, 3, nil)
	var calls []*phone.Call
	for _, m := range p {
		calls = append(calls, must[*phone.Call](t)(m.Call(soon(t), "700")))
	}
	listens(t, calls[0], p[1], p[2])
	for _, holder := range []int{1, 2} {
		for _, style := range []phone.HoldStyle{phone.SendOnly, phone.Inactive, phone.ZeroAddress} {
			other := 3 - holder
			check(t, calls[holder].Hold(soon(t), style))
			if style == phone.SendOnly { // it goes on playing
				sent := calls[holder].Stats().Sent
				eventually(t, "the holder plays", func() bool { return calls[holder].Stats().Sent > sent+20 })
			}
			listens(t, calls[0], p[other])
			listens(t, calls[other], p[0])
			check(t, calls[holder].Resume(soon(t)))
			listens(t, calls[0], p[1], p[2])
		}
	}
	for _, c := range calls {
		hangup(t, c)
	}
	o.settled(t)
}
