package sdp

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestWhatIsRead compares all that is read of each testdata/NAME.sdp with NAME.golden, and that it is
// written back byte for byte.
func TestWhatIsRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".sdp")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(s.Bytes(), text) {
				t.Errorf("written back as\n%q\nwas\n%q", s.Bytes(), text)
			}
			got := dump(s)
			golden := strings.TrimSuffix(file, ".sdp") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// dump shows everything the accessors say.
func dump(s *Session) string {
	var b strings.Builder
	o, ok := s.Origin()
	fmt.Fprintf(&b, "origin %v %v, address %v\n", o, ok, s.Address())
	for _, m := range s.Media {
		fmt.Fprintf(&b, "\n%s %d/%d %s %q: audio %v, rtp %v, secure %v, rejected %v\n",
			m.Kind, m.Port, m.PortCount, m.Proto, m.Formats, m.IsAudio(), m.IsRTP(), m.IsSecure(), m.Rejected())
		fmt.Fprintf(&b, "  address %v rtp %v rtcp %v mux %v\n", m.Address(), m.RTP(), m.RTCP(), m.RTCPMux())
		fmt.Fprintf(&b, "  %v, ptime %v, maxptime %v\n", m.Direction(), m.Ptime(), m.MaxPtime())
		for _, c := range m.Codecs() {
			fmt.Fprintf(&b, "  codec %v (%d channels) fmtp %q\n", c, c.Channels, c.Fmtp)
		}
		for _, rate := range []int{8000, 16000, 48000} {
			if pt, ok := m.TelephoneEvent(rate); ok {
				fmt.Fprintf(&b, "  telephone-event at %d is %d\n", rate, pt)
			}
		}
		for _, c := range m.Crypto() {
			fmt.Fprintf(&b, "  crypto %s\n", c)
		}
	}
	if a := s.Audio(); a != nil {
		fmt.Fprintf(&b, "\nthe audio is %s\n", a.head())
	}
	return b.String()
}
