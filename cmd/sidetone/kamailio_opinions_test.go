package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
	"sidetone/bench/phone"
	"sidetone/control/ng/bencode"
)

// TestKamailioKnowsOpinions: the variables of the proxy's module for a call's opinions are filled from what the phones report: a
// baresip to which a fifth is lost, and a phone that hears all. They are as the reply to delete has them, which fits into a datagram.
func TestKamailioKnowsOpinions(t *testing.T) {
	t.Parallel()
	peer.Need(t, "baresip")
	p := newProxied(t, peer.KamailioConfig{Offer: peer.KamailioFlags + " label=A", Answer: peer.KamailioFlags + " label=B"}, nil)
	callee := p.baresips(t, peer.BaresipConfig{Tel: "218"})[0]
	caller := p.phone(t, 0, func(c *phone.Config) { c.Server, c.Loss, c.Tone = p.proxy.Address(), 0.2, 440 })
	since := time.Now()
	call, err := caller.Call(soon(t), callee.Tel())
	check(t, err)
	id := ""
	reported := func() bool {
		if list := p.tap.heard("offer"); len(list) > 0 {
			id, _ = list[0].request.Get("call-id").Text()
		}
		return ask(t, p.engine, ngRequest("command", "query", "call-id", id)).Get("SSRC").Len() == 2
	}
	for !reported() { // phones report every five seconds, and both must have before either is judged
		if time.Since(since) > time.Minute {
			t.Fatal("no opinions in a minute")
		}
		time.Sleep(100 * time.Millisecond)
	}
	check(t, call.Hangup(soon(t)))
	_, err = callee.WaitEvent(soon(t), since, "CALL_CLOSED")
	check(t, err)
	p.nothingLeft(t)

	reports, err := p.proxy.Media()
	check(t, err)
	if len(reports) != 1 || len(reports[0].Opinions) != 3 {
		t.Fatalf("reports %+v", reports)
	}
	whole, a, b := reports[0].Opinions["call"], reports[0].Opinions["A"], reports[0].Opinions["B"]
	for of, o := range reports[0].Opinions {
		for name, x := range map[string]peer.Opinion{"lowest": o.Lowest, "highest": o.Highest, "average": o.Average} {
			if mos := number(t, x.MOS); mos < 1 || mos > 4.5 {
				t.Errorf("%s, %s: MOS %s", of, name, x.MOS)
			}
			trip, leg := number(t, x.RoundTrip), number(t, x.RoundTripLeg)
			if trip < 0 || trip > 1e6 || leg < 0 || leg > trip || number(t, x.Jitter) > 1000 {
				t.Errorf("%s, %s: round trip %s us, of which %s us, jitter %s ms", of, name, x.RoundTrip, x.RoundTripLeg, x.Jitter)
			}
			if seconds := number(t, strings.Replace(x.At, ":", ".", 1)); name != "average" && (seconds < 0 || seconds > 2) {
				t.Errorf("%s, %s: at %s", of, name, x.At)
			}
		}
		if n := number(t, o.Average.Samples); n < 1 {
			t.Errorf("%s: %s samples", of, o.Average.Samples)
		}
	}
	if loss := number(t, b.Average.PacketLoss); loss < 8 || loss > 35 || number(t, b.Average.MOS) > 4 {
		t.Errorf("the side that a fifth is lost to: %+v", b.Average)
	}
	if number(t, a.Average.PacketLoss) > 2 || number(t, a.Average.MOS) < 4 {
		t.Errorf("the side that hears all: %+v", a.Average)
	}
	if whole.Lowest != b.Lowest || whole.Highest != a.Highest {
		t.Errorf("of the whole call %+v, of its sides %+v and %+v", whole, a, b)
	}
	reply := p.tap.heard("delete")[0].reply(t)
	if n := len(bencode.Append(nil, reply)); reply.Get("SSRC").Len() != 2 || n > 1400 {
		t.Errorf("%d SSRCs in a reply of %d bytes", reply.Get("SSRC").Len(), n)
	}
	t.Logf("A %+v\nB %+v", a, b)
}

// number is one of the proxy's.
func number(t *testing.T, text string) float64 {
	t.Helper()
	if text == "" {
		return 0
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Errorf("the proxy has %q", text)
	}
	return x
}
