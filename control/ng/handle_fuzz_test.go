package ng

import (
	"strings"
	"testing"

	"sidetone/control/ng/bencode"
)

// FuzzHandle gives the engine whole messages, in one call after the other, and sees to it that each
// that has a cookie is answered, within bounds, and that nothing is left when all calls are deleted.
func FuzzHandle(f *testing.F) {
	body := audio("192.0.2.1", 4000, "0 8 101") + "a=rtcp-mux\r\na=rtpmap:101 telephone-event/8000\r\na=crypto:1 x inline:y\r\nm=video 0 RTP/SAVP 99\r\nm=image 5 udptl t38\r\n"
	for _, v := range []bencode.Value{
		req("ping"), req("list"), req("statistics"), req("query", "call-id", "x"), req("delete", "call-id", "x", "from-tag", "a", "delete-delay", "3"),
		req("offer", "call-id", "x", "from-tag", "a", "sdp", body, "flags", "trust-address rtcp-mux-offer codec-strip-all codec-offer-PCMA codec-transcode-PCMU", "replace", "origin session-connection", "direction", "priv pub"),
		req("answer", "call-id", "x", "from-tag", "a", "to-tag", "b", "sdp", body, "flags", "single-codec asymmetric", "transport-protocol", "RTP/AVPF"),
		req("offer", "call-id", "x", "from-tag", "b", "to-tag", "a", "sdp", body, "rtpp-flags", "ICE=remove media-address=192.0.2.9 address-family=IP6 SIP-source-address loop-protect ptime=30"),
	} {
		f.Add("1 "+string(bencode.Append(nil, v)), true)
		f.Add("2 "+string(appendJSON(nil, v)), false)
	}
	f.Add("1 d7:command4:pin", true)
	f.Add("1 "+strings.Repeat("l", 1000), false)
	answered := "a " + string(bencode.Append(nil, req("answer", "call-id", "x", "from-tag", "a", "to-tag", "b", "sdp", body)))
	offered := "o " + string(bencode.Append(nil, req("offer", "call-id", "x", "from-tag", "a", "sdp", body, "flags", "codec-transcode-PCMA")))
	f.Fuzz(func(t *testing.T, message string, afterAnswer bool) {
		if len(message) > MaxMessage {
			return
		}
		c := newClient(t, nil)
		c.raw(offered)
		if afterAnswer {
			c.raw(answered)
		}
		if _, _, err := splitCookie(message); err != nil {
			return
		}
		reply := c.raw("f" + message)
		v := c.parsed(reply)
		if r := result(v); r == "" || strings.Contains(r, string(internalError)) {
			t.Fatalf("%q was answered with %q", message, reply)
		}
		if v.Get("sdp").Kind() == bencode.Absent && len(reply) > datagramRoom+maxCookie && !strings.Contains(message, "limit") {
			t.Fatalf("%d bytes for %q", len(reply), message)
		}
		c.raw(answered + " ") // whatever came, the call goes on
		c.engine.close(t.Context())
		if n := len(c.relay.open()); n != 0 {
			t.Fatalf("%d legs left", n)
		}
	})
}
