package media

import (
	"slices"
	"testing"

	"sidetone/codecs"
	"sidetone/control/sdp"
)

func TestTranslate(t *testing.T) {
	m := translate(codecs.Builtin(), []sdp.Codec{pcma, event, noise}, []sdp.Codec{pcmu, as(event, 97)}, nil, nil)
	if a := m[8]; a.Drop || a.PayloadType != 0 || a.Transform == nil {
		t.Fatalf("PCMA: %+v, want transcoded to 0", a)
	}
	if a := m[101]; a.Drop || a.PayloadType != 97 || a.Transform != nil {
		t.Fatalf("telephone-event: %+v, want relayed as 97", a)
	}
	for _, pt := range []int{0, 13, 96} {
		if !m[pt].Drop {
			t.Fatalf("payload type %d was never agreed and is not dropped", pt)
		}
	}
	dst := make([]byte, 160)
	n := m[8].Transform.Transform(dst, slices.Repeat([]byte{0xd5}, 160)) // A-law's softest step up
	if n != 160 || dst[0] != 0xfe {                                      // and mu-law's, both 8 of 32768
		t.Fatalf("A-law 0xd5 became %d octets of %#x", n, dst[0])
	}
}

func TestTranslateAcrossClocks(t *testing.T) {
	set := codecs.Extended().With(opusLike)
	wideEvent := sdp.Codec{PayloadType: 110, Name: "telephone-event", ClockRate: 48000, Channels: 1}
	there := translate(set, []sdp.Codec{opus, wideEvent}, []sdp.Codec{pcma, event}, nil, nil)
	voice, key := there[111], there[110]
	if voice.Drop || voice.PayloadType != 8 || voice.Transform == nil || voice.Clock == nil {
		t.Fatalf("voice: %+v", voice)
	}
	if key.Drop || key.PayloadType != 101 || key.Clock != voice.Clock {
		t.Fatalf("events: %+v, want on the clock of the voice", key)
	}
	start := voice.Clock.Scale(5000)
	if got := voice.Clock.Scale(5960) - start; got != 160 {
		t.Errorf("20 ms later is %d later", got)
	}
	dst := make([]byte, 1400)
	if n := voice.Transform.Transform(dst, make([]byte, 640)); n != 160 {
		t.Errorf("20 ms become %d octets", n)
	}
	if n := key.Transform.Transform(dst, []byte{5, 10, 0x0f, 0x00}); n != 4 || !slices.Equal(dst[:4], []byte{5, 10, 0x02, 0x80}) {
		t.Errorf("an event of 80 ms became % x", dst[:n])
	}
	back := translate(set, []sdp.Codec{pcma, event}, []sdp.Codec{opus, wideEvent}, nil, nil)
	if a := back[101]; a.Drop || a.PayloadType != 110 || a.Clock != back[8].Clock {
		t.Errorf("events back: %+v", a)
	}
	if n := back[101].Transform.Transform(dst, []byte{5, 10, 0xff, 0xff}); n != 4 || dst[2] != 0xff || dst[3] != 0xff {
		t.Errorf("a duration too long for the field became % x", dst[:n])
	}
}

// Two phones with AMR in two packings, one with AMR in both, and no library: what they share is relayed, the rest repacked.
func TestAMRInTwoPackings(t *testing.T) {
	efficient := sdp.Codec{PayloadType: 97, Name: "AMR", ClockRate: 8000, Channels: 1, Fmtp: "mode-set=0,7"}
	aligned := sdp.Codec{PayloadType: 96, Name: "AMR", ClockRate: 8000, Channels: 1, Fmtp: "octet-align=1"}
	e := New(Config{Set: codecs.Builtin()})
	offered := e.Extended([]sdp.Codec{aligned})
	if len(offered) != 2 || offered[0] != aligned || offered[1].Fmtp != "" || offered[1].PayloadType == 96 {
		t.Fatalf("the other phone is offered %+v", offered)
	}
	if list := e.Bridged([]sdp.Codec{aligned}, []sdp.Codec{efficient}); len(list) != 1 || list[0] != aligned {
		t.Errorf("told of %+v", list)
	}
	both := []sdp.Codec{efficient, aligned}
	if list := e.Bridged(both, []sdp.Codec{aligned}); len(list) != 1 || list[0].PayloadType != 96 {
		t.Errorf("of both packings %+v", list)
	}
	m := translate(e.cfg.Set, []sdp.Codec{aligned}, []sdp.Codec{efficient}, nil, nil)
	if a := m[96]; a.Drop || a.PayloadType != 97 || a.Transform == nil || a.Clock != nil {
		t.Fatalf("%+v", a)
	}
	// 7.4 kbit/s, CMR 7: four bits, six of the table of contents, 148 of speech.
	in, out := append([]byte{0x70, 0x24}, slices.Repeat([]byte{0xFF}, 19)...), make([]byte, 100)
	n := m[96].Transform.Transform(out, in)
	if n != 20 || out[0] != 0x72 || out[1] != 0x7F || out[18] != 0xFF {
		t.Errorf("%d octets: % x", n, out[:n])
	}
	m = translate(e.cfg.Set, both, []sdp.Codec{aligned}, nil, nil)
	if a := m[96]; a.Transform != nil || a.PayloadType != 96 {
		t.Errorf("aligned to aligned: %+v", a)
	}
	if a := m[97]; a.Transform == nil || a.PayloadType != 96 {
		t.Errorf("efficient to aligned: %+v", a)
	}
}
