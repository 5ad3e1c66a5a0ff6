package media

import (
	"slices"
	"testing"

	"sidetone/codecs"
	"sidetone/control/sdp"
)

var (
	pcmu  = sdp.Codec{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1}
	pcma  = sdp.Codec{PayloadType: 8, Name: "PCMA", ClockRate: 8000, Channels: 1}
	g729  = sdp.Codec{PayloadType: 18, Name: "G729", ClockRate: 8000, Channels: 1, Fmtp: "annexb=no"}
	opus  = sdp.Codec{PayloadType: 111, Name: "opus", ClockRate: 48000, Channels: 2}
	event = sdp.Codec{PayloadType: 101, Name: "telephone-event", ClockRate: 8000, Channels: 1, Fmtp: "0-16"}
	noise = sdp.Codec{PayloadType: 13, Name: "CN", ClockRate: 8000, Channels: 1}
)

func testEngine() *Engine { return New(Config{Set: codecs.Builtin()}) }

func as(c sdp.Codec, pt uint8) sdp.Codec { c.PayloadType = pt; return c }

func names(list []sdp.Codec) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Name)
	}
	return out
}

func TestExtended(t *testing.T) {
	for _, tc := range []struct {
		name    string
		offered []sdp.Codec
		want    []string
	}{
		{"a phone with one law is extended by the other", []sdp.Codec{pcma, event}, []string{"PCMA", "telephone-event", "PCMU"}},
		{"a phone with both is offered as it is", []sdp.Codec{pcmu, pcma}, []string{"PCMU", "PCMA"}},
		{"a codec we cannot decode is passed on alone", []sdp.Codec{g729, event}, []string{"G729", "telephone-event"}},
		{"a payload type in use is not given to another codec", []sdp.Codec{pcma, as(opus, 0)}, []string{"PCMA", "opus"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := names(testEngine().Extended(tc.offered)); !slices.Equal(got, tc.want) {
				t.Fatalf("offered %v, want %v", got, tc.want)
			}
		})
	}
}

func TestBridged(t *testing.T) {
	for _, tc := range []struct {
		name           string
		offered, other []sdp.Codec
		want           []sdp.Codec
	}{
		{"common codecs in the answerer's order", []sdp.Codec{pcmu, pcma, event}, []sdp.Codec{pcma, pcmu, event}, []sdp.Codec{pcma, pcmu, event}},
		{"no common codec is transcoded", []sdp.Codec{pcma, event}, []sdp.Codec{pcmu, event}, []sdp.Codec{pcma, event}},
		{"the offerer's payload type is kept", []sdp.Codec{as(opus, 96)}, []sdp.Codec{opus}, []sdp.Codec{as(opus, 96)}},
		{"parameters are those of who receives", []sdp.Codec{as(opus, 96)},
			[]sdp.Codec{{PayloadType: 111, Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1"}},
			[]sdp.Codec{{PayloadType: 96, Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1"}}},
		{"events only where both have them", []sdp.Codec{pcmu, event, noise}, []sdp.Codec{pcmu}, []sdp.Codec{pcmu}},
		{"what cannot be brought together is empty", []sdp.Codec{g729}, []sdp.Codec{pcmu}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := testEngine().Bridged(tc.offered, tc.other); !slices.Equal(got, tc.want) {
				t.Fatalf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestMixable(t *testing.T) {
	if got := names(testEngine().Mixable([]sdp.Codec{g729, pcma, event, noise, opus})); !slices.Equal(got, []string{"PCMA", "telephone-event", "CN"}) {
		t.Fatalf("got %v", got)
	}
	if got := testEngine().Mixable([]sdp.Codec{g729, event}); got != nil {
		t.Fatalf("events alone are no audio: %v", got)
	}
}

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
