package codecs

import (
	"slices"
	"strings"
	"testing"
)

// What is told is what the sets have.
func TestAbilitiesAreTrue(t *testing.T) {
	for name, l := range map[string]Libraries{"none": {}, "system": libraries()} {
		told := Abilities(l)
		for _, c := range Decoders(l).Codecs() {
			i := slices.IndexFunc(told, func(a Ability) bool { return a.Format.Is(c.Format) })
			if i < 0 {
				t.Errorf("%s: %v is not told of", name, c.Format)
				continue
			}
			a := told[i]
			if a.Encode != (c.NewEncoder != nil) || a.Decode != (c.NewDecoder != nil) || a.SampleRate != c.SampleRate {
				t.Errorf("%s: %+v", name, a)
			}
		}
		for _, a := range told {
			c, ok := Decoders(l).Find(a.Format)
			if ok != a.Decode && c.Kind == Audio {
				t.Errorf("%s: %v is told of", name, a.Format)
			}
			if a.Encode != (a.Encoder != "") || a.Decode != (a.Decoder != "") {
				t.Errorf("%s: %v without saying by what", name, a.Format)
			}
			if whole := a.Encode && a.Decode || c.Kind != Audio; whole != (len(a.Missing) == 0) {
				t.Errorf("%s: %v misses %q", name, a.Format, a.Missing)
			}
		}
	}
	for _, format := range []string{"opus/48000/2", "AMR/8000", "AMR-WB/16000", "GSM/8000"} {
		if !slices.ContainsFunc(Abilities(Libraries{}), func(a Ability) bool {
			return a.Format.String() == format && !a.Encode && strings.Contains(a.Missing[0], "apt-get install lib")
		}) {
			t.Errorf("without libraries it is not said how to get %s", format)
		}
	}
}
