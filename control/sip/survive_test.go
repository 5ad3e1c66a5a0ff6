package sip

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Errors of a listening socket are counted and waited out; serving goes on.
func TestListenersSurviveErrors(t *testing.T) {
	s := serve(t, Config{})
	udp, tcp := s.datagrams[0].conn, s.listeners[0].l.(*net.TCPListener)
	past := time.Unix(1, 0)
	if err := udp.SetReadDeadline(past); err != nil {
		t.Fatal(err)
	}
	if err := tcp.SetDeadline(past); err != nil {
		t.Fatal(err)
	}
	eventually(t, "errors counted", func() bool { n := s.Stats(); return n.ReadFailed > 0 && n.AcceptFailed > 0 })
	_ = udp.SetReadDeadline(time.Time{})
	_ = tcp.SetDeadline(time.Time{})
	for _, transport := range []string{UDP, TCP} {
		r := newRaw(t, s, transport)
		r.say(r.text(msg{method: "OPTIONS"}))
		r.expect(200)
	}
}

func TestLogsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := newLimiter(slog.New(slog.NewTextHandler(&out, nil)))
		for range 1000 {
			l.warn("noise", "peer", "a")
			l.warn("other")
		}
		time.Sleep(2 * time.Second)
		l.warn("noise")
		if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), "held_back=999") {
			t.Errorf("%d lines:\n%s", n, out.String())
		}
	})
}
