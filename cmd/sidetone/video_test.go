package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// withVideo gives a phone video.
func withVideo(c *phone.Config) { c.Sections = []phone.Section{phone.H264} }

// picture makes packet n of a video, of the size that such packets have.
func picture(payloadType byte, n int) []byte {
	return append([]byte{0x80, payloadType, byte(n >> 8), byte(n), 0, 0, 0, 1, 0, 0, 0, 7}, bytes.Repeat([]byte{0x5a}, 1200)...)
}

// passes sends packets of a section from one call to another until one arrives as it is to.
func passes(t *testing.T, media string, from, to *phone.Call, sent, want []byte) {
	t.Helper()
	eventually(t, media+" from "+from.Phone().Tel()+" to "+to.Phone().Tel(), func() bool {
		_ = from.SendSection(media, sent)
		return bytes.Equal(to.Section(media).Last, want)
	})
}

// sees waits until two calls see each other's video.
func sees(t *testing.T, a, b *phone.Call) {
	t.Helper()
	shown(t, a, "video", "sendrecv")
	shown(t, b, "video", "sendrecv")
	n := a.Section("video").Received + b.Section("video").Received
	passes(t, "video", a, b, picture(97, 2*n), picture(97, 2*n))
	passes(t, "video", b, a, picture(97, 2*n+1), picture(97, 2*n+1))
}

// shown waits until a call was told that a section is on, in a direction, or off.
func shown(t *testing.T, c *phone.Call, media, direction string) {
	t.Helper()
	eventually(t, c.Phone().Tel()+" has "+media+" "+direction, func() bool {
		s := c.Section(media)
		return s.On == (direction != "off") && (direction == "off" || s.Direction == direction)
	})
}

// TestVideoCall calls with video: both have it, one has it, with SRTP on either side.
func TestVideoCall(t *testing.T) {
	t.Parallel()
	none, secure := func(*phone.Config) {}, func(c *phone.Config) { withVideo(c); c.SRTP = phone.RequiredSRTP }
	for _, tt := range []struct {
		name       string
		a, b       func(*phone.Config)
		on         bool
		protoA, b2 string
	}{
		{"both have video", withVideo, withVideo, true, "RTP/AVP", "RTP/AVP"},
		{"the called phone has none", withVideo, none, false, "", ""},
		{"the caller has none", none, withVideo, false, "", ""},
		{"one side is SRTP", secure, withVideo, true, "RTP/SAVP", "RTP/AVP"},
		{"the other side is SRTP", withVideo, secure, true, "RTP/AVP", "RTP/SAVP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t, 2, func(c *config.Config) {
				c.Stations[0].SRTP, c.Stations[1].SRTP = "optional", "optional"
			})
			caller, callee := pair(t, o.phone(t, 0, tt.a), o.phone(t, 1, tt.b))
			flows(t, 10, caller, callee)
			defer hangup(t, callee)
			if !tt.on {
				shown(t, caller, "video", "off")
				shown(t, callee, "video", "off")
				return
			}
			sees(t, caller, callee)
			if a, b := caller.Section("video").Proto, callee.Section("video").Proto; a != tt.protoA || b != tt.b2 {
				t.Errorf("%s and %s", a, b)
			}
			rows := o.sections(t)
			for i, proto := range []string{tt.protoA, tt.b2} {
				want := api.Section{Media: "video", Codec: "H264", Protocol: "rtp", Direction: "sendrecv", Path: "relay"}
				if proto == "RTP/SAVP" {
					want.Protocol, want.SRTP = "srtp", "AES_CM_128_HMAC_SHA1_80"
				}
				if len(rows) != 2 || !isSection(rows[i], want) || rows[i].Received.Packets == 0 || rows[i].Sent.Bytes == 0 || !rows[i].Remote.IsValid() {
					t.Fatalf("the API shows %+v, want %+v", rows, want)
				}
			}
			for command, want := range map[string]string{"calls": `(?m) video$`, "show " + o.calls(t)[0].ID: `(?m)video +H264 +s?rtp +sendrecv +relay +127\.0\.0\.1:`} {
				if out := o.ctl(t, strings.Fields(command)...); !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("ctl %s:\n%s", command, out)
				}
			}
			if n := caller.Section("video").Bad + callee.Section("video").Bad; n > 0 {
				t.Errorf("%d packets could not be decrypted", n)
			}
		})
	}
}

// sections are those that the API shows of the only call, in the order of its legs.
func (o *office) sections(t *testing.T) (list []api.Section) {
	t.Helper()
	for _, c := range o.calls(t) {
		for _, l := range c.Legs {
			list = append(list, l.Sections...)
		}
	}
	return list
}

// ctl is what the command prints of the office.
func (o *office) ctl(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := command(t, append([]string{"ctl", "--api", "http://" + o.api}, args...)...)
	if code != 0 {
		t.Errorf("ctl %v: exit %d, %s", args, code, errs)
	}
	return out
}

// isSection reports whether a section is the one that is wanted, whatever its addresses and counters are.
func isSection(s, want api.Section) bool {
	return s.Media == want.Media && s.Codec == want.Codec && s.Protocol == want.Protocol && s.SRTP == want.SRTP && s.Direction == want.Direction && s.Path == want.Path
}

// TestVideoRefusedWithTheCall calls a phone that refuses calls with video: it rings again without.
func TestVideoRefusedWithTheCall(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	p, q := o.phone(t, 0, withVideo), o.phone(t, 1, func(c *phone.Config) { c.Incoming = phone.Manual })
	caller := must[*phone.Call](t)(p.Dial(soon(t), q.Tel()))
	first := must[*phone.Call](t)(q.WaitIncoming(soon(t)))
	if !strings.Contains(first.Offered(), "m=video") {
		t.Errorf("offered\n%s", first.Offered())
	}
	check(t, first.Reject(soon(t), 488))
	again := must[*phone.Call](t)(q.WaitIncoming(soon(t)))
	if strings.Contains(again.Offered(), "m=video") {
		t.Errorf("offered again\n%s", again.Offered())
	}
	check(t, again.Answer(soon(t)))
	check(t, caller.WaitAnswered(soon(t)))
	shown(t, caller, "video", "off")
	flows(t, 10, caller, again)
	hangup(t, caller)
	o.settled(t)
}

// TestVideoHold holds a call with video: nothing flows then, and both see each other afterwards.
func TestVideoHold(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	a, b := pair(t, o.phone(t, 0, withVideo), o.phone(t, 1, withVideo))
	sees(t, a, b)
	for _, holder := range []*phone.Call{a, b} {
		held := map[*phone.Call]*phone.Call{a: b, b: a}[holder]
		if err := holder.Hold(soon(t), phone.SendOnly); err != nil {
			t.Fatal(err)
		}
		shown(t, held, "video", "inactive")
		shown(t, holder, "video", "inactive")
		eventually(t, "the API shows it held", func() bool {
			return !slices.ContainsFunc(o.sections(t), func(s api.Section) bool { return s.Direction != "inactive" })
		})
		n := held.Section("video").Received
		for i := range 10 {
			_ = holder.SendSection("video", picture(97, i))
		}
		flows(t, 10, held) // the tone
		if got := held.Section("video").Received; got != n {
			t.Errorf("%d packets of video to the held phone", got-n)
		}
		if err := holder.Resume(soon(t)); err != nil {
			t.Fatal(err)
		}
		sees(t, a, b)
		flows(t, 10, a, b)
	}
	hangup(t, b)
	o.settled(t)
}

// TestVideoComesAndGoes lets the users of a call switch video on and off.
func TestVideoComesAndGoes(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	a, b := pair(t, o.phone(t, 0, withVideo), o.phone(t, 1, withVideo))
	sees(t, a, b)
	for _, c := range []*phone.Call{a, b} {
		if err := c.Offer(soon(t), "audio"); err != nil {
			t.Fatal(err)
		}
		shown(t, a, "video", "off")
		shown(t, b, "video", "off")
		flows(t, 5, a, b)
		if err := c.Offer(soon(t), "audio", "video"); err != nil {
			t.Fatal(err)
		}
		if !c.Section("video").On {
			t.Errorf("%s was answered before the other phone", c.Phone().Tel())
		}
		sees(t, a, b)
	}
	hangup(t, a)
	o.settled(t)
}

// TestVideoAfterTransfer transfers a party with video to a phone with video and to one without.
func TestVideoAfterTransfer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := []*phone.Phone{o.phone(t, 0, withVideo), o.phone(t, 1, withVideo), o.phone(t, 2, withVideo)}
	for _, attended := range []bool{true, false} {
		first, x := pair(t, p[0], p[1])
		sees(t, first, x)
		var y *phone.Call
		if attended {
			hold(t, first)
			second, other := pair(t, p[0], p[2])
			y = other
			sees(t, second, y)
			hold(t, second)
			if code := must[int](t)(first.Refer(soon(t), p[2].Tel(), second)); code != 202 {
				t.Fatalf("REFER was answered %d", code)
			}
		} else {
			if code := must[int](t)(first.Refer(soon(t), p[2].Tel(), nil)); code != 202 {
				t.Fatalf("REFER was answered %d", code)
			}
			y = must[*phone.Call](t)(p[2].WaitIncoming(soon(t)))
		}
		transferred(t, first, 200)
		hangup(t, first)
		sees(t, x, y)
		o.ends(t, y, x)
	}
}

func TestVideoToAPhoneWithoutAndBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := []*phone.Phone{o.phone(t, 0, withVideo), o.phone(t, 1, withVideo), o.phone(t, 2, nil), o.phone(t, 3, withVideo)}
	first, x := pair(t, p[0], p[1])
	sees(t, first, x)
	for i, to := range []*phone.Phone{p[2], p[3]} {
		if code := must[int](t)(first.Refer(soon(t), to.Tel(), nil)); code != 202 {
			t.Fatalf("REFER was answered %d", code)
		}
		y := must[*phone.Call](t)(to.WaitIncoming(soon(t)))
		transferred(t, first, 200)
		hangup(t, first)
		flows(t, 10, x, y)
		if i == 0 {
			shown(t, x, "video", "off")
			shown(t, y, "video", "off")
		} else {
			sees(t, x, y)
		}
		first = y
	}
	hangup(t, x)
	o.settled(t)
}

// TestVideoStaysOutOfRooms takes two phones with video into a room, to park and to voice mail, where there is none, and brings them back.
func TestVideoStaysOutOfRooms(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := []*phone.Phone{o.phone(t, 0, withVideo), o.phone(t, 1, withVideo), o.phone(t, 2, withVideo)}
	for _, number := range []string{"700", "*97"} {
		c, err := p[0].Call(soon(t), number)
		if err != nil {
			t.Fatal(err)
		}
		shown(t, c, "video", "off")
		hangup(t, c)
	}
	a, x := pair(t, p[0], p[1])
	sees(t, a, x)
	hold(t, a)
	if err := p[0].Feature(soon(t), "11"); err != nil {
		t.Fatal(err)
	}
	ended(t, a)
	shown(t, x, "video", "off")
	flows(t, 5, x)
	back, err := p[2].Call(soon(t), "12217")
	if err != nil {
		t.Fatal(err)
	}
	flows(t, 5, x, back)
	sees(t, x, back)
	hold(t, back)
	if err := p[2].Feature(soon(t), "46"); err != nil {
		t.Fatal(err)
	}
	shown(t, x, "video", "off")
	hangup(t, x)
	o.settled(t)
}

// TestVideoOverATrunk calls from one office into another with video, which is held and comes back, and a phone that has none.
func TestVideoOverATrunk(t *testing.T) {
	t.Parallel()
	a, b := twins(t, nil)
	here := a.phone(t, 0, withVideo)
	there := []*phone.Phone{b.phone(t, 0, withVideo), b.phone(t, 1, nil)}
	c := must[*phone.Call](t)(here.Call(soon(t), "9217"))
	d := incoming(t, there[0])
	sees(t, c, d)
	for _, holder := range []*phone.Call{c, d} {
		hold(t, holder)
		shown(t, c, "video", "inactive")
		shown(t, d, "video", "inactive")
		check(t, holder.Resume(soon(t)))
		sees(t, c, d)
		flows(t, 5, c, d)
	}
	hangup(t, d)
	ended(t, c)
	c = must[*phone.Call](t)(here.Call(soon(t), "9218"))
	flows(t, 5, c, incoming(t, there[1]))
	shown(t, c, "video", "off")
	hangup(t, c)
	a.quiet(t)
	b.quiet(t)
}

// TestVideoPickedUp picks up a call with video by a phone that has it, and by one that has not.
func TestVideoPickedUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := []*phone.Phone{o.phone(t, 0, withVideo), o.phone(t, 1, func(c *phone.Config) { withVideo(c); c.Incoming = phone.Manual }),
		o.phone(t, 2, withVideo), o.phone(t, 3, nil)}
	for i, code := range []string{"65218", "661", "65218"} {
		by := p[2]
		if i == 2 {
			by = p[3]
		}
		call := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
		ring := incoming(t, p[1])
		taken := must[*phone.Call](t)(by.Call(soon(t), code))
		ended(t, ring)
		check(t, call.WaitAnswered(soon(t)))
		if flows(t, 5, call, taken); i < 2 {
			sees(t, call, taken)
		} else {
			shown(t, call, "video", "off")
		}
		o.ends(t, taken, call)
	}
}

// TestVideoParked parks a call with video, which has none meanwhile, and retrieves it: by a phone with video, and by one without.
func TestVideoParked(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := []*phone.Phone{o.phone(t, 0, withVideo), o.phone(t, 1, withVideo), o.phone(t, 2, withVideo), o.phone(t, 3, nil)}
	for _, by := range p[2:] {
		a, x := pair(t, p[0], p[1])
		sees(t, a, x)
		hold(t, a)
		check(t, p[0].Feature(soon(t), "11"))
		ended(t, a)
		shown(t, x, "video", "off")
		flows(t, 5, x) // the music
		back := must[*phone.Call](t)(by.Call(soon(t), "12217"))
		if flows(t, 5, x, back); by == p[2] {
			sees(t, x, back)
			hold(t, back)
			shown(t, x, "video", "inactive")
			check(t, back.Resume(soon(t)))
			sees(t, x, back)
		} else {
			shown(t, x, "video", "off")
		}
		o.ends(t, x, back)
	}
}

// withFax makes a phone a fax machine.
func withFax(oneLine bool) func(*phone.Config) {
	return func(c *phone.Config) { c.Sections, c.OneLine = []phone.Section{phone.T38}, oneLine }
}

// TestFax turns calls into faxes and back, by either side, in a line of its own or in that of the voice; and tries it with a phone that
// knows no fax.
func TestFax(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := []*phone.Phone{o.phone(t, 0, withFax(false)), o.phone(t, 1, withFax(true)), o.phone(t, 2, nil)}
	for _, way := range [][2]*phone.Phone{{p[0], p[1]}, {p[1], p[0]}} {
		a, b := pair(t, way[0], way[1])
		for round, c := range []*phone.Call{a, b} {
			if err := c.Offer(soon(t), "image"); err != nil {
				t.Fatal(err)
			}
			for _, c := range []*phone.Call{a, b} {
				if s := c.Section("image"); !s.On || !strings.Contains(s.Text, "T38FaxUdpEC:t38UDPRedundancy") {
					t.Fatalf("%s: %+v", c.Phone().Tel(), s)
				}
			}
			fax := api.Section{Media: "image", Codec: "t38", Protocol: "udptl", Direction: "sendrecv", Path: "relay"}
			eventually(t, "the API shows the fax", func() bool {
				rows := o.sections(t)
				return len(rows) == 2 && isSection(rows[0], fax) && isSection(rows[1], fax)
			})
			for n := range byte(20) {
				ab, ba := []byte{byte(round), n, 6, 1, 2}, []byte{0x80, n, 200, 7}
				passes(t, "image", a, b, ab, ab)
				passes(t, "image", b, a, ba, ba)
			}
			if err := c.Offer(soon(t), "audio"); err != nil {
				t.Fatal(err)
			}
			shown(t, a, "image", "off")
			shown(t, b, "image", "off")
			flows(t, 10, a, b)
		}
		o.ends(t, a, b)
	}
	for _, from := range p[:2] {
		a, b := pair(t, from, p[2])
		var refused *phone.Failure
		if err := a.Offer(soon(t), "image"); !errors.As(err, &refused) || refused.Code != 488 {
			t.Errorf("a fax to a phone without: %v", err)
		}
		flows(t, 10, a, b)
		hangup(t, b)
		ended(t, a)
	}
	o.settled(t)
}

// TestVideoDirect lets phones send their video to each other, and back through us while one holds.
func TestVideoDirect(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, func(c *config.Config) { c.Media.Path = "auto" })
	a, b := pair(t, o.phone(t, 0, withVideo), o.phone(t, 1, withVideo))
	direct := func() bool {
		return a.Section("video").Port == b.SectionPort("video") && b.Section("video").Port == a.SectionPort("video")
	}
	eventually(t, "video from phone to phone", direct)
	sees(t, a, b)
	eventually(t, "the API shows it direct", func() bool {
		rows := o.sections(t)
		return len(rows) == 2 && rows[0].Path == "direct" && rows[1].Path == "direct"
	})
	hold(t, a)
	eventually(t, "through us", func() bool { return !direct() })
	if err := a.Resume(soon(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "video from phone to phone again", direct)
	sees(t, a, b)
	hangup(t, a)
	o.settled(t)
}

// TestBaresipsSeeEachOther lets two real phones with a camera call each other, and one call a phone that has none.
func TestBaresipsSeeEachOther(t *testing.T) {
	t.Parallel()
	peer.Need(t, "baresip")
	o := newOffice(t, 3, nil)
	var p []*peer.Baresip
	for i := range 3 {
		b, err := peer.StartBaresip(soon(t), peer.BaresipConfig{
			Server: o.udp, Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("secret-%d", 217+i),
			Tone: audio.Voices()[i], Video: i < 2, Dir: t.TempDir(),
		})
		check(t, err)
		t.Cleanup(func() { b.Close() })
		check(t, b.WaitRegistered(soon(t)))
		p = append(p, b)
	}
	shows := func(b *peer.Baresip) {
		t.Helper()
		before := must[int](t)(b.Frames(soon(t)))
		eventually(t, b.Tel()+" shows pictures", func() bool { return must[int](t)(b.Frames(soon(t))) >= before+5 })
	}
	check(t, p[0].Call(soon(t), p[1].Tel()))
	shows(p[0])
	shows(p[1])
	check(t, p[0].Hold(soon(t)))
	check(t, p[0].Resume(soon(t)))
	shows(p[0])
	shows(p[1])
	check(t, p[0].Hangup(soon(t)))
	check(t, p[1].Call(soon(t), p[2].Tel()))
	phones{p[1], p[2]}.hears(t, p[1], p[2])
	check(t, p[1].Hangup(soon(t)))
	o.settled(t)
}
