package sdp

import (
	"net/netip"
	"testing"
)

func TestOfferKeepsTheSectionsInTheirOrder(t *testing.T) {
	last, err := Parse([]byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
		"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := Offer(Origin{}, last, []*Local{nil, {Address: netip.MustParseAddr("192.0.2.9"), Port: 20000, Direction: SendOnly,
		Codecs: []Codec{{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1}}}})
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

func TestOfferStandsWhereTheTakenSectionWas(t *testing.T) {
	last, err := Parse([]byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
		"m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/SAVP 0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := Offer(Origin{}, last, []*Local{nil, {Address: netip.MustParseAddr("192.0.2.9"), Port: 20000,
		Codecs: []Codec{{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1}}, Crypto: []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"}}})
	s, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Media) != 2 || !s.Media[0].Rejected() || s.Media[1].Port != 20000 || s.Media[1].Proto != "RTP/SAVP" {
		t.Fatalf("offered\n%s", b)
	}
}
