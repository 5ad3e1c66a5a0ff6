package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
)

// A phone with G.722, two of them, one with Opus and one with G.711 in one room: everybody hears the others at their level and
// nobody himself, at the rate of each one's codec.
func TestBaresipsOfAllCodecsInOneRoom(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := o.baresips(t, []string{"PCMA"}, []string{"G722/16000"}, []string{"opus/48000/2"}, []string{"G722/16000"})
	for i, b := range p { // the room's rate rises while they come
		check(t, b.Call(soon(t), "700"))
		for k, other := range p[:i+1] {
			if i > 0 {
				p.hears(t, other, slices.Delete(slices.Clone(p[:i+1]), k, k+1)...)
			}
		}
	}
	var faults []string
	for range 3 {
		heard, err := p.together(soon(t), 3*time.Second)
		check(t, err)
		if faults = p.faults(heard); faults == nil {
			return
		}
		t.Logf("not this time: %s", strings.Join(faults, "; "))
	}
	t.Error(strings.Join(faults, "\n"))
}

// Two phones without a codec in common, over two RTP clocks and three sampling rates.
func TestBaresipsTranscodedAcrossRates(t *testing.T) {
	peer.Need(t, "baresip")
	for _, pair := range [][2]string{{"G722/16000", "PCMU"}, {"opus/48000/2", "PCMA"}, {"opus/48000/2", "G722/16000"}} {
		t.Run(strings.NewReplacer("/", "_").Replace(pair[0]+" and "+pair[1]), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, nil)
			p := o.baresips(t, pair[:1], pair[1:])
			for _, caller := range []int{0, 1} {
				a, b := p[caller], p[1-caller]
				check(t, a.Call(soon(t), b.Tel()))
				p.hears(t, a, b)
				p.hears(t, b, a)
				since := time.Now()
				check(t, a.Hangup(soon(t)))
				_, err := b.WaitEvent(soon(t), since, "CALL_CLOSED")
				check(t, err)
			}
		})
	}
}
