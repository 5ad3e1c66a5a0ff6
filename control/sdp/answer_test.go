package sdp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func local() Local {
	return Local{
		Origin:  Origin{ID: 7, Version: 1, Address: netip.MustParseAddr("10.0.0.1")},
		Address: netip.MustParseAddr("10.0.0.1"),
		Port:    20000,
		Codecs: []Codec{
			{PayloadType: 8, Name: "PCMA", ClockRate: 8000, Channels: 1},
			{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1},
			{PayloadType: 101, Name: "telephone-event", ClockRate: 8000, Channels: 1, Fmtp: "0-16"},
		},
	}
}

func mustParse(t testing.TB, text string) *Session {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, text)
	}
	return s
}

func TestAnswer(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
	tests := []struct {
		name  string
		offer string
		local func(*Local)
		want  []string // lines that must be there
		not   []string // text that must not be there
		err   error
	}{
		{name: "payload types are the offer's",
			offer: "m=audio 4000 RTP/AVP 97 96\r\na=rtpmap:97 pcma/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n",
			want:  []string{"m=audio 20000 RTP/AVP 97 96", "a=rtpmap:97 PCMA/8000", "a=fmtp:96 0-16", "a=sendrecv"}},
		{name: "a codec that was not offered is not answered",
			offer: "m=audio 4000 RTP/AVP 8\r\n", want: []string{"m=audio 20000 RTP/AVP 8"}, not: []string{"PCMU", "telephone-event"}},
		{name: "our order counts", offer: "m=audio 4000 RTP/AVP 0 8\r\n", want: []string{"m=audio 20000 RTP/AVP 8 0"}},
		{name: "mux is not answered when not offered", local: func(l *Local) { l.Mux = true },
			offer: "m=audio 4000 RTP/AVP 8\r\n", not: []string{"rtcp-mux"}},
		{name: "mux is answered when offered", local: func(l *Local) { l.Mux = true },
			offer: "m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n", want: []string{"a=rtcp-mux"}},
		{name: "mux is not answered when not ours", offer: "m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n", not: []string{"rtcp-mux"}},
		{name: "without mux an odd RTCP port is said", local: func(l *Local) { l.Mux, l.RTCPPort = true, 20005 },
			offer: "m=audio 4000 RTP/AVP 8\r\n", want: []string{"a=rtcp:20005"}},
		{name: "sections keep number and order",
			offer: "m=image 5000 udptl t38\r\nm=audio 4000 RTP/AVP 8\r\nm=video 4002 RTP/AVP 31 99\r\nm=audio 4004 RTP/AVP 0\r\n",
			want:  []string{"m=image 0 udptl t38", "m=audio 20000 RTP/AVP 8", "m=video 0 RTP/AVP 31 99", "m=audio 0 RTP/AVP 0"}},
		{name: "a switched off section stays off", offer: "m=audio 0 RTP/AVP 8\r\nm=audio 4000 RTP/AVP 0\r\n",
			want: []string{"m=audio 0 RTP/AVP 8", "m=audio 20000 RTP/AVP 0"}},
		{name: "hold is answered recvonly", offer: "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n", want: []string{"a=recvonly"}},
		{name: "hold in the old form is answered recvonly", offer: "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n", want: []string{"a=recvonly"}},
		{name: "the answer may say less", local: func(l *Local) { l.Direction = SendOnly },
			offer: "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n", want: []string{"a=inactive"}},
		{name: "AVPF is kept", offer: "m=audio 4000 RTP/AVPF 8\r\n", want: []string{"m=audio 20000 RTP/AVPF 8"}},
		{name: "SRTP is refused without keys", offer: "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", err: ErrNoAudio},
		{name: "SRTP is answered with keys", local: func(l *Local) { l.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"} },
			offer: "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
			want:  []string{"m=audio 20000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:y"}, not: []string{"inline:x"}},
		{name: "SRTP that is optional is answered as it was offered", local: func(l *Local) { l.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"} },
			offer: "m=audio 4000 RTP/AVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
			want:  []string{"m=audio 20000 RTP/AVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:y"}, not: []string{"inline:x"}},
		{name: "SRTP that is optional can be done without",
			offer: "m=audio 4000 RTP/AVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
			want:  []string{"m=audio 20000 RTP/AVP 8"}, not: []string{"crypto"}},
		{name: "keys are not answered where none were offered", local: func(l *Local) { l.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"} },
			offer: "m=audio 4000 RTP/AVP 8\r\n", err: ErrNoAudio},
		{name: "SRTP keyed in the media path is refused", local: func(l *Local) { l.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"} },
			offer: "m=audio 4000 UDP/TLS/RTP/SAVPF 8\r\na=fingerprint:sha-256 AA\r\n", err: ErrNoAudio},
		{name: "of two sections the secure one is taken with keys", local: func(l *Local) { l.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"} },
			offer: "m=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
			want:  []string{"m=audio 0 RTP/AVP 8", "m=audio 20000 RTP/SAVP 8"}},
		{name: "of two sections the plain one is taken without",
			offer: "m=audio 4002 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\nm=audio 4000 RTP/AVP 8\r\n",
			want:  []string{"m=audio 0 RTP/SAVP 8", "m=audio 20000 RTP/AVP 8"}, not: []string{"crypto"}},
		{name: "no audio", offer: "m=image 5000 udptl t38\r\n", err: ErrNoAudio},
		{name: "no sections", offer: "", err: ErrNoAudio},
		{name: "no codec in common", offer: "m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n", err: ErrNoCommonCodec},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := local()
			if tt.local != nil {
				tt.local(&l)
			}
			offer := mustParse(t, head+tt.offer)
			b, err := Answer(offer, l)
			if !errors.Is(err, tt.err) {
				t.Fatalf("err = %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			lines := strings.Split(string(b), "\r\n")
			for _, w := range tt.want {
				found := false
				for _, l := range lines {
					found = found || l == w
				}
				if !found {
					t.Errorf("no line %q in\n%s", w, b)
				}
			}
			for _, n := range tt.not {
				if strings.Contains(string(b), n) {
					t.Errorf("%q must not be in\n%s", n, b)
				}
			}
			if got := mustParse(t, string(b)); len(got.Media) != len(offer.Media) {
				t.Errorf("%d sections answered to %d", len(got.Media), len(offer.Media))
			}
		})
	}
}

func TestDescribeIsReadBackAsItWasMeant(t *testing.T) {
	l := local()
	l.Address = netip.MustParseAddr("2001:db8::1")
	l.RTCPPort, l.Ptime, l.Direction = 20007, 20*time.Millisecond, SendOnly
	s := mustParse(t, string(Describe(l)))
	m := s.Audio()
	if m == nil {
		t.Fatal("no audio")
	}
	if got, want := m.RTP().String(), "[2001:db8::1]:20000"; got != want {
		t.Errorf("RTP = %s, want %s", got, want)
	}
	if got, want := m.RTCP().String(), "[2001:db8::1]:20007"; got != want {
		t.Errorf("RTCP = %s, want %s", got, want)
	}
	if m.Direction() != SendOnly || m.Ptime() != 20*time.Millisecond || m.RTCPMux() {
		t.Errorf("direction %v, ptime %v, mux %v", m.Direction(), m.Ptime(), m.RTCPMux())
	}
	if got := m.Codecs(); len(got) != 3 || got[0] != l.Codecs[0] || got[1] != l.Codecs[1] || got[2] != l.Codecs[2] {
		t.Errorf("codecs = %v, want %v", got, l.Codecs)
	}
	if o, ok := s.Origin(); !ok || o != l.Origin {
		t.Errorf("origin = %v, want %v", o, l.Origin)
	}
}

func TestAnswerToTakesTheChosenSection(t *testing.T) {
	offer := mustParse(t, "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"+
		"m=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/AVP 0\r\nm=video 4004 RTP/AVP 31\r\n")
	l := local()
	b, err := AnswerTo(offer, l.Origin, []*Local{nil, &l})
	if err != nil {
		t.Fatal(err)
	}
	got := mustParse(t, string(b))
	if len(got.Media) != 3 || !got.Media[0].Rejected() || got.Media[1].Port != 20000 || !got.Media[2].Rejected() {
		t.Errorf("answered\n%s", b)
	}
	if _, err := AnswerTo(offer, l.Origin, []*Local{nil, nil, &l}); !errors.Is(err, ErrNoAudio) {
		t.Errorf("a video section: %v", err)
	}
}

// TestSectionsOfEveryKind offers and answers a call of three sections; what is not audio is told on as the other phone said it.
func TestSectionsOfEveryKind(t *testing.T) {
	theirs := mustParse(t, "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"+
		"m=audio 4000 RTP/AVP 8\r\n"+
		"m=video 4002 RTP/AVPF 97 98\r\nb=AS:512\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1\r\na=rtcp-fb:97 nack pli\r\n"+
		"a=rtcp-fb:97 ccm fir\r\na=rtcp-fb:* nack\r\na=rtpmap:98 H264/90000\r\na=framerate:30\r\na=mid:1\r\na=ssrc:1 cname:x\r\na=sendonly\r\n"+
		"m=image 4004 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n")
	video, image := theirs.Media[1], theirs.Media[2]
	lines := func() []*Local {
		voice := local()
		return []*Local{&voice,
			{Kind: "video", Address: voice.Address, Port: 20002, Proto: "RTP/AVPF", Codecs: video.Codecs(), Lines: video.Rest(), Direction: video.Direction()},
			{Kind: "image", Address: voice.Address, Port: 20004, Proto: image.Proto, Formats: image.Formats, Lines: image.Rest()}}
	}
	const want = "m=video 20002 RTP/AVPF 97 98\r\nc=IN IP4 10.0.0.1\r\nb=AS:512\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1\r\n" +
		"a=rtcp-fb:97 nack pli\r\na=rtcp-fb:97 ccm fir\r\na=rtpmap:98 H264/90000\r\na=rtcp-fb:* nack\r\na=framerate:30\r\na=sendonly\r\n" +
		"m=image 20004 udptl t38\r\nc=IN IP4 10.0.0.1\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\na=sendrecv\r\n"
	offered := Offer(local().Origin, nil, lines())
	if !strings.HasSuffix(string(offered), want) {
		t.Errorf("offered\n%s\nwant\n%s", offered, want)
	}
	answered, err := AnswerTo(theirs, local().Origin, lines())
	if err != nil || !strings.HasSuffix(string(answered), strings.Replace(want, "sendonly", "inactive", 1)) {
		t.Errorf("answered %v\n%s", err, answered)
	}
	less := Offer(local().Origin, mustParse(t, string(answered)), lines()[:1])
	if got := mustParse(t, string(less)); len(got.Media) != 3 || !got.Media[1].Rejected() || got.Media[2].Proto != "udptl" || !got.Media[2].Rejected() {
		t.Errorf("offered again\n%s", less)
	}
	tcp := mustParse(t, strings.Replace(string(offered), "udptl t38", "TCP/MSRP *", 1))
	if _, err := AnswerTo(tcp, local().Origin, lines()); !errors.Is(err, ErrNoAudio) {
		t.Errorf("a section over TCP: %v", err)
	}
}

func TestProtocolOfAnOffer(t *testing.T) {
	crypto := []string{"1 AES_CM_128_HMAC_SHA1_80 inline:y"}
	for _, tt := range []struct {
		name, proto string
		crypto      []string
		want        string
	}{
		{"plain", "", nil, "RTP/AVP"},
		{"with keys", "", crypto, "RTP/SAVP"},
		{"with keys that may be ignored", "RTP/AVP", crypto, "RTP/AVP"},
		{"as it was agreed", "RTP/SAVPF", crypto, "RTP/SAVPF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := local()
			l.Crypto, l.Proto = tt.crypto, tt.proto
			last := mustParse(t, "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n")
			for _, b := range [][]byte{Describe(l), Offer(l.Origin, last, []*Local{&l})} {
				if m := mustParse(t, string(b)).Audio(); m.Proto != tt.want || len(m.Crypto()) != len(tt.crypto) {
					t.Errorf("offered\n%s", b)
				}
			}
		})
	}
}
