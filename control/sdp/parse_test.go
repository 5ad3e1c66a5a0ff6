package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		err        error
	}{
		{"nothing", "", ErrNotSDP},
		{"blank lines", "\r\n\r\n", ErrNotSDP},
		{"something else", "INVITE sip:217@10.0.0.1 SIP/2.0\r\n", ErrNotSDP},
		{"no version first", "o=- 1 1 IN IP4 10.0.0.1\r\nv=0\r\n", ErrNotSDP},
		{"zeros", strings.Repeat("\x00", 100), ErrNotSDP},
		{"media without port", "v=0\nm=audio\n", ErrMedia},
		{"media without protocol", "v=0\nm=audio 4000\n", ErrMedia},
		{"port that is no number", "v=0\nm=audio abc RTP/AVP 0\n", ErrMedia},
		{"port out of range", "v=0\nm=audio 65536 RTP/AVP 0\n", ErrMedia},
		{"negative port", "v=0\nm=audio -1 RTP/AVP 0\n", ErrMedia},
		{"control character", "v=0\nm=audio\x01 4000 RTP/AVP 0\n", ErrMedia},
		{"no ports", "v=0\nm=audio 4000/0 RTP/AVP 0\n", ErrMedia},
		{"too many bytes", "v=0\n" + strings.Repeat("x", MaxSize), ErrTooLarge},
		{"too many lines", "v=0\n" + strings.Repeat("a=\n", MaxLines), ErrTooLarge},
		{"too many sections", "v=0\n" + strings.Repeat("m=audio 4000 RTP/AVP 0\n", MaxMedia+1), ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse([]byte(tt.text))
			if s != nil || !errors.Is(err, tt.err) {
				t.Errorf("session %v, error %v, want %v", s, err, tt.err)
			}
		})
	}
}

func TestParseTakesAsMuchAsItSays(t *testing.T) {
	for _, text := range []string{
		"v=0",
		"\r\nv=0\r\n",
		"v=0\n" + strings.Repeat("a=\n", MaxLines-1),
		"v=0\n" + strings.Repeat("m=audio 4000 RTP/AVP 0\n", MaxMedia),
		"v=0\n" + strings.Repeat("x", MaxSize-4),
	} {
		s, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%.20q: %v", text, err)
		} else if string(s.Bytes()) != text {
			t.Errorf("%.20q is not written back", text)
		}
	}
}

// What any phone may take for a line is one to us, or it could hide an address from us.
func TestEveryLineEndCounts(t *testing.T) {
	for _, text := range []string{
		"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "v=0\nm=audio 4000 RTP/AVP 0\na=sendonly\n",
		"v=0\rm=audio 4000 RTP/AVP 0\ra=sendonly\r", "v=0\r\r\nm=audio 4000 RTP/AVP 0\r\r\na=sendonly",
		"v=0\r\ns=hidden\rm=audio 4000 RTP/AVP 0\ra=sendonly\r\n",
	} {
		s := mustParse(t, text)
		if len(s.Media) != 1 || s.Media[0].Port != 4000 || s.Media[0].Direction() != SendOnly {
			t.Errorf("%q: %d sections", text, len(s.Media))
		}
		if string(s.Bytes()) != text {
			t.Errorf("%q is written back as %q", text, s.Bytes())
		}
	}
}

func TestOnlyWhatIsTouchedChanges(t *testing.T) {
	const head = "v=0\no=a b 1 1 IN IP4 10.0.0.1\ny=?\nt=0 0\n"
	const audio = "m=audio  4000 RTP/AVP 0\na=sendrecv\na=x:1\na=X:2\nq=odd"
	tests := []struct {
		name  string
		touch func(*Session)
		want  string
	}{
		{"port", func(s *Session) { s.Media[0].Port = 5000 },
			head + "m=audio 5000 RTP/AVP 0\r\na=sendrecv\na=x:1\na=X:2\nq=odd"},
		{"formats", func(s *Session) { s.Media[0].Formats = []string{"8", "101"} },
			head + "m=audio 4000 RTP/AVP 8 101\r\na=sendrecv\na=x:1\na=X:2\nq=odd"},
		{"media address", func(s *Session) { s.Media[0].SetAddress(netip.MustParseAddr("192.0.2.1")) },
			head + "m=audio  4000 RTP/AVP 0\nc=IN IP4 192.0.2.1\r\na=sendrecv\na=x:1\na=X:2\nq=odd"},
		{"session address", func(s *Session) { s.SetAddress(netip.MustParseAddr("2001:db8::1")) },
			"v=0\no=a b 1 1 IN IP4 10.0.0.1\nc=IN IP6 2001:db8::1\r\ny=?\nt=0 0\n" + audio},
		{"origin", func(s *Session) {
			o, _ := s.Origin()
			o.Version++
			s.SetOrigin(o)
		}, "v=0\no=a b 1 2 IN IP4 10.0.0.1\r\ny=?\nt=0 0\n" + audio},
		{"direction", func(s *Session) { s.Media[0].SetDirection(SendOnly) },
			head + "m=audio  4000 RTP/AVP 0\na=x:1\na=X:2\nq=odd\r\na=sendonly\r\n"},
		{"attribute set", func(s *Session) { s.Media[0].SetAttribute("x", "3") },
			head + "m=audio  4000 RTP/AVP 0\na=sendrecv\na=x:3\r\nq=odd"},
		{"attribute set anew", func(s *Session) { s.Media[0].SetAttribute("rtcp-mux", "") },
			head + audio + "\r\na=rtcp-mux\r\n"},
		{"attribute removed", func(s *Session) { s.Media[0].RemoveAttribute("x") },
			head + "m=audio  4000 RTP/AVP 0\na=sendrecv\nq=odd"},
		{"line ends in a value start no line", func(s *Session) { s.Media[0].SetAttribute("x", "1\r\na=evil") },
			head + "m=audio  4000 RTP/AVP 0\na=sendrecv\na=x:1a=evil\r\nq=odd"},
		{"nothing", func(*Session) {}, head + audio},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mustParse(t, head+audio)
			tt.touch(s)
			if got := string(s.Bytes()); got != tt.want {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

func TestDirection(t *testing.T) {
	all := []Direction{SendRecv, SendOnly, RecvOnly, Inactive}
	for _, d := range all {
		if d.Reverse().Send() != d.Recv() || d.Reverse().Recv() != d.Send() || d.Reverse().Reverse() != d {
			t.Errorf("%v reversed is %v", d, d.Reverse())
		}
		for _, o := range all {
			if and := d.And(o); and.Send() != (d.Send() && o.Send()) || and.Recv() != (d.Recv() && o.Recv()) {
				t.Errorf("%v and %v is %v", d, o, and)
			}
		}
	}
	tests := []struct {
		session, media string
		want           Direction
	}{
		{"", "", SendRecv},
		{"a=sendonly\n", "", SendOnly},
		{"a=sendonly\n", "a=recvonly\n", RecvOnly},
		{"a=inactive\n", "a=sendrecv\n", SendRecv},
		{"c=IN IP4 0.0.0.0\n", "", SendOnly},
		{"c=IN IP4 0.0.0.0\n", "c=IN IP4 10.0.0.1\n", SendRecv},
		{"c=IN IP4 10.0.0.1\n", "c=IN IP4 0.0.0.0\na=recvonly\n", Inactive},
		{"c=IN IP6 ::\n", "a=inactive\n", Inactive},
	}
	for _, tt := range tests {
		s := mustParse(t, "v=0\n"+tt.session+"m=audio 4000 RTP/AVP 0\n"+tt.media)
		if got := s.Media[0].Direction(); got != tt.want {
			t.Errorf("session %q, media %q: %v, want %v", tt.session, tt.media, got, tt.want)
		}
	}
}

func TestCommonKeepsTheFirstListsOrderAndTypes(t *testing.T) {
	codec := func(pt uint8, name string, rate, channels int, fmtp string) Codec {
		return Codec{PayloadType: pt, Name: name, ClockRate: rate, Channels: channels, Fmtp: fmtp}
	}
	offered := []Codec{codec(97, "pcma", 8000, 1, ""), codec(111, "opus", 48000, 2, ""), codec(0, "PCMU", 8000, 1, ""), codec(96, "telephone-event", 48000, 1, "")}
	ours := []Codec{codec(0, "PCMU", 8000, 0, ""), codec(8, "PCMA", 8000, 1, ""), codec(101, "telephone-event", 8000, 1, ""), codec(120, "opus", 48000, 1, "")}
	if got, want := fmt.Sprint(Common(offered, ours)), "[97 pcma/8000 0 PCMU/8000]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	amr := []Codec{codec(98, "AMR", 8000, 1, "mode-set=7"), codec(99, "AMR", 8000, 1, "octet-align=1")}
	if got, ok := Find(amr, codec(0, "amr", 8000, 1, "octet-align=1")); !ok || got.PayloadType != 99 {
		t.Errorf("the entry with the same parameters: %v", got)
	}
	if got, ok := Find(amr, codec(0, "amr", 8000, 1, "")); !ok || got.PayloadType != 98 {
		t.Errorf("else the first: %v", got)
	}
}
