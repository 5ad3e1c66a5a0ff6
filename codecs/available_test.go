package codecs

import (
	"os"
	"testing"
)

func TestAvailableBeginsWithExtended(t *testing.T) {
	for _, l := range []Libraries{{}, libraries()} {
		available := Available(l).Codecs()
		for i, c := range Extended().Codecs() {
			if !c.Is(available[i].Format) {
				t.Errorf("at %d is %v, not %v", i, available[i].Format, c.Format)
			}
		}
	}
	if n := len(Available(Libraries{}).Codecs()); n != len(Extended().Codecs()) {
		t.Errorf("without libraries there are %d codecs", n)
	}
}

// loaded gives a codec of a library; without the library the test is skipped, unless the peers must be there.
func loaded(t *testing.T, f Format) Codec {
	t.Helper()
	c, ok := everything().Find(f)
	if !ok {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatalf("no library has %v: %v", f, libraries().missing)
		}
		t.Skipf("no library has %v: %v", f, libraries().missing)
	}
	return c
}

func TestOpusIsAsTheOtherSideWants(t *testing.T) {
	c := loaded(t, Format{Name: "opus", ClockRate: 48000, Channels: 2})
	if c.Parameters != "useinbandfec=1" {
		t.Errorf("offered with %q", c.Parameters)
	}
	small, err := c.Negotiate("maxaveragebitrate=8000; maxplaybackrate=8000;cbr=1;usedtx=1")
	if err != nil || small.Parameters != "useinbandfec=1;usedtx=1" {
		t.Fatalf("%q, %v", small.Parameters, err)
	}
	for _, rate := range []int{8000, 16000, 48000} {
		at, ok := small.At(rate)
		if !ok || at.SampleRate != rate || !at.Is(c.Format) {
			t.Fatalf("%d Hz: %v, %d Hz", rate, at.Format, at.SampleRate)
		}
		e, d := at.NewEncoder(), at.NewDecoder()
		packet, out := make([]byte, at.EncodedLen(rate/50)), make([]int16, rate/50)
		for i := range 10 {
			n := e.Encode(packet, frame(at, i))
			if n != 20 { // 8 kbit/s, always
				t.Errorf("%d Hz: %d octets", rate, n)
			}
			if m, err := d.Decode(out, packet[:n]); m != rate/50 || err != nil {
				t.Errorf("%d Hz: %d samples, %v", rate, m, err)
			}
		}
		if n := d.(Concealer).Conceal(out, nil); n != rate/50 {
			t.Errorf("%d Hz: %d samples concealed", rate, n)
		}
	}
	if _, ok := c.At(44100); ok {
		t.Error("44.1 kHz is possible")
	}
}
