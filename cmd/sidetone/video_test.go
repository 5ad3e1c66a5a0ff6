package main

import (
	"bytes"
	"testing"

	"sidetone/bench/phone"
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
			if !tt.on {
				shown(t, caller, "video", "off")
				shown(t, callee, "video", "off")
				return
			}
			sees(t, caller, callee)
			if a, b := caller.Section("video").Proto, callee.Section("video").Proto; a != tt.protoA || b != tt.b2 {
				t.Errorf("%s and %s", a, b)
			}
			if n := caller.Section("video").Bad + callee.Section("video").Bad; n > 0 {
				t.Errorf("%d packets could not be decrypted", n)
			}
		})
	}
}

// TestVideoHold holds a call with video: nothing flows then, and both see each other afterwards.
func TestVideoHold(t *testing.T) {
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
}

// TestVideoComesAndGoes lets the users of a call switch video on and off.
func TestVideoComesAndGoes(t *testing.T) {
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
}
