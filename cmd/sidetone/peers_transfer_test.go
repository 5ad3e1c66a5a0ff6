package main

import (
	"testing"
	"time"

	"sidetone/bench/peer"
)

// TestBaresipTransfers: real phones hear each other after a blind transfer by REFER and after one by hanging up.
// (baresip 1 knows no Replaces.)
func TestBaresipTransfers(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.baresips(t, nil, nil, nil)
	a, b, c := p[0], p[1], p[2]
	finish := func(t *testing.T) {
		since := time.Now()
		check(t, b.Hangup(soon(t)))
		_, err := c.WaitEvent(soon(t), since, "CALL_CLOSED")
		check(t, err)
		o.settled(t)
	}
	t.Run("blind", func(t *testing.T) {
		check(t, a.Call(soon(t), b.Tel()))
		p.hears(t, a, b)
		since := time.Now()
		check(t, a.Transfer(soon(t), c.Tel()))
		_, err := a.WaitEvent(soon(t), since, "CALL_CLOSED")
		check(t, err)
		p.hears(t, b, c)
		p.hears(t, c, b)
		finish(t)
	})
	t.Run("by hanging up", func(t *testing.T) {
		check(t, a.Call(soon(t), b.Tel()))
		check(t, a.Hold(soon(t)))
		check(t, a.Call(soon(t), c.Tel()))
		p.hears(t, a, c)
		check(t, a.Hangup(soon(t)))
		p.hears(t, b, c)
		p.hears(t, c, b)
		finish(t)
	})
}
