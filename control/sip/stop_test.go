package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// A stop tells every peer: BYE where answered, 503 where they called, CANCEL where we did; new calls get 503.
func TestStopEndsEveryDialog(t *testing.T) {
	actor := newLoop(t)
	evs := make(chan events, 8)
	s, err := New(Config{DrainTimeout: 10 * time.Second, Listen: []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}, OnInvite: func(in *Invite) {
		ev := newEvents()
		d := in.Accept(actor, ev.notify)
		if in.CallID() == "answered" {
			actor.Post(func() { d.Answer(answer) })
		} else {
			actor.Post(func() { d.Ring(180, nil) })
		}
		evs <- ev
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }() // waited for below

	talking, ringing, ours := newRaw(t, s, UDP), newRaw(t, s, TCP), newRaw(t, s, UDP)
	tag := talking.established("answered")
	ringing.say(ringing.text(msg{method: "INVITE", call: "ringing", body: "v=0\n"}))
	ringing.expect(180)
	out := newEvents()
	actor.do(func() {
		_, err = s.Invite(InviteRequest{Target: gosip.Uri{User: "x", Host: "127.0.0.1", Port: int(ours.addr().Port())}, SDP: offer}, actor, out.notify)
	})
	if err != nil {
		t.Fatal(err)
	}
	invite := ours.request(gosip.INVITE)
	ours.say(reply(invite, 180, "bt", "", ""))
	next[Progress](t, out)
	next[Acked](t, <-evs)

	cancel()
	bye := talking.request(gosip.BYE)
	if fromTag(bye) != tag || value(bye, "reason") == "" {
		t.Errorf("%s", bye)
	}
	if res := ringing.expect(503); value(res, "retry-after") == "" {
		t.Errorf("%s", res)
	}
	ringing.say(ringing.text(msg{method: "INVITE", call: "late"}))
	ringing.expect(503)
	cancelling := ours.request(gosip.CANCEL)
	ours.say(reply(cancelling, 200, "bt", "", ""))
	ours.say(reply(invite, 487, "bt", "", ""))
	ours.request(gosip.ACK)
	if e := next[Failed](t, out); e.Code != 487 {
		t.Errorf("%+v", e)
	}
	talking.say(reply(bye, 200, "", "", ""))
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("does not stop")
	}
	if n := s.Stats(); n.Dialogs+n.ClientTransactions+n.ServerTransactions != 0 {
		t.Errorf("%+v", n)
	}
	if _, err := s.Invite(InviteRequest{Target: invite.Recipient}, actor, out.notify); err == nil {
		t.Error("a closed stack calls")
	}
	if err := s.Run(context.Background()); err == nil {
		t.Error("a closed stack runs")
	}
}

func TestCloseTellsEveryOwner(t *testing.T) {
	actor, ev := newLoop(t), newEvents()
	s := serve(t, Config{OnInvite: func(in *Invite) {
		d := in.Accept(actor, ev.notify)
		actor.Post(func() { d.Answer(answer) })
	}})
	newRaw(t, s, UDP).established("x")
	next[Acked](t, ev)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if e := next[Terminated](t, ev); e.Reason != "stopped" {
		t.Errorf("%+v", e)
	}
}

// 1,000 calls over UDP and TCP leave nothing behind once the transactions have had their time; goleak sees goroutines.
func TestNothingIsLeftOfManyCalls(t *testing.T) {
	t.Parallel()
	const calls = 1000
	brief := Timers{T1: 60 * time.Millisecond, T2: 120 * time.Millisecond, T4: 60 * time.Millisecond}
	caller, callee, accepted := pair(t, brief)
	actor := newLoop(t)
	for i := range calls {
		transport := UDP
		if i%2 == 1 {
			transport = TCP
		}
		c := dial(t, caller, callee, transport, actor, offer, accepted)
		switch i % 4 {
		case 0, 1:
			c.callee.do(func() { c.b.Answer(answer) })
			next[Answered](t, c.callerEvents)
			next[Acked](t, c.calleeEv)
			if i%8 < 4 {
				c.caller.do(func() { c.a.Bye("") })
			} else {
				c.callee.do(func() { c.b.Bye("") })
			}
			next[Terminated](t, c.callerEvents)
			next[Terminated](t, c.calleeEv)
		case 2:
			c.callee.do(func() { c.b.Reject(486, "") })
			if e := next[Failed](t, c.callerEvents); e.Code != 486 {
				t.Fatalf("%+v", e)
			}
			next[Terminated](t, c.calleeEv)
		case 3:
			c.caller.do(func() { c.a.Cancel() })
			next[Cancelled](t, c.calleeEv)
			if e := next[Failed](t, c.callerEvents); e.Code != 487 {
				t.Fatalf("%+v", e)
			}
		}
	}
	for _, s := range []*Stack{caller, callee} {
		eventually(t, "empty tables", func() bool {
			n := s.Stats()
			return n.Dialogs+n.ClientTransactions+n.ServerTransactions == 0
		})
		s.mu.Lock()
		if len(s.merges) != 0 || len(s.cancels.at) != 0 || len(s.streams) > 1 {
			t.Errorf("%d merges, %d cancels, %d streams", len(s.merges), len(s.cancels.at), len(s.streams))
		}
		for c := range s.streams {
			c.mu.Lock()
			if len(c.watchers) != 0 {
				t.Errorf("%d watchers", len(c.watchers))
			}
			c.mu.Unlock()
		}
		s.mu.Unlock()
	}
}

func TestCallOverTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, RootCAs: pool, ServerName: "127.0.0.1"}
	actor := newLoop(t)
	ev := newEvents()
	callee := serve(t, Config{TLS: config, Listen: []string{"tls:127.0.0.1:0"}, OnInvite: func(in *Invite) {
		d := in.Accept(actor, ev.notify)
		actor.Post(func() { d.Answer(answer) })
	}})
	caller := serve(t, Config{TLS: config, Listen: []string{"tls:127.0.0.1:0"}})
	out := newEvents()
	var d *Dialog
	actor.do(func() {
		d, err = caller.Invite(InviteRequest{Target: callee.uri(t, TLS, "x"), SDP: offer}, actor, out.notify)
	})
	if err != nil {
		t.Fatal(err)
	}
	next[Answered](t, out)
	next[Acked](t, ev)
	actor.do(func() { d.Bye("") })
	next[Terminated](t, ev)
}
