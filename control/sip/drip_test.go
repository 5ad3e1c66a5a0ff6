package sip

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestDrippingSocketsAreLetGo: 2,000 connections begin a message or a TLS handshake and go on with a byte now and then.
// Phones that connect and register meanwhile are not kept waiting, and the drippers are closed when their time is over: the
// descriptors they took are back, though they hold their own ends.
func TestDrippingSocketsAreLetGo(t *testing.T) {
	const drippers, phones = 2000, 200
	a := newAuthority(t, "ca")
	certs, err := LoadTLS(a.issue("server"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{
		Accounts: stations{}, TLS: certs.Server(), Listen: []string{"tcp:127.0.0.1:0", "tls:127.0.0.1:0"}, MessageTimeout: 4 * time.Second,
	})
	before := descriptors(t)
	var conns []net.Conn
	for i := range drippers {
		transport, begun := TCP, "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: "
		if i%2 == 1 {
			transport, begun = TLS, "\x16\x03\x01\x02\x00\x01"
		}
		conn, err := net.Dial("tcp", s.addr(t, transport).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(begun)); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	connected := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.streams)
	}
	eventually(t, "all are accepted", func() bool { return connected() == drippers })
	stop := make(chan struct{})
	var drip sync.WaitGroup
	drip.Go(func() { // stopped and waited for below
		for {
			for _, c := range conns {
				select {
				case <-stop:
					return
				default:
					_, _ = c.Write([]byte{1}) // it may have been closed
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	var took []time.Duration
	for i := range phones {
		began := time.Now()
		r := &raw{t: t}
		if i%2 == 0 {
			r.conn, err = net.Dial("tcp", s.addr(t, TCP).String())
		} else {
			r.conn, err = tls.Dial("tcp", s.addr(t, TLS).String(), a.client(TLSFiles{}))
		}
		if err != nil {
			t.Fatal(err)
		}
		r.registerIn("217", fmt.Sprint("phone", i))
		took = append(took, time.Since(began))
		r.conn.Close()
	}
	slices.Sort(took)
	p50, p99 := took[phones/2], took[phones*99/100]
	t.Logf("registered in %v, p99 %v, max %v", p50, p99, took[phones-1])
	if p50 > 500*time.Millisecond || os.Getenv("SIDETONE_SOAK") != "" && p99 > 500*time.Millisecond { // other tests may have the machine
		t.Errorf("a phone waits %v, p99 %v, want 500ms", p50, p99)
	}
	eventually(t, "the server has let go of all", func() bool { return connected() == 0 })
	close(stop)
	drip.Wait()
	eventually(t, "descriptors are back", func() bool { return descriptors(t) <= before+drippers })
}

// descriptors is how many files this process has open, 0 where the system does not say.
func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(d)
}
