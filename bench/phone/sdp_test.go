package phone

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseReadsWhatPhonesSend(t *testing.T) {
	both := []Codec{PCMU, PCMA}
	for _, c := range []struct {
		name, body string
		codecs     string
		address    string
		direction  string
		held       bool
		event      int
	}{
		{"static types without rtpmap", "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8 0\r\n", "PCMA PCMU", "10.0.0.1:4000", "sendrecv", false, -1},
		{"dynamic numbers and an event", "c=IN IP4 1.2.3.4\nm=audio 6 RTP/AVP 96 101\na=rtpmap:96 pcmu/8000\na=rtpmap:101 telephone-event/8000\n", "PCMU", "1.2.3.4:6", "sendrecv", false, 101},
		{"the line's address wins", "c=IN IP4 1.1.1.1\r\nm=audio 6 RTP/AVP 0\r\nc=IN IP6 ::1\r\n", "PCMU", "[::1]:6", "sendrecv", false, -1},
		{"the line's direction wins", "c=IN IP4 1.1.1.1\r\na=inactive\r\nm=audio 6 RTP/AVP 0\r\na=recvonly\r\n", "PCMU", "1.1.1.1:6", "recvonly", false, -1},
		{"sendonly holds", "c=IN IP4 1.1.1.1\r\nm=audio 6 RTP/AVP 0\r\na=sendonly\r\n", "PCMU", "1.1.1.1:6", "sendonly", true, -1},
		{"the zero address holds", "c=IN IP4 0.0.0.0\r\nm=audio 6 RTP/AVP 0\r\n", "PCMU", "0.0.0.0:6", "sendrecv", true, -1},
		{"later lines do not matter", "c=IN IP4 1.1.1.1\r\nm=audio 6 RTP/AVP 0\r\nm=video 8 RTP/AVP 34\r\na=inactive\r\nc=IN IP4 9.9.9.9\r\n", "PCMU", "1.1.1.1:6", "sendrecv", false, -1},
		{"another codec under a static number", "c=IN IP4 1.1.1.1\r\nm=audio 6 RTP/AVP 0\r\na=rtpmap:0 G726-32/8000\r\n", "", "1.1.1.1:6", "sendrecv", false, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parse([]byte(c.body), both)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range d.formats {
				names = append(names, f.Name)
			}
			if got := strings.Join(names, " "); got != c.codecs || d.address.String() != c.address ||
				d.direction.String() != c.direction || d.held() != c.held || d.event != c.event {
				t.Errorf("got %q %+v held %t", got, d, d.held())
			}
		})
	}
}

func TestParseRefusesWhatHasNoAudio(t *testing.T) {
	for _, body := range []string{"", "v=0\r\n", "c=IN IP4 1.1.1.1\r\nm=video 4 RTP/AVP 34\r\n", "m=audio 4 RTP/AVP 0\r\n", "c=IN IP4 host\r\nm=audio 4 RTP/AVP 0\r\n", "c=IN IP4 1.1.1.1\r\nm=audio 70000 RTP/AVP 0\r\n"} {
		if d, err := parse([]byte(body), []Codec{PCMU}); err == nil {
			t.Errorf("%q became %+v", body, d)
		}
	}
}

func voiceOnly(voice string) []string { return []string{voice} }

func FuzzParse(f *testing.F) {
	d := description{address: netip.MustParseAddrPort("10.0.0.1:4000"), formats: []Codec{PCMU, PCMA}, event: 101, direction: direction{send: true}}
	f.Add(d.encode("217", 1, 2, netip.MustParseAddr("10.0.0.1"), voiceOnly))
	f.Add([]byte("c=IN IP6 ::1\nm=audio 1 RTP/SAVP 0 8 x\na=rtpmap:\na=rtpmap:8\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parse(body, []Codec{PCMU, PCMA})
		if err != nil || len(d.formats) == 0 || d.address.Addr().Zone() != "" {
			return
		}
		again, err := parse(d.encode("1", 1, 1, d.address.Addr(), voiceOnly), []Codec{PCMU, PCMA})
		if err != nil || again.address != d.address || again.direction != d.direction {
			t.Fatalf("%+v became %+v: %v", d, again, err)
		}
	})
}
