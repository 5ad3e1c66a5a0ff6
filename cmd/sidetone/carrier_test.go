package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"sidetone/bench/phone"
	"sidetone/control/config"
)

// carrier is a peer by address that says message by message what a test wants, as no phone of ours would.
type carrier struct {
	t     *testing.T
	conn  *net.UDPConn
	from  netip.AddrPort // who was heard last
	calls int
}

// newCarrier is the trunk of a new office, which reaches it by 9 and a number.
func newCarrier(t *testing.T) (*carrier, *office) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	c := &carrier{t: t, conn: conn}
	o := newOffice(t, 1, func(cfg *config.Config) {
		cfg.Trunks = []config.Trunk{newTrunk("carrier", "9", conn.LocalAddr().String())}
	})
	eventually(t, "the trunk is known", func() bool { return len(o.trunk(t, "carrier").Hops) == 1 })
	return c, o
}

// request returns the next request of the method.
func (c *carrier) request(method sip.RequestMethod) *sip.Request {
	c.t.Helper()
	buf := make([]byte, 65535)
	check(c.t, c.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			c.t.Fatalf("no %s: %v", method, err)
		}
		msg, err := sip.ParseMessage(buf[:n])
		check(c.t, err)
		if req, ok := msg.(*sip.Request); ok && req.Method == method {
			c.from = from
			return req
		}
	}
}

// call sends an INVITE from an address to a number, with these hops left, to an office's address.
func (c *carrier) call(office, from, number string, hops int) {
	c.t.Helper()
	c.calls++
	to := must[netip.AddrPort](c.t)(netip.ParseAddrPort(office))
	_, err := c.conn.WriteToUDPAddrPort(fmt.Appendf(nil, "INVITE sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d;rport\r\nMax-Forwards: %d\r\n"+
		"From: <%s>;tag=cf\r\nTo: <sip:%s@%s>\r\nCall-ID: carried-%d\r\nCSeq: 1 INVITE\r\nContact: <sip:%s>\r\n"+
		isSDP+"\r\nContent-Length: %d\r\n\r\n%s", number, office, c.conn.LocalAddr(), c.calls, hops, from, number, office, c.calls, c.conn.LocalAddr(), len(carried), carried), to)
	check(c.t, err)
}

// reply answers with a tag, further header lines and a body, whose type is one of the lines.
func (c *carrier) reply(req *sip.Request, code int, tag, body string, lines ...string) {
	c.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d X\r\n", code)
	for _, name := range []string{"via", "from", "to", "call-id", "cseq"} {
		for _, h := range req.GetHeaders(name) {
			b.WriteString(h.String())
			if _, tagged := req.To().Params.Get("tag"); name == "to" && !tagged {
				b.WriteString(";tag=" + tag)
			}
			b.WriteString("\r\n")
		}
	}
	for _, l := range append(lines, "Contact: <sip:"+c.conn.LocalAddr().String()+">", fmt.Sprint("Content-Length: ", len(body))) {
		b.WriteString(l + "\r\n")
	}
	_, err := c.conn.WriteToUDPAddrPort([]byte(b.String()+"\r\n"+body), c.from)
	check(c.t, err)
}

// carried is an answer of the carrier's.
const carried = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

const (
	isSDP    = "Content-Type: application/sdp"
	isParts  = `Content-Type: multipart/mixed; boundary="--x"`
	inParts  = "----x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n----x\r\n" + isSDP + "\r\n\r\n" + carried + "\r\n----x--\r\n"
	reliably = "Require: 100rel"
)

// TestAnswersOfCarriers: where an answer to our offer may be. RFC 3262 5: a reliable 183 has brought it, and the 200 need not
// repeat it. RFC 5621 3.1: it is one part of several.
func TestAnswersOfCarriers(t *testing.T) {
	for name, play := range map[string]func(*carrier, *sip.Request){
		"in a reliable 183 only": func(c *carrier, invite *sip.Request) {
			c.reply(invite, 183, "ct", carried, isSDP, reliably, "RSeq: 1")
			c.reply(c.request(sip.PRACK), 200, "ct", "")
			c.reply(invite, 200, "ct", "")
		},
		"in a 183 only": func(c *carrier, invite *sip.Request) {
			c.reply(invite, 183, "ct", carried, isSDP)
			c.reply(invite, 200, "ct", "")
		},
		"in the 200, among other parts": func(c *carrier, invite *sip.Request) {
			c.reply(invite, 200, "ct", inParts, isParts)
		},
		"in a 183, among other parts": func(c *carrier, invite *sip.Request) {
			c.reply(invite, 183, "ct", inParts, isParts)
			c.reply(invite, 200, "ct", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			carrier, o := newCarrier(t)
			a := o.phone(t, 0, func(c *phone.Config) { c.Codecs = []phone.Codec{phone.PCMU} })
			call, err := a.Dial(soon(t), "90398722900")
			check(t, err)
			play(carrier, carrier.request(sip.INVITE))
			carrier.request(sip.ACK)
			check(t, call.WaitAnswered(soon(t)))
			hungUp := make(chan error, 1)
			go func() { hungUp <- call.Hangup(soon(t)) }() // waited for below
			carrier.reply(carrier.request(sip.BYE), 200, "ct", "")
			check(t, <-hungUp)
			o.quiet(t)
		})
	}
}

// TestHopsAreCounted: a call that comes back to where it was, by a forward over a trunk, has fewer hops left each time (RFC 7332), so
// that a circle through systems that say nothing of forwards ends.
func TestHopsAreCounted(t *testing.T) {
	carrier, o := newCarrier(t)
	a := o.phone(t, 0, nil)
	check(t, a.Feature(soon(t), "60190398722900"))
	for _, tt := range []struct{ come, gone int }{{70, 69}, {255, 69}, {7, 6}, {1, 0}} {
		carrier.call(o.udp, "sip:0355512345@carrier.example", "217", tt.come)
		invite := carrier.request(sip.INVITE)
		if got := invite.MaxForwards().Val(); int(got) != tt.gone {
			t.Errorf("%d hops go on as %d, want %d", tt.come, got, tt.gone)
		}
		carrier.reply(invite, 486, "ct", "")
		carrier.request(sip.ACK)
	}
	o.quiet(t)
}

// TestNumbersOfCarriers: networks write separators and parameters into numbers (RFC 3966, RFC 4694); who is called is found all the
// same, and who calls is shown. 217 sends its calls back, so that the carrier sees it.
func TestNumbersOfCarriers(t *testing.T) {
	carrier, o := newCarrier(t)
	check(t, o.phone(t, 0, nil).Feature(soon(t), "60190398722900"))
	for _, tt := range []struct{ from, to, shown string }{
		{"sip:+61398722900@c.example;user=phone", "+61398722217", "+61398722900"},
		{"sip:+61398722900;cpc=ordinary@c.example;user=phone", "+61398722217;npdi;rn=+61398720000", "+61398722900"},
		{"tel:+61-398-722-900", "+61-398-722-217", "+61398722900"},
		{"sip:reception@c.example", "(398)722.217", "anonymous"},
	} {
		carrier.call(o.udp, tt.from, tt.to, 70)
		invite := carrier.request(sip.INVITE)
		if got := invite.From().Address.User; got != tt.shown {
			t.Errorf("%s is shown as %s", tt.from, got)
		}
		carrier.reply(invite, 486, "ct", "")
		carrier.request(sip.ACK)
	}
	o.quiet(t)
}
