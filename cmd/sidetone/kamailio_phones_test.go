package main

import (
	"strings"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
)

// baresips registers real phones with the proxy, each with a tone of its own.
func (p *proxied) baresips(t *testing.T, configs ...peer.BaresipConfig) phones {
	t.Helper()
	voices := audio.Voices()
	var list phones
	for i, c := range configs {
		c.Server, c.UserID, c.Password, c.Tone, c.Dir = p.proxy.Address(), "u"+c.Tel, "secret-"+c.Tel, voices[i], t.TempDir()
		b, err := peer.StartBaresip(soon(t), c)
		check(t, err)
		t.Cleanup(func() { b.Close() })
		list = append(list, b)
	}
	for _, b := range list {
		check(t, b.WaitRegistered(soon(t)))
	}
	return list
}

// TestKamailioPhonesHearEachOther: real phones that a proxy connects hear each other through us, in plain RTP, in SRTP
// and across; the callee hangs up.
func TestKamailioPhonesHearEachOther(t *testing.T) {
	t.Parallel()
	const off, on = "", "srtp-mand"
	for _, tc := range []struct{ name, caller, callee, offer, answer string }{
		{"plain", off, off, "", ""},
		{"plain to SRTP", off, on, "RTP/SAVP", "RTP/AVP"},
		{"SRTP to plain", on, off, "RTP/AVP", "RTP/SAVP"},
		{"SRTP", on, on, "", ""},
		{"SRTP with keys of our own", on, on, "RTP/SAVP SDES-only-AES_CM_128_HMAC_SHA1_32", "RTP/SAVP"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			peer.Need(t, "baresip")
			t.Parallel()
			p := newProxied(t, peer.KamailioConfig{Offer: peer.KamailioFlags + " " + tc.offer, Answer: peer.KamailioFlags + " " + tc.answer}, nil)
			list := p.baresips(t, peer.BaresipConfig{Tel: "217", SRTP: tc.caller}, peer.BaresipConfig{Tel: "218", SRTP: tc.callee})
			a, b := list[0], list[1]
			check(t, a.Call(soon(t), b.Tel()))
			list.hears(t, a, b)
			list.hears(t, b, a)
			if tc.offer == "" {
				check(t, a.Hold(soon(t)))
				list.hears(t, b)
				check(t, a.Resume(soon(t)))
				list.hears(t, a, b)
				list.hears(t, b, a)
			}
			since := time.Now()
			check(t, b.Hangup(soon(t)))
			_, err := a.WaitEvent(soon(t), since, "CALL_CLOSED")
			check(t, err)
			p.nothingLeft(t)
		})
	}
}

// TestKamailioForks: a number that two phones have registered rings at both; the one that answers is heard, and of the
// other branch nothing is left, whether the proxy tells us the branches apart or not.
func TestKamailioForks(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"", " via-branch=auto-next"} {
		t.Run("flags"+branch, func(t *testing.T) {
			peer.Need(t, "baresip")
			t.Parallel()
			p := newProxied(t, peer.KamailioConfig{Offer: peer.KamailioFlags + branch, Answer: peer.KamailioFlags + branch}, nil)
			list := p.baresips(t, peer.BaresipConfig{Tel: "217"}, peer.BaresipConfig{Tel: "218", Manual: true}, peer.BaresipConfig{Tel: "218", Manual: true})
			a, b, other := list[0], list[1], list[2]
			since := time.Now()
			_, err := a.Dial(soon(t), "218")
			check(t, err)
			for _, x := range []*peer.Baresip{b, other} {
				_, err := x.WaitEvent(soon(t), since, "CALL_INCOMING")
				check(t, err)
			}
			check(t, b.Answer(soon(t)))
			_, err = other.WaitEvent(soon(t), since, "CALL_CLOSED")
			check(t, err)
			pair := phones{a, b}
			pair.hears(t, a, b)
			pair.hears(t, b, a)
			if offers := p.tap.heard("offer"); len(offers) != 2 || branch != "" && !strings.Contains(offers[0].requests[0], "10:via-branch") {
				t.Errorf("%d offers, the first %q", len(offers), offers[0].requests)
			}
			since = time.Now()
			check(t, a.Hangup(soon(t)))
			_, err = b.WaitEvent(soon(t), since, "CALL_CLOSED")
			check(t, err)
			p.nothingLeft(t)
		})
	}
}
