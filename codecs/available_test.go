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
			t.Fatalf("no library has %v: %+v", f, libraries())
		}
		t.Skipf("no library has %v: %+v", f, libraries())
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

func TestAMRAndGSMAreThereWithTheirLibraries(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		rate                 int
		asked, answered      string
		packet, octetAligned int // octets of 40 ms
	}{
		{"AMR", 8000, "mode-set=0,2,4,7;octet-align=1", "octet-align=1;mode-set=0,2,4,7", 63, 65},
		{"AMR-WB", 16000, "octet-align=1;mode-set=0,1,8", "octet-align=1;mode-set=0,1,8", 122, 123},
	} {
		c := loaded(t, Format{Name: tt.name, ClockRate: tt.rate})
		aligned, err := c.Negotiate(tt.asked)
		if err != nil || aligned.Parameters != tt.answered || c.Parameters != "" {
			t.Errorf("%s: %q, %q, %v", tt.name, c.Parameters, aligned.Parameters, err)
		}
		if _, err := c.Negotiate("interleaving=30"); err == nil {
			t.Errorf("%s: interleaving is possible", tt.name)
		}
		packet := make([]byte, c.EncodedLen(tt.rate/25))
		two := append(frame(c, 0), frame(c, 1)...)
		if n := c.NewEncoder().Encode(packet, two); n != tt.packet {
			t.Errorf("%s: %d octets", tt.name, n)
		}
		if n := aligned.NewEncoder().Encode(packet, two); n != tt.octetAligned {
			t.Errorf("%s: %d octets, octet-aligned", tt.name, n)
		}
	}
	if c := loaded(t, Format{Name: "GSM", ClockRate: 8000}); c.PayloadType != 3 {
		t.Errorf("GSM has payload type %d", c.PayloadType)
	}
}
