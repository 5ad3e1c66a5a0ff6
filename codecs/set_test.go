package codecs

import (
	"testing"

	"sidetone/codecs/g711"
)

func TestLookup(t *testing.T) {
	set := Builtin()
	tests := []struct {
		name  string
		rate  int
		found bool
		pt    uint8
	}{
		{"PCMU", 8000, true, 0}, {"pcma", 8000, true, 8}, {"CN", 8000, true, 13},
		{"Telephone-Event", 8000, true, Dynamic}, {"L16", 16000, true, Dynamic},
		{"PCMU", 16000, false, 0}, {"G729", 8000, false, 0}, {"", 0, false, 0},
	}
	for _, tt := range tests {
		c, ok := set.Lookup(tt.name, tt.rate)
		if ok != tt.found || ok && c.PayloadType != tt.pt {
			t.Errorf("%s/%d: %v, payload type %d", tt.name, tt.rate, ok, c.PayloadType)
		}
	}
	if _, ok := set.Find(Format{Name: "PCMU", ClockRate: 8000, Channels: 2}); ok {
		t.Error("found two channels")
	}
	if c, ok := set.Static(8); !ok || c.Name != "PCMA" {
		t.Errorf("static 8 is %v", c.Format)
	}
	if _, ok := set.Static(Dynamic); ok {
		t.Error("Dynamic is not a static payload type")
	}
}

func TestSetIsAValue(t *testing.T) {
	small := Set{}
	one := small.With(Codec{Format: Format{Name: "X", ClockRate: 1}})
	two := one.With(Codec{Format: Format{Name: "Y", ClockRate: 1}})
	other := one.With(Codec{Format: Format{Name: "x", ClockRate: 1}, PayloadType: 7})
	if len(small.Codecs()) != 0 || len(one.Codecs()) != 1 || len(two.Codecs()) != 2 || len(other.Codecs()) != 1 {
		t.Errorf("%v %v %v %v", small, one, two, other)
	}
	if c, _ := one.Lookup("X", 1); c.PayloadType != 0 {
		t.Error("replacing in a copy changed the original")
	}
	one.Codecs()[0].PayloadType = 9
	if c, _ := one.Lookup("X", 1); c.PayloadType != 0 {
		t.Error("the caller's slice is the set's")
	}
}

func TestFormatSaysItsName(t *testing.T) {
	for f, want := range map[Format]string{
		{Name: "PCMU", ClockRate: 8000}:                "PCMU/8000",
		{Name: "PCMU", ClockRate: 8000, Channels: 1}:   "PCMU/8000",
		{Name: "opus", ClockRate: 48000, Channels: 2}:  "opus/48000/2",
		{Name: "L16", ClockRate: 44100, Channels: 200}: "L16/44100/200",
	} {
		if got := f.String(); got != want {
			t.Errorf("%#v: %s", f, got)
		}
	}
}

func TestTranscoder(t *testing.T) {
	set := Builtin()
	format := func(name string, rate int) Format { return Format{Name: name, ClockRate: rate} }
	mu, a, l16 := format("PCMU", 8000), format("PCMA", 8000), format("L16", 8000)
	pairs := []struct {
		from, to Format
		possible bool
	}{
		{mu, a, true}, {a, mu, true}, {mu, mu, true}, {mu, l16, true}, {l16, a, true},
		{mu, format("G729", 8000), false}, {format("G729", 8000), mu, false},
		{mu, format("telephone-event", 8000), false}, {format("CN", 8000), format("CN", 8000), false},
	}
	for _, p := range pairs {
		tr, ok := set.Transcoder(p.from, p.to)
		if ok != p.possible {
			t.Errorf("%v to %v: %v", p.from, p.to, ok)
			continue
		}
		if !ok {
			continue
		}
		// It gives what decoding and encoding give.
		from, _ := set.Find(p.from)
		to, _ := set.Find(p.to)
		in := make([]byte, 320)
		in = in[:from.NewEncoder().Encode(in, frame(from, 3))]
		pcm, want, got := make([]int16, 160), make([]byte, 320), make([]byte, 320)
		n, _ := from.NewDecoder().Decode(pcm, in)
		want = want[:to.NewEncoder().Encode(want, pcm[:n])]
		got = got[:tr.Transform(got, in)]
		if string(got) != string(want) {
			t.Errorf("%v to %v: differs from decoding and encoding", p.from, p.to)
		}
	}
	if tr, _ := set.Transcoder(a, mu); tr != (g711.AToMu{}) {
		t.Errorf("A to mu does not go by table: %T", tr)
	}
}

func TestTransformNoAllocs(t *testing.T) {
	for _, to := range []string{"PCMA", "L16", "PCMU"} {
		tr, ok := Builtin().Transcoder(Format{Name: "PCMU", ClockRate: 8000}, Format{Name: to, ClockRate: 8000})
		if !ok {
			t.Fatal(to)
		}
		dst, payload := make([]byte, 400), make([]byte, 160)
		if n := testing.AllocsPerRun(100, func() { tr.Transform(dst, payload) }); n != 0 {
			t.Errorf("%s: %v allocations", to, n)
		}
		for range 3 { // far too long: bounded, not a panic
			tr.Transform(dst, make([]byte, 65535))
		}
	}
}
