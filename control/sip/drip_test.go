package sip

import (
	"net"
	"os"
	"testing"
	"time"
)

// TestDrippingSocketsAreLetGo: connections that begin a message or a TLS handshake and never end it keep no phone from
// registering, and are closed when their time is over. With SIDETONE_SOAK there are 2,000 of them.
func TestDrippingSocketsAreLetGo(t *testing.T) {
	count := 200
	if os.Getenv("SIDETONE_SOAK") != "" {
		count = 2000
	}
	a := newAuthority(t, "ca")
	certs, err := LoadTLS(a.issue("server"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{
		Accounts: stations{}, TLS: certs.Server(), Listen: []string{"tcp:127.0.0.1:0", "tls:127.0.0.1:0"}, MessageTimeout: 2 * time.Second,
	})
	for i := range count {
		transport, begun := TCP, "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: "
		if i%2 == 1 {
			transport, begun = TLS, "\x16\x03\x01"
		}
		conn, err := net.Dial("tcp", s.addr(t, transport).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(begun)); err != nil {
			t.Fatal(err)
		}
	}
	newRaw(t, s, TCP).register("217")
	phone, err := tlsPhone(t, s, a.client(TLSFiles{}))
	if err != nil {
		t.Fatal(err)
	}
	phone.register("218")
	eventually(t, "only the phones' connections are left", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.streams) == 2
	})
	if s.Stats().Bindings != 2 {
		t.Error("a phone has lost its registration")
	}
}
