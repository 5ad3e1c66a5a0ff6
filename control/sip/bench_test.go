package sip

import (
	"net/netip"
	"runtime"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// hose joins two stacks in memory: what one sends, the other's reading goroutine would get.
type hose struct {
	to   *Stack
	flow Flow // as the other end sees it
}

func (h *hose) send(b []byte, _ netip.AddrPort) error { h.to.receive(b, h.flow); return nil }
func (h *hose) alive() bool                           { return true }
func (h *hose) watch(func()) func()                   { return func() {} }

// joined returns two stacks and the flow from the first to the second.
func joined(tb testing.TB, accept func(*Invite)) (a, b *Stack, flow Flow) {
	tb.Helper()
	a, err := New(Config{})
	if err != nil {
		tb.Fatal(err)
	}
	if b, err = New(Config{OnInvite: accept}); err != nil {
		tb.Fatal(err)
	}
	there, here := netip.MustParseAddrPort("10.0.0.2:5060"), netip.MustParseAddrPort("10.0.0.1:5060")
	ab, ba := &hose{to: b}, &hose{to: a}
	ab.flow = Flow{Transport: UDP, Local: there, Remote: here, link: ba}
	ba.flow = Flow{Transport: UDP, Local: here, Remote: there, link: ab}
	tb.Cleanup(func() { a.Close(); b.Close() })
	return a, b, ba.flow
}

// BenchmarkCall is a whole call from INVITE to the answered BYE, both ends, without sockets.
func BenchmarkCall(b *testing.B) {
	actor := &inline{}
	a, callee, flow := joined(b, func(in *Invite) {
		d := in.Accept(actor, func(Event) {})
		actor.Post(func() { d.Ring(180, nil); d.Answer(answer) })
	})
	target := gosip.Uri{Scheme: "sip", User: "218", Host: "10.0.0.2", Port: 5060}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	for b.Loop() {
		var d *Dialog
		var err error
		d, err = a.Invite(InviteRequest{Target: target, Flow: flow, From: Identity{User: "217"}, SDP: offer}, actor, func(e Event) {
			if _, ok := e.(Answered); ok {
				actor.Post(func() { d.Bye("") })
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		actor.run()
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := a.Stats().Dialogs + callee.Stats().Dialogs; n != 0 {
		b.Fatalf("%d dialogs left", n)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N), "held-B/call") // by transactions, for 32 s
}

func BenchmarkReceiveOptions(b *testing.B) {
	s, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	p := &tap{}
	p.flow.Remote = netip.MustParseAddrPort("10.0.0.2:5060")
	text := []byte(wire(p.text(msg{method: "OPTIONS"})))
	flow := Flow{Transport: UDP, Local: netip.MustParseAddrPort("10.0.0.1:5060"), Remote: p.flow.Remote, link: drain{}}
	b.ReportAllocs()
	for b.Loop() {
		s.receive(text, flow)
	}
	s.Close()
}

// drain is a link into nothing.
type drain struct{}

func (drain) send([]byte, netip.AddrPort) error { return nil }
func (drain) alive() bool                       { return true }
func (drain) watch(func()) func()               { return func() {} }
