package sdp

import (
	"net/netip"
	"testing"
)

func TestReofferKeepsTheSectionsInTheirOrder(t *testing.T) {
	last, err := Parse([]byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
		"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := Reoffer(last, Local{Address: netip.MustParseAddr("192.0.2.9"), Port: 20000, Direction: SendOnly,
		Codecs: []Codec{{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1}}})
	s, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Media) != 2 || s.Media[0].Kind != "video" || !s.Media[0].Rejected() {
		t.Fatalf("video section not kept refused and first:\n%s", b)
	}
	if m := s.Audio(); m == nil || m.Port != 20000 || m.Direction() != SendOnly {
		t.Fatalf("audio section wrong:\n%s", b)
	}
}
