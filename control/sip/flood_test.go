package sip

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestStrangersGetOneReply: whatever a stranger asks, in the fewest bytes, he gets one reply for it, not many times longer, and
// nothing is kept: who has forged his address makes us send little to whom it belongs, and never again.
func TestStrangersGetOneReply(t *testing.T) {
	s := serve(t, Config{AuthInvites: true, Timers: Timers{T1: 10 * time.Millisecond}, OnInvite: func(in *Invite) { in.Authenticate() }})
	to := newRaw(t, s, UDP)
	addr := to.conn.RemoteAddr().(*net.UDPAddr)
	n := 0
	for _, c := range []struct {
		methods []string // of one call
		replies int
	}{
		{[]string{"REGISTER"}, 1}, {[]string{"INVITE"}, 1}, {[]string{"OPTIONS"}, 1}, {[]string{"SUBSCRIBE"}, 1}, {[]string{"PUBLISH"}, 1},
		{[]string{"BYE"}, 1}, {[]string{"MESSAGE"}, 1}, {[]string{"NOTIFY"}, 1}, {[]string{"FOO"}, 1}, {[]string{"ACK"}, 0},
		{[]string{"CANCEL"}, 1}, {[]string{"CANCEL", "INVITE"}, 2}, // that overtook it
	} {
		conn, err := net.DialUDP("udp", nil, addr)
		if err != nil {
			t.Fatal(err)
		}
		n++
		sent := 0
		for _, m := range c.methods {
			b := fmt.Appendf(nil, "%s sip:a SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK%d;rport\r\nf:<sip:1@a>;tag=%d\r\nt:<sip:1@a>\r\ni:%d\r\nCSeq:1 %s\r\nMax-Forwards:9\r\nm:<sip:a>\r\nl:0\r\n\r\n", m, n, n, n, m)
			if _, err := conn.Write(b); err != nil {
				t.Fatal(err)
			}
			sent += len(b)
		}
		replies, received, b := 0, 0, make([]byte, 65536)
		wait := 10 * time.Second
		if c.replies == 0 {
			wait = 200 * time.Millisecond
		}
		for {
			_ = conn.SetReadDeadline(time.Now().Add(wait))
			k, err := conn.Read(b)
			if err != nil {
				break
			}
			received += k
			if replies++; replies >= c.replies {
				wait = 200 * time.Millisecond // for ten more, were they sent again
			}
		}
		_ = conn.Close()
		t.Logf("%v: %d bytes bring %d, %.1f times", c.methods, sent, received, float64(received)/float64(sent))
		if replies != c.replies || received > 3*sent {
			t.Errorf("%v: %d replies, want %d; %d bytes for %d", c.methods, replies, c.replies, received, sent)
		}
	}
	if st := s.Stats(); st.ServerTransactions != 0 || st.Dialogs != 0 {
		t.Errorf("%+v", st)
	}
}

// TestTooMuchOfAStranger is not read: datagrams are thrown away and counted, what comes over a connection waits and is answered.
func TestTooMuchOfAStranger(t *testing.T) {
	const messages = 100
	s := serve(t, Config{})
	exhaust := func(wait time.Duration) { // nothing is read before
		s.throttle.mu.Lock()
		defer s.throttle.mu.Unlock()
		s.throttle.buckets[netip.MustParseAddr("127.0.0.1")] = time.Now().Add(wait + strangerBurst*time.Second/strangerRate).UnixNano()
	}
	u, c := newRaw(t, s, UDP), newRaw(t, s, TCP)
	exhaust(10 * time.Second)
	for range messages {
		u.say(u.text(msg{method: "OPTIONS"}))
	}
	answered := 0
	eventually(t, "all are answered or thrown away", func() bool {
		if u.hear(10*time.Millisecond) != nil {
			answered++
		}
		return answered+int(s.Stats().Throttled) == messages
	})
	if answered == messages {
		t.Error("all were read")
	}
	exhaust(200 * time.Millisecond)
	for range messages {
		c.say(c.text(msg{method: "OPTIONS"}))
	}
	for range messages {
		c.expect(200)
	}
}
