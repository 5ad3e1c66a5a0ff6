package media

import "sidetone/relay/rtp"

// numbers gives the packets of one relayed stream their sequence numbers while others are put in and taken out.
//
//	comes   100 101 102(out) 103          104
//	leaves  100 101          102 103(in)  104
type numbers struct {
	started   bool
	ssrc      uint32
	highest   uint16 // that came
	timestamp uint32 // of the newest that left
	at        int64  // when it did
	cuts      [mostCuts]cut
	newest    int // in cuts
}

// cut is where the numbers that leave change from those that come by another difference than before.
type cut struct {
	used  bool
	after uint16 // the number that came
	shift uint16
}

// mostCuts is how many are remembered, for packets that come late: more than a key of a second has packets.
const mostCuts = 64

// jump is more than a network reorders: a source that starts its numbers again.
const jump = 1000

// see notes a packet that comes and tells whether it is the newest.
func (n *numbers) see(p []byte) (seq uint16, newest bool) {
	seq = rtp.SequenceNumber(p)
	if !n.started || n.ssrc != rtp.SSRC(p) {
		*n = numbers{started: true, ssrc: rtp.SSRC(p), highest: seq - 1}
	}
	ahead := rtp.SeqDiff(seq, n.highest)
	if ahead > jump || ahead < -jump {
		shift := n.shift()
		n.cuts, n.highest, ahead = [mostCuts]cut{}, seq-1, 1
		n.cut(shift)
	}
	if ahead > 0 {
		n.highest = seq
	}
	return seq, ahead > 0
}

// shift is the present difference.
func (n *numbers) shift() uint16 { return n.cuts[n.newest].shift }

// cut changes the difference for what comes after the highest.
func (n *numbers) cut(shift uint16) {
	if c := &n.cuts[n.newest]; c.used && c.after == n.highest {
		c.shift = shift
		return
	}
	n.newest = (n.newest + 1) % len(n.cuts)
	n.cuts[n.newest] = cut{used: true, after: n.highest, shift: shift}
}

// pass numbers a packet that leaves.
func (n *numbers) pass(p []byte, now int64) {
	seq, newest := n.see(p)
	var shift uint16
	for i := range n.cuts { // from the newest back
		c := n.cuts[(n.newest-i+len(n.cuts))%len(n.cuts)]
		if !c.used {
			break
		}
		if shift = c.shift; rtp.SeqLess(c.after, seq) {
			break
		}
		shift = 0 // before the first cut there was none, unless an older one says so
	}
	rtp.SetSequenceNumber(p, seq+shift)
	if newest {
		n.timestamp, n.at = rtp.Timestamp(p), now
	}
}

// drop notes a packet that does not leave. One that comes late leaves the gap that was left for it.
func (n *numbers) drop(p []byte) {
	if _, newest := n.see(p); newest {
		n.cut(n.shift() - 1)
	}
}

// insert gives the number for a packet that leaves after the newest.
func (n *numbers) insert() uint16 {
	shift := n.shift() + 1
	n.cut(shift)
	return n.highest + shift
}
