package sip

import (
	"bytes"
	"net/netip"
	"strings"
	"sync"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// inline is an Actor that runs what is posted after the poster is done with its message.
type inline struct {
	mu    sync.Mutex // guards the following
	queue []func()
}

func (a *inline) Post(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue = append(a.queue, f)
}

func (a *inline) run() {
	for {
		a.mu.Lock()
		if len(a.queue) == 0 {
			a.mu.Unlock()
			return
		}
		f := a.queue[0]
		a.queue = a.queue[1:]
		a.mu.Unlock()
		f()
	}
}

// sink is a link that checks what is sent: every message must parse, and no header may hide in another.
type sink struct {
	t      *testing.T
	parser *gosip.Parser
}

func (k sink) send(b []byte, _ netip.AddrPort) error {
	head, _, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		k.t.Errorf("no end of headers in %q", b)
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if bytes.ContainsAny(line, "\r\n") {
			k.t.Errorf("broken line %q", line)
		}
	}
	if _, err := k.parser.ParseSIP(b); err != nil && !strings.Contains(err.Error(), "not a SIP message") {
		k.t.Errorf("%v in %q", err, b)
	}
	return nil
}
func (k sink) alive() bool         { return true }
func (k sink) watch(func()) func() { return func() {} }

// FuzzMessage puts bytes through the filter, the parser and every handler, with an answered call, a call we made and a
// registration there to be hit. Nothing may panic, and whatever is answered must be well-formed.
func FuzzMessage(f *testing.F) {
	p := &tap{flow: Flow{Remote: netip.MustParseAddrPort("10.0.0.2:5060")}}
	for _, method := range []string{"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "UPDATE", "REFER", "NOTIFY", "SUBSCRIBE", "PRACK", "MESSAGE", "PUBLISH", "X"} {
		f.Add([]byte(wire(p.text(msg{method: method, body: "v=0\n"}))))
		f.Add([]byte(wire(p.text(msg{method: method, toTag: "TOTAG", call: "FUZZCALL", seq: 2, body: "v=0\n"}))))
	}
	for _, code := range []string{"100", "180", "200", "302", "401", "486", "491", "700"} {
		f.Add([]byte("SIP/2.0 " + code + " X\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=BRANCH\r\nFrom: <sip:217@x>;tag=FROMTAG\r\n" +
			"To: <sip:218@x>;tag=bt\r\nCall-ID: OURCALL\r\nCSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.2>, \"q\" <sip:b@[::1]:9;lr>;q=1\r\n" +
			"Record-Route: <sip:r@10.0.0.2;lr>\r\nContent-Length: 0\r\n\r\n"))
	}
	f.Add([]byte("REGISTER sip:x SIP/2.0\r\nv: SIP/2.0/TCP [::1]:5060;branch=z9hG4bKa;rport,SIP/2.0/UDP b\r\nf: \"a\\\"b\" <sip:217@x>;tag=1\r\n" +
		"t: sip:217@x\r\ni: c\r\nCSeq: 1 REGISTER\r\nm: *\r\nExpires: 0\r\nAuthorization: Digest username=\"s217\", realm=\"sidetone\", nonce=\"x\", nc=00000001\r\nl: 0\r\n\r\n"))
	parts := p.text(msg{method: "INVITE", body: "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--c--\r\n--b--\r\n"})
	f.Add([]byte(wire(strings.Replace(parts, sdpType, "multipart/mixed;boundary=b", 1))))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		actor := &inline{}
		accept := func(in *Invite) {
			in.From()
			in.To()
			in.Target()
			in.SDP()
			in.Header("supported")
			if strings.HasPrefix(in.CallID(), "auth") {
				in.Authenticate()
				return
			}
			in.Accept(actor, func(e Event) {
				if r, ok := e.(*Request); ok {
					r.Header("subject")
				}
			})
		}
		s, err := New(Config{Accounts: stations{}, OnInvite: accept})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			s.Close()
			actor.run() // dialogs stop their timers
		}()
		flow := Flow{
			Transport: UDP, Local: netip.MustParseAddrPort("10.0.0.1:5060"), Remote: netip.MustParseAddrPort("10.0.0.2:5060"),
			link: sink{t, newParser()},
		}
		peer := &tap{flow: flow}
		s.receive([]byte(wire(peer.text(msg{method: "INVITE", call: "FUZZCALL", branch: "fuzz"}))), flow)
		var in *Dialog
		for _, in = range s.dialogs {
		}
		actor.Post(func() { in.Answer(answer) })
		out, err := s.Invite(InviteRequest{Target: gosip.Uri{User: "218", Host: "10.0.0.2"}, Flow: flow, SDP: offer}, actor, func(Event) {})
		if err != nil {
			t.Fatal(err)
		}
		via, _ := param(out.out.req.Via().Params, "branch")
		b = []byte(strings.NewReplacer("TOTAG", in.LocalTag(), "BRANCH", via, "OURCALL", out.CallID(), "FROMTAG", out.LocalTag()).Replace(string(b)))
		for range 2 {
			s.receive(b, flow)
			actor.run()
		}
		var fr framer
		for i := 0; i < len(b); i += 7 {
			fr.write(b[i:min(i+7, len(b))])
			for {
				m, _, err := fr.next()
				if m == nil || err != nil {
					break
				}
				s.receive(m, flow)
			}
		}
		actor.run()
		actor.Post(func() { in.End(0, "") })
		actor.Post(func() { out.End(0, "") })
		actor.run()
		if n := s.Stats().Panics; n != 0 {
			t.Errorf("%d panics in the parser", n)
		}
	})
}
