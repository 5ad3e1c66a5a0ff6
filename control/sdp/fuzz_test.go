package sdp

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: whatever is sent, Parse ends; what it takes is written back byte for byte, every accessor
// holds, and an answer has the offer's sections and can be read.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.sdp")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add(Describe(local()))
	f.Add([]byte("v=0\r\n" + strings.Repeat("m=audio 4000 RTP/AVP 0 8\r\na=sendonly\r\n", 5)))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Bytes(), text) {
			t.Fatalf("written back as %q", s.Bytes())
		}
		before := dump(s)
		answer, err := Answer(s, local())
		if err != nil && err != ErrNoAudio && err != ErrNoCommonCodec {
			t.Fatal(err)
		}
		if err == nil {
			a, err := Parse(answer)
			if err != nil {
				t.Fatalf("the answer cannot be read: %v\n%q", err, answer)
			}
			if len(a.Media) != len(s.Media) || a.Audio() == nil {
				t.Fatalf("%d sections answered to %d", len(a.Media), len(s.Media))
			}
			for i, m := range a.Media {
				if m.Kind != s.Media[i].Kind || m.Proto != s.Media[i].Proto || (!m.Rejected() && s.Media[i].Rejected()) {
					t.Fatalf("section %d: %q answered to %q", i, m.head(), s.Media[i].head())
				}
			}
		}
		for _, m := range s.Media {
			m.SetDirection(Inactive)
			m.SetAddress(m.Address())
			m.Port = 4444
		}
		touched, err := Parse(s.Bytes())
		if err != nil {
			t.Fatalf("after a touch: %v\n%q", err, s.Bytes())
		}
		for _, m := range touched.Media {
			if m.Port != 4444 || m.Direction() != Inactive {
				t.Fatalf("after a touch: %s %v, before\n%s", m.head(), m.Direction(), before)
			}
		}
	})
}
