package main

import (
	"fmt"
	"log/slog"
	"testing"

	"sidetone/control/config"
)

// proxiedCall sets a call up through ng, as a proxy does.
func proxiedCall(t *testing.T, o *office, id string) {
	t.Helper()
	describe := func(port int) string {
		return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", port)
	}
	for _, r := range [][]string{
		{"command", "offer", "call-id", id, "from-tag", "a", "sdp", describe(40_000)},
		{"command", "answer", "call-id", id, "from-tag", "a", "to-tag", "b", "sdp", describe(40_002)},
	} {
		if got, _ := ask(t, o.server.NGAddresses()[0], ngRequest(r...)).Get("result").Text(); got != "ok" {
			t.Fatalf("%s of call %s: %q", r[1], id, got)
		}
	}
}

// TestProxiedCallsEndWithTheServer: a stop with calls of a proxy running is nothing to complain about.
func TestProxiedCallsEndWithTheServer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, func(c *config.Config) { c.NG.Listen = []string{"udp:127.0.0.1:0"} })
	for i := range 50 {
		proxiedCall(t, o, fmt.Sprint("call-", i))
	}
	o.stop()
	if lines := o.log.lines(slog.LevelWarn, slog.LevelError); len(lines) > 0 {
		t.Errorf("%d complaints, the first: %s", len(lines), lines[0])
	}
}
