package phone

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// TestPhonesHaveSections lets a phone with video call one with video and one without, and two turn their call into a fax and back.
func TestPhonesHaveSections(t *testing.T) {
	packet := []byte{0x80, 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 'v'}
	t.Run("video", func(t *testing.T) {
		for _, srtp := range []SRTP{NoSRTP, RequiredSRTP} {
			a := start(t, Config{Tel: "a", Sections: []Section{H264}, SRTP: srtp})
			b := start(t, Config{Tel: "b", Sections: []Section{H264}, SRTP: srtp, Incoming: Auto})
			caller, callee := pair(t, a, b)
			if s := callee.Section("video"); !s.On || s.Direction != "sendrecv" {
				t.Fatalf("%+v", s)
			}
			if err := caller.SendSection("video", packet); err != nil {
				t.Fatal(err)
			}
			until(t, "a packet of video", func() bool { return bytes.Equal(callee.Section("video").Last, packet) })
		}
	})
	t.Run("one has none", func(t *testing.T) {
		caller, _ := pair(t, start(t, Config{Tel: "a", Sections: []Section{H264}}), start(t, Config{Tel: "b", Incoming: Auto}))
		if s := caller.Section("video"); s.On || s.Port != 0 {
			t.Errorf("%+v", s)
		}
	})
	for name, oneLine := range map[string]bool{"fax in a line of its own": false, "fax in the line of the voice": true} {
		t.Run(name, func(t *testing.T) {
			a := start(t, Config{Tel: "a", Sections: []Section{T38}, OneLine: oneLine})
			b := start(t, Config{Tel: "b", Sections: []Section{T38}, Incoming: Auto})
			caller, callee := pair(t, a, b)
			if callee.Section("image").On {
				t.Fatal("fax from the beginning")
			}
			if err := caller.Offer(within(t, 10*time.Second), "image"); err != nil {
				t.Fatal(err)
			}
			if lines := len(lines(t, callee)); !callee.Section("image").On || oneLine != (lines == 1) {
				t.Fatalf("%d lines, %+v", lines, callee.Section("image"))
			}
			if err := callee.SendSection("image", []byte{0, 1, 2}); err != nil {
				t.Fatal(err)
			}
			until(t, "a packet of fax", func() bool { return caller.Section("image").Received == 1 })
			sent := caller.Stats().Sent
			if err := caller.Offer(within(t, 10*time.Second), "audio"); err != nil {
				t.Fatal(err)
			}
			until(t, "voice again", func() bool { return caller.Stats().Sent > sent })
			if caller.Section("image").On || callee.Section("image").On || !slices.Contains(lines(t, callee), "audio") {
				t.Errorf("still a fax: %v", lines(t, callee))
			}
		})
	}
}

// lines are the media of the lines that a call's other side has described last.
func lines(t *testing.T, c *Call) (media []string) {
	t.Helper()
	must(t, c.phone.do(within(t, 10*time.Second), func(finish func(error)) {
		for _, m := range c.theirs {
			media = append(media, m.media)
		}
		finish(nil)
	}))
	return media
}

// until waits for something to become true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}
