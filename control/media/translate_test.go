package media

import (
	"slices"
	"testing"

	"sidetone/codecs"
	"sidetone/control/sdp"
)

func TestTranslate(t *testing.T) {
	m := translate(codecs.Builtin(), []sdp.Codec{pcma, event, noise}, []sdp.Codec{pcmu, as(event, 97)})
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
	there := translate(set, []sdp.Codec{opus, wideEvent}, []sdp.Codec{pcma, event})
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
	back := translate(set, []sdp.Codec{pcma, event}, []sdp.Codec{opus, wideEvent})
	if a := back[101]; a.Drop || a.PayloadType != 110 || a.Clock != back[8].Clock {
		t.Errorf("events back: %+v", a)
	}
	if n := back[101].Transform.Transform(dst, []byte{5, 10, 0xff, 0xff}); n != 4 || dst[2] != 0xff || dst[3] != 0xff {
		t.Errorf("a duration too long for the field became % x", dst[:n])
	}
}
