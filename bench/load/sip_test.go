package load

import (
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

const inviteText = "INVITE sip:2001@127.0.0.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK2\r\n" +
	"From: <sip:1001@h>;tag=a\r\nto: <sip:2001@h>\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\nContact: \"A\" <sip:1001@127.0.0.1:5060;x=1>;expires=9\r\nContent-Length: 0\r\n\r\n"

func TestParseSIP(t *testing.T) {
	m, err := parseSIP(inviteText)
	if err != nil {
		t.Fatal(err)
	}
	number, method := m.sequence()
	if m.method != "INVITE" || m.status != 0 || m.user() != "2001" || number != 7 || method != "INVITE" || m.contact() != "sip:1001@127.0.0.1:5060;x=1" || m.get("To") != "<sip:2001@h>" {
		t.Errorf("read %+v, CSeq %d %s, contact %s", m, number, method, m.contact())
	}
	r, err := parseSIP("SIP/2.0 486 Busy Here\r\nCall-ID: x\r\nContact: sip:a@b;expires=3\r\n\r\n")
	if err != nil || r.status != 486 || r.reason != "Busy Here" || r.contact() != "sip:a@b" {
		t.Errorf("read %+v, %v", r, err)
	}
	for _, bad := range []string{"", "\r\n\r\n", "INVITE sip:a@b SIP/2.0\r\nTo: x", "INVITE sip:a@b\r\nTo: x\r\n\r\n", "SIP/2.0 9 x\r\nTo: x\r\n\r\n",
		"SIP/2.0 999 x\r\nTo: x\r\n\r\n", "SIP/2.0 abc\r\nTo: x\r\n\r\n", "BYE sip:a@b SIP/2.0\r\nnonsense\r\n\r\n"} {
		if m, err := parseSIP(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, m)
		}
	}
}

// A response has the request's Vias in their order and one tag at To.
func TestRespond(t *testing.T) {
	m, err := parseSIP(inviteText)
	if err != nil {
		t.Fatal(err)
	}
	got := string(m.respond("200 OK", "b", "<sip:2001@127.0.0.1>", "v=0\r\n"))
	want := "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK2\r\n" +
		"From: <sip:1001@h>;tag=a\r\nto: <sip:2001@h>;tag=b\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\nContact: <sip:2001@127.0.0.1>\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	again, err := parseSIP(got)
	if err != nil || strings.Count(string(again.respond("200 OK", "c", "", "")), ";tag=b") != 1 {
		t.Error("a tag was added to one that was there")
	}
}

// What a registrar that refuses or says nothing leads to.
func TestSIPCallsFail(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	pair := []Account{{Tel: "1001", UserID: "u", Password: "p"}}
	for _, tc := range []struct {
		name, answer, err string
	}{
		{"refused", "403 Forbidden", "answered 403 Forbidden"},
		{"challenged for ever", "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"", "credentials refused: 401"},
		{"challenged without a challenge", "401 Unauthorized", "station 1001"},
		{"silent", "", "no answer to REGISTER"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { // ends when the socket is closed; waited for below
				defer close(ended)
				buf := make([]byte, 4096)
				for {
					n, from, err := conn.ReadFromUDPAddrPort(buf)
					if err != nil {
						return
					}
					m, err := parseSIP(string(buf[:n]))
					if err != nil || tc.answer == "" {
						continue
					}
					// An error is a socket that was closed, which the next read tells.
					_, _ = conn.WriteToUDPAddrPort(m.respond(tc.answer, "", "", ""), from)
				}
			}()
			patience := 10 * time.Second
			if tc.answer == "" {
				patience = 20 * time.Millisecond
			}
			_, err = SIPCalls(t.Context(), SIPConfig{Server: conn.LocalAddr().(*net.UDPAddr).AddrPort(), Callers: pair, Callees: pair, Window: time.Second, Patience: patience})
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			conn.Close()
			<-ended
		})
	}
	for _, bad := range []SIPConfig{
		{Server: netip.MustParseAddrPort("192.0.2.1:5060"), Callers: pair, Callees: pair},
		{Server: netip.MustParseAddrPort("127.0.0.1:5060")},
		{Server: netip.MustParseAddrPort("127.0.0.1:5060"), Callers: pair},
	} {
		if _, err := SIPCalls(t.Context(), bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func FuzzParseSIP(f *testing.F) {
	f.Add(inviteText)
	f.Add("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n\r\n")
	f.Add("SIP/2.0 200 OK\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseSIP(text)
		if err != nil {
			return
		}
		m.sequence()
		m.contact()
		m.user()
		m.respond("200 OK", "t", "c", "")
	})
}
