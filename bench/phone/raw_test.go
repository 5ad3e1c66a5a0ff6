package phone

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// raw is a peer that says whatever a test wants.
type raw struct {
	wire *wire
	in   chan sip.Message
}

func newRaw(t *testing.T) *raw {
	t.Helper()
	r := &raw{in: make(chan sip.Message, 100)}
	w, err := openWire("udp", "127.0.0.1", func(m sip.Message, _ string) { r.in <- m })
	if err != nil {
		t.Fatal(err)
	}
	r.wire = w
	w.run()
	t.Cleanup(w.close)
	return r
}

// next returns the next message of that method, or answer to it.
func (r *raw) next(t *testing.T, method sip.RequestMethod) sip.Message {
	t.Helper()
	timeout := time.After(5 * time.Second)
	for {
		select {
		case m := <-r.in:
			if q, ok := m.(*sip.Request); ok && q.Method == method {
				return q
			}
			if a, ok := m.(*sip.Response); ok && a.CSeq().MethodName == method && a.StatusCode > 100 {
				return a
			}
		case <-timeout:
			t.Fatalf("no %s", method)
		}
	}
}

// say sends text with LF line ends to the phone; VIA and CONTACT stand for this peer's address.
func (r *raw) say(t *testing.T, p *Phone, text string) {
	t.Helper()
	me := r.wire.local.String()
	text = strings.NewReplacer("VIA", me, "CONTACT", "<sip:x@"+me+">", "\n", "\r\n").Replace(strings.TrimLeft(text, "\n"))
	m, err := sip.ParseMessage([]byte(text))
	must(t, err)
	must(t, r.wire.send(m, p.Address().String()))
}

const rawInvite = `
INVITE sip:a@x SIP/2.0
Via: SIP/2.0/UDP VIA;branch=z9hG4bK1;rport
From: <sip:x@x>;tag=1
To: <sip:a@x>
Call-ID: raw
CSeq: 1 INVITE
Contact: CONTACT
Record-Route: <sip:first@127.0.0.1;lr>
Record-Route: <sip:second@127.0.0.1;lr>
Content-Length: 0

`

func TestCallWithoutAnOfferGetsOne(t *testing.T) {
	r := newRaw(t)
	p := start(t, Config{Tel: "a", Incoming: Auto})
	r.say(t, p, rawInvite)
	ok := r.next(t, sip.INVITE).(*sip.Response)
	for ok.StatusCode < 200 {
		ok = r.next(t, sip.INVITE).(*sip.Response)
	}
	if d, err := parse(ok.Body(), []Codec{PCMU, PCMA}); err != nil || len(d.formats) != 2 {
		t.Fatalf("no offer in %s", ok)
	}
	tag, _ := ok.To().Params.Get("tag")
	r.say(t, p, `
ACK sip:a@x SIP/2.0
Via: SIP/2.0/UDP VIA;branch=z9hG4bK2;rport
From: <sip:x@x>;tag=1
To: <sip:a@x>;tag=`+tag+`
Call-ID: raw
CSeq: 1 ACK
Content-Type: application/sdp
Content-Length: 79

c=IN IP4 127.0.0.1
m=audio 40000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=sendonly`+"\n")
	call, err := p.WaitIncoming(within(t, 5*time.Second))
	must(t, err)
	_, err = call.Wait(within(t, 5*time.Second), func(s Status) bool { return s.Held })
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- call.Hangup(within(t, 5*time.Second)) }() // received below
	bye := r.next(t, sip.BYE).(*sip.Request)
	if routes := bye.GetHeaders("Route"); len(routes) != 2 || !strings.Contains(routes[0].Value(), "first") {
		t.Errorf("routes %v", routes)
	}
	must(t, r.wire.send(sip.NewResponseFromRequest(bye, 200, "OK", nil), p.Address().String()))
	must(t, <-ended)
}

func TestUnacknowledgedAnswerIsRepeated(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	p := start(t, Config{Tel: "a", Incoming: Auto})
	r.say(t, p, rawInvite)
	for finals := 0; finals < 3; {
		if r.next(t, sip.INVITE).(*sip.Response).StatusCode == 200 {
			finals++
		}
	}
}

func TestAnswerThatCrossesTheCancelIsHungUp(t *testing.T) {
	r := newRaw(t)
	p := start(t, Config{Tel: "a"})
	ctx := within(t, 10*time.Second)
	call, err := p.Dial(ctx, "sip:x@"+r.wire.local.String())
	must(t, err)
	invite := r.next(t, sip.INVITE).(*sip.Request)
	setTag(invite.To(), "2")
	must(t, r.wire.send(sip.NewResponseFromRequest(invite, 180, "Ringing", nil), p.Address().String()))
	must(t, call.WaitRinging(ctx))
	ended := make(chan error, 1)
	go func() { ended <- call.Hangup(ctx) }() // received below
	r.next(t, sip.CANCEL)
	ok := sip.NewResponseFromRequest(invite, 200, "OK", []byte("c=IN IP4 127.0.0.1\r\nm=audio 40000 RTP/AVP 0\r\n"))
	ok.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "x", Host: "127.0.0.1", Port: int(r.wire.local.Port())}})
	must(t, r.wire.send(ok, p.Address().String()))
	r.next(t, sip.ACK)
	bye := r.next(t, sip.BYE).(*sip.Request)
	must(t, r.wire.send(ok, p.Address().String())) // repeated, as if the ACK was lost
	r.next(t, sip.ACK)
	must(t, r.wire.send(sip.NewResponseFromRequest(bye, 200, "OK", nil), p.Address().String()))
	must(t, <-ended)
	if s := call.Status(); s.State != Ended {
		t.Errorf("%+v", s)
	}
}

func TestRequestsOfNoCallAreRefused(t *testing.T) {
	r := newRaw(t)
	p := start(t, Config{Tel: "a"})
	for method, want := range map[sip.RequestMethod]int{sip.BYE: 481, sip.OPTIONS: 200, sip.NOTIFY: 200} {
		r.say(t, p, `
`+string(method)+` sip:a@x SIP/2.0
Via: SIP/2.0/UDP VIA;branch=z9hG4bK`+string(method)+`;rport
From: <sip:x@x>;tag=1
To: <sip:a@x>;tag=2
Call-ID: none
CSeq: 1 `+string(method)+`
Content-Length: 0

`)
		if got := r.next(t, method).(*sip.Response).StatusCode; got != want {
			t.Errorf("%s: %d, want %d", method, got, want)
		}
	}
}
