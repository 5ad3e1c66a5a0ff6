package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
)

// flagCase is what a proxy's script may say to rtpengine_manage, and what it does to the description that the callee
// gets.
type flagCase struct {
	flags string
	has   []string // in the callee's description
	lacks []string
	noted string // what the log says is not done, "" = all is done
}

var flagCases = []flagCase{
	{flags: peer.KamailioFlags},
	{flags: peer.KamailioFlags + " trust-address ICE=remove symmetric"},
	{flags: "SIP-source-address"},
	{flags: "asymmetric"},
	{flags: "strict-source"},
	{flags: "media-handover"},
	{flags: "port-latching"},
	{flags: "direction=lan direction=lan"},
	{flags: "internal external"},
	{flags: "address-family=IP4"},
	{flags: "media-address=127.0.0.1"},
	{flags: "RTP/AVP", has: []string{" RTP/AVP 0 8\r\n"}},
	{flags: "RTP/AVPF", has: []string{" RTP/AVPF 0 8\r\n"}},
	{flags: "AVPF RTP", has: []string{" RTP/AVPF 0 8\r\n"}},
	{flags: "rtcp-mux-offer", has: []string{"a=rtcp-mux\r\n"}},
	{flags: "rtcp-mux-demux", lacks: []string{"a=rtcp-mux"}},
	{flags: "rtcp-mux-accept", lacks: []string{"a=rtcp-mux"}},
	{flags: "rtcp-mux-reject", lacks: []string{"a=rtcp-mux"}},
	{flags: "full-rtcp-attribute", has: []string{"a=rtcp:", " IN IP4 127.0.0.1\r\n"}},
	{flags: "no-rtcp-attribute", lacks: []string{"a=rtcp:"}},
	{flags: "via-branch=1"},
	{flags: "via-branch=auto"},
	{flags: "via-branch=next"},
	{flags: "via-branch=auto-next"},
	{flags: "to-tag"},
	{flags: "codec-strip=PCMA", has: []string{" RTP/AVP 0\r\n"}, lacks: []string{"PCMA"}},
	{flags: "codec-strip=all codec-except=PCMU", has: []string{" RTP/AVP 0\r\n"}},
	{flags: "codec-offer=PCMA", has: []string{" RTP/AVP 8 0\r\n"}},
	{flags: "codec-mask=all codec-transcode=PCMA", has: []string{" RTP/AVP 8\r\n"}},
	{flags: "codec-consume=PCMU", has: []string{" RTP/AVP 8\r\n"}, lacks: []string{"PCMU"}},
	{flags: "codec-accept=PCMA", has: []string{" RTP/AVP 0 8\r\n"}},
	{flags: "always-transcode"},
	{flags: "ptime=40", has: []string{"a=ptime:40\r\n"}},
	{flags: "loop-protect", has: []string{"a=x-sidetone-loop:"}},
	{flags: "SDES-off", lacks: []string{"a=crypto"}},
	{flags: "DTLS=off"},
	{flags: "ICE=force", noted: "ICE=force"},
	{flags: "DTLS=passive", noted: "DTLS=passive"},
	{flags: "TOS=184", noted: "TOS"},
	{flags: "T.38=decode", noted: "T.38"},
	{flags: "repacketize=40", noted: "repacketize"},
	{flags: "record-call=on", noted: "record-call"},
	{flags: "metadata=x", noted: "metadata"},
	{flags: "delete-delay=0"},
	{flags: "label=caller"},
	{flags: "no-redis-update"},
	{flags: "force original-sendrecv unidirectional pad-crypto"},
}

// TestKamailioFlags: whatever a script says, the call has media both ways, and the proxy gets what it asked for.
func TestKamailioFlags(t *testing.T) {
	t.Parallel()
	const voice = 200 * time.Millisecond
	p := newProxied(t, peer.KamailioConfig{}, nil)
	var headers []string
	for _, c := range flagCases {
		headers = append(headers, "X-Flags: "+c.flags)
	}
	calls := len(flagCases)
	check(t, played(t, p.dial(t, peer.SIPpConfig{Scenario: peer.SIPpSpeak, Calls: calls, Rate: 20, Voice: voice, Pause: 3 * voice, Headers: headers},
		peer.SIPpConfig{Scenario: peer.SIPpAnswer, Calls: calls})...))
	p.echoed(t, calls, voice)

	offers := p.tap.heard("offer")
	if len(offers) != calls {
		t.Errorf("%d offers of %d calls", len(offers), calls)
	}
	for _, e := range offers {
		id, _ := e.request.Get("call-id").Text()
		n := 0
		if _, err := fmt.Sscanf(id, "%d-", &n); err != nil || n < 1 || n > calls { // SIPp counts its calls in it
			t.Fatalf("call-id %q: %v", id, err)
		}
		flagCases[n-1].judge(t, e)
	}
	for _, e := range p.tap.heard("answer") {
		described(t, e)
	}

	var noted, want []string
	for _, line := range p.log.lines(slog.LevelWarn, slog.LevelError) {
		_, name, ok := strings.Cut(line, `msg="ng request asks for something that is not done" name=`)
		if !ok {
			t.Errorf("logged: %s", line)
		}
		noted = append(noted, strings.Trim(strings.TrimSpace(name), `"`))
	}
	for _, c := range flagCases {
		if c.noted != "" {
			want = append(want, c.noted)
		}
	}
	slices.Sort(noted)
	slices.Sort(want)
	if !slices.Equal(noted, want) {
		t.Errorf("noted as not done: %q\nwant %q", noted, want)
	}
	p.log.forget()
	p.nothingLeft(t)
}

// judge compares the description that the callee gets with what was asked for.
func (c flagCase) judge(t *testing.T, e exchange) {
	t.Helper()
	before, _ := e.request.Get("sdp").Text()
	after, _ := e.reply(t).Get("sdp").Text()
	m := described(t, e).Media[0]
	if strings.Contains(before, fmt.Sprintf("m=audio %d ", m.Port)) || m.Port == 0 {
		t.Errorf("%s: the callee is given port %d", c.flags, m.Port)
	}
	if size := len(e.replies[0]); size > 1400 {
		t.Errorf("%s: a reply of %d bytes", c.flags, size)
	}
	for _, text := range append(c.has, "o=sipp 1 1 IN IP4 127.0.0.1\r\n", "\r\nc=IN IP4 127.0.0.1\r\n", "a=sendrecv\r\n") {
		if !strings.Contains(after, text) {
			t.Errorf("%s: %q is not in\n%s", c.flags, text, after)
		}
	}
	for _, text := range c.lacks {
		if strings.Contains(after, text) {
			t.Errorf("%s: %q is in\n%s", c.flags, text, after)
		}
	}
}
