package tone

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func (s *Set) all() map[string]Cadence {
	return map[string]Cadence{
		"dial": s.Dial, "ringback": s.Ringback, "busy": s.Busy, "congestion": s.Congestion,
		"call waiting": s.CallWaiting, "confirmation": s.Confirmation, "information": s.Information, "hold": s.Hold,
	}
}

func TestEverySetIsComplete(t *testing.T) {
	codes := Countries()
	if len(codes) < 40 {
		t.Errorf("%d countries, want 40", len(codes))
	}
	if !slices.Contains(codes, DefaultCountry) {
		t.Errorf("no set for the default country %q", DefaultCountry)
	}
	if len(slices.Compact(codes)) != len(countries) {
		t.Error("a country is there twice")
	}
	for _, code := range codes {
		s, err := Lookup(code)
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		for name, c := range s.all() {
			if c.IsZero() {
				t.Errorf("%s: no %s tone", code, name)
			}
			if ends := name == "confirmation"; c.Endless() == ends {
				t.Errorf("%s: %s tone endless: %v", code, name, c.Endless())
			}
		}
		// E.180: busy is slower than or as fast as congestion, never silent for a second or more.
		for _, g := range s.Busy.Segments() {
			if g.Milliseconds > 750 {
				t.Errorf("%s: busy tone with a segment of %d ms", code, g.Milliseconds)
			}
		}
	}
}

func TestUnitedStatesSet(t *testing.T) {
	s, err := Lookup("US")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"dial": "350+440", "ringback": "440+480/2000,0/4000", "busy": "480+620/500,0/500", "congestion": "480+620/250,0/250",
	} {
		if got := s.all()[name].String(); got != want {
			t.Errorf("%s tone %q, want %q", name, got, want)
		}
	}
}

func TestLookupErrorListsTheCountries(t *testing.T) {
	_, err := Lookup("zz")
	if err == nil || !strings.Contains(err.Error(), `"zz"`) || !strings.Contains(err.Error(), " us ") {
		t.Errorf("error %v", err)
	}
	if s, err := Lookup("UK"); err != nil || s.Country != "gb" {
		t.Errorf("UK: %v, %v", s.Country, err)
	}
}

func TestHoldToneIsLikeNoOther(t *testing.T) {
	others := []float64{697, 770, 852, 941, 1209, 1336, 1477, 1633} // DTMF
	for f := 50.0; f < 4000; f += 50 {
		others = append(others, f)
	}
	for n := -48; n < 48; n++ {
		others = append(others, 440*math.Pow(2, float64(n)/12))
	}
	for _, code := range Countries() {
		s, _ := Lookup(code)
		for name, c := range s.all() {
			for _, g := range c.Segments() {
				for _, p := range g.Parts {
					if name != "hold" {
						others = append(others, float64(p.Frequency))
					}
				}
			}
		}
	}
	s, _ := Lookup(DefaultCountry)
	for _, p := range s.Hold.Segments()[0].Parts {
		for _, f := range others {
			if math.Abs(float64(p.Frequency)-f) < 15 {
				t.Errorf("hold tone's %d Hz is near %.1f Hz", p.Frequency, f)
			}
		}
	}
}
