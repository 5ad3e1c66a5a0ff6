package media

import (
	"os"
	"slices"
	"testing"
	"time"

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

func wideEngine() *Engine { return New(Config{Set: codecs.Extended().With(opusLike)}) }

// opusLike is a codec with the clock and name of Opus that needs no library: linear audio.
var opusLike = func() codecs.Codec {
	c, _ := codecs.Builtin().Lookup("L16", 16000)
	c.Format, c.SampleRate, c.Parameters = codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2}, 16000, "useinbandfec=1"
	c.Duration = func(p []byte) int { return len(p) / 2 * 3 }
	return c
}()

func TestWhatIsOffered(t *testing.T) {
	e := wideEngine()
	var text []string
	for _, c := range e.Everything() {
		text = append(text, c.String())
	}
	want := []string{"8 PCMA/8000", "0 PCMU/8000", "9 G722/8000", "107 opus/48000/2", "96 G726-32/8000",
		"101 telephone-event/8000", "102 telephone-event/48000"}
	if !slices.Equal(text, want) {
		t.Errorf("everything is %q, want %q", text, want)
	}
	// Nothing of the first phone's is moved, nothing is given a payload type twice, events go with their clocks.
	g726 := sdp.Codec{PayloadType: 101, Name: "G726-32", ClockRate: 8000, Channels: 1}
	offered := []sdp.Codec{pcma, as(opus, 96), g726, as(event, 107)}
	text = nil
	for _, c := range e.Extended(offered) {
		text = append(text, c.String())
	}
	want = []string{"8 PCMA/8000", "96 opus/48000/2", "101 G726-32/8000", "107 telephone-event/8000", "0 PCMU/8000", "9 G722/8000",
		"102 telephone-event/48000"}
	if !slices.Equal(text, want) {
		t.Errorf("extended is %q, want %q", text, want)
	}
	if got := e.Extended([]sdp.Codec{pcma}); slices.ContainsFunc(got, sdp.Codec.IsEvent) {
		t.Errorf("events for a phone that has none: %v", got)
	}
	full := make([]sdp.Codec, 0, 40)
	for pt := range uint8(32) {
		full = append(full, sdp.Codec{PayloadType: 96 + pt, Name: "x", ClockRate: 1000 + int(pt), Channels: 1})
	}
	for _, c := range e.Extended(append(full, pcma))[33:] {
		if c.PayloadType >= 96 {
			t.Errorf("no payload type is free, and yet: %v", c)
		}
	}
}

func TestBridgedAcrossClocks(t *testing.T) {
	e := wideEngine()
	wide := sdp.Codec{PayloadType: 110, Name: "telephone-event", ClockRate: 48000, Channels: 1, Fmtp: "0-15"}
	if got := e.Bridged([]sdp.Codec{opus, event, wide}, []sdp.Codec{pcma, event}); !slices.Equal(got, []sdp.Codec{opus, wide}) {
		t.Errorf("told %v, want opus and its events", got)
	}
}

func TestPacketTime(t *testing.T) {
	for _, tc := range []struct {
		codec sdp.Codec
		lines string
		want  int
	}{
		{pcma, "", 20}, {pcma, "a=ptime:30\r\n", 30}, {pcma, "a=ptime:10\r\n", 10}, {pcma, "a=ptime:5\r\n", 10},
		{pcma, "a=ptime:200\r\n", 60}, {pcma, "a=ptime:35\r\n", 30}, {pcma, "a=maxptime:10\r\n", 10}, {pcma, "a=ptime:60\r\na=maxptime:40\r\n", 40},
		{opus, "a=ptime:30\r\n", 20}, {opus, "a=ptime:50\r\n", 40}, {opus, "a=ptime:60\r\n", 60},
	} {
		s, err := sdp.Parse([]byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n" + tc.lines))
		if err != nil {
			t.Fatal(err)
		}
		if got := wideEngine().packetTime(tc.codec, s.Audio()); got != time.Duration(tc.want)*time.Millisecond {
			t.Errorf("%s with %q: %v, want %d ms", tc.codec.Name, tc.lines, got, tc.want)
		}
	}
}

// What is sent follows the parameters of who receives it, and what we say in return are our own.
func TestParametersOfBothSides(t *testing.T) {
	e := New(Config{Set: codecs.Available(codecs.FindLibraries())})
	for _, tc := range []struct {
		offered  sdp.Codec
		answered string
		ptime    string
		want     int // ms
	}{
		{sdp.Codec{PayloadType: 107, Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "maxplaybackrate=16000;useinbandfec=1;stereo=0"}, "useinbandfec=1", "a=ptime:40\r\n", 40},
		{sdp.Codec{PayloadType: 97, Name: "AMR", ClockRate: 8000, Channels: 1, Fmtp: "octet-align=1;mode-set=0,2"}, "octet-align=1;mode-set=0,2", "a=ptime:30\r\n", 20},
		{sdp.Codec{PayloadType: 3, Name: "GSM", ClockRate: 8000, Channels: 1}, "", "a=ptime:10\r\n", 20},
	} {
		t.Run(tc.offered.Name, func(t *testing.T) {
			if !decodes(e.cfg.Set, tc.offered) {
				if os.Getenv("SIDETONE_PEERS") == "required" {
					t.Fatal("no library has it")
				}
				t.Skip("no library has it")
			}
			got := e.Mixable([]sdp.Codec{tc.offered})
			if len(got) != 1 || got[0].Fmtp != tc.answered {
				t.Errorf("answered %v, want parameters %q", got, tc.answered)
			}
			s, err := sdp.Parse([]byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n" + tc.ptime))
			if err != nil {
				t.Fatal(err)
			}
			if got := e.packetTime(tc.offered, s.Audio()); got != time.Duration(tc.want)*time.Millisecond {
				t.Errorf("packets of %v, want %d ms", got, tc.want)
			}
		})
	}
	refused := sdp.Codec{PayloadType: 97, Name: "AMR", ClockRate: 8000, Channels: 1, Fmtp: "octet-align=1;interleaving=30"}
	if got := e.Mixable([]sdp.Codec{refused}); got != nil {
		t.Errorf("answered %v to what cannot be decoded", got)
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

func TestExtendedReportsAreAskedForInTheDescription(t *testing.T) {
	head, section := "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n", "m=audio 4000 RTP/AVP 0\r\n"
	type asked struct{ roundTrips, metrics bool }
	for body, want := range map[string]asked{
		head + section: {},
		head + section + "a=rtcp-xr:voip-metrics\r\n":                             {false, true},
		head + section + "a=rtcp-xr:VoIP-Metrics rcvr-rtt=all:10\r\n":             {true, true},
		head + section + "a=rtcp-xr:rcvr-rtt\r\n":                                 {true, false},
		head + section + "a=rtcp-xr:stat-summary=loss,dup voip-metricsx\r\n":      {},
		head + "a=rtcp-xr:rcvr-rtt=sender\r\n" + section:                          {true, false},
		head + "a=rtcp-xr:rcvr-rtt voip-metrics\r\n" + section + "a=rtcp-xr:\r\n": {},
	} {
		s, err := sdp.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var got asked
		if got.roundTrips, got.metrics = extendedReports(s, s.Audio()); got != want {
			t.Errorf("%+v for\n%s", got, body)
		}
	}
}
