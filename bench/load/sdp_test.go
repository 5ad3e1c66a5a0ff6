package load

import (
	"net/netip"
	"strings"
	"testing"

	"sidetone/bench/audio"
)

func translate(payload []byte, from, to int) []byte {
	laws := []audio.Law{audio.MuLaw, audio.ALaw}
	if from == to {
		return payload
	}
	return laws[to].Encode(nil, laws[from].Decode(nil, payload))
}

func TestDescriptionIsReadBack(t *testing.T) {
	for _, d := range []description{
		{Media: netip.MustParseAddrPort("127.0.0.1:4000"), PayloadType: 0},
		{Media: netip.MustParseAddrPort("127.0.0.1:65534"), PayloadType: 8},
		{Media: netip.MustParseAddrPort("[::1]:4000"), PayloadType: 8},
		{Media: netip.MustParseAddrPort("127.0.0.1:4000"), Secure: true, CryptoTag: "2", Key: "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"},
	} {
		got, err := parseDescription(d.String())
		if err != nil || got != d {
			t.Errorf("%+v became %+v, %v:\n%s", d, got, err, d)
		}
	}
}

func TestParseDescription(t *testing.T) {
	const session = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
	for _, tc := range []struct {
		name, text string
		want       description
		err        string
	}{
		{"address of the stream counts", session + "c=IN IP4 192.0.2.1\r\nm=audio 30000 RTP/AVP 8 101\r\nc=IN IP4 192.0.2.2\r\na=rtcp:30001\r\n",
			description{Media: netip.MustParseAddrPort("192.0.2.2:30000"), PayloadType: 8}, ""},
		{"our suite of several", session + "c=IN IP4 192.0.2.1\nm=audio 30000 RTP/SAVP 0\na=crypto:1 AEAD_AES_256_GCM inline:x\na=crypto:7 " + suite + " inline:abc|2^31|1:4\n",
			description{Media: netip.MustParseAddrPort("192.0.2.1:30000"), Secure: true, CryptoTag: "7", Key: "abc"}, ""},
		{"refused stream", session + "c=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 8\r\n", description{}, "no open audio stream"},
		{"two streams", session + "c=IN IP4 192.0.2.1\r\nm=audio 2 RTP/AVP 8\r\nm=audio 4 RTP/AVP 8\r\n", description{}, "more than one"},
		{"no address", session + "m=audio 2 RTP/AVP 8\r\n", description{}, "no audio stream with an address"},
		{"a name for an address", session + "c=IN IP4 host\r\nm=audio 2 RTP/AVP 8\r\n", description{}, "host"},
		{"secure without key", session + "c=IN IP4 192.0.2.1\r\nm=audio 2 RTP/SAVP 8\r\n", description{}, "no key"},
		{"key that is none", session + "c=IN IP4 192.0.2.1\r\nm=audio 2 RTP/SAVP 8\r\na=crypto:1 " + suite + " x\r\n", description{}, "inline"},
		{"nothing", "", description{}, "no audio stream"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := parseDescription(tc.text)
			if tc.err == "" && (err != nil || got != tc.want) {
				t.Errorf("got %+v, %v", got, err)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	for _, tc := range []struct{ name, datagram, err string }{
		{"ok", "1_1 d6:result2:oke", ""},
		{"pong with a line end", "1_1 d6:result4:ponge\n", ""},
		{"error", "1_1 d12:error-reason16:Ran out of ports6:result5:errore", "offer refused: Ran out of ports"},
		{"load limit", "1_1 d6:result10:load limite", "offer refused: load limit"},
		{"no result", "1_1 de", "offer refused"},
		{"cut", "1_1 d6:result2:o", "malformed"},
		{"no cookie", "d6:result2:oke", "without a cookie"},
		{"a list", "1_1 le", "no dictionary"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cookie, reply, err := decodeReply([]byte(tc.datagram))
			if err == nil {
				err = judge("offer", reply)
			}
			if tc.err == "" && (err != nil || cookie != "1_1") {
				t.Errorf("cookie %q, %v", cookie, err)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}
