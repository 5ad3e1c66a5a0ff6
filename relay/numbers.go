package relay

import "sidetone/relay/rtp"

// numbers gives the packets of one relayed stream their sequence numbers while others are put in, taken out, and several made into one.
// Nothing of that is a gap; what was lost on the way to us is. A leg has them from the first route to it that needs them, so
// that the numbers go on when the route changes. SRTP comes after.
//
//	comes   100 101 102(out) 103          104 105      106 107     (108 109 lost)  110 111
//	leaves  100 101          102 103(in)      104(104+105) 105(106+107)                107(110+111)
type numbers struct {
	started   bool
	ssrc      uint32
	highest   uint16 // that came
	timestamp uint32 // of the newest that left
	at        int64  // when it did
	cuts      [mostCuts]cut
	newest    int // in cuts

	// Payloads made of several packets (Framer).
	kept   int  // packets that the next one is made of too
	marked bool // one of them had the marker
	group  int  // packets that the last one was made of; 0 = 1
	owed   int  // packets lost that no number is left out for; negative: that came late, after one was

	packets, octets uint32 // that left more than came (retell.go)
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
// Hot path: no allocation, lock, clock or log.
func (n *numbers) see(p []byte) (seq uint16, newest bool) {
	seq = rtp.SequenceNumber(p)
	if !n.started || n.ssrc != rtp.SSRC(p) {
		*n = numbers{started: true, ssrc: rtp.SSRC(p), highest: seq - 1}
	}
	ahead := rtp.SeqDiff(seq, n.highest)
	if ahead > jump || ahead < -jump {
		n.cuts, n.newest = [mostCuts]cut{{used: true, after: seq - 1, shift: n.shift()}}, 0
		n.highest, ahead = seq-1, 1
	}
	if n.group > 1 {
		n.lose(ahead - 1)
	}
	if ahead > 0 {
		n.highest = seq
	}
	return seq, ahead > 0
}

// lose leaves out as many numbers as the packets that are missing would have become payloads, at once for the first; or notes, with less than
// 0, that one is there after all.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) lose(missing int) {
	if missing < 0 {
		n.owed = max(n.owed-1, -n.group)
		return
	}
	n.owed += missing
	out := max(n.owed+n.group-1, 0) / n.group
	n.owed -= out * n.group
	if out != missing {
		n.cut(n.shift() + uint16(out-missing))
	}
}

// shift is the present difference.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) shift() uint16 { return n.cuts[n.newest].shift }

// cut changes the difference for what comes after the highest.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) cut(shift uint16) {
	n.packets += uint32(rtp.SeqDiff(shift, n.shift()))
	if c := &n.cuts[n.newest]; c.used && c.after == n.highest {
		c.shift = shift
		return
	}
	n.newest = (n.newest + 1) % len(n.cuts)
	n.cuts[n.newest] = cut{used: true, after: n.highest, shift: shift}
}

// pass numbers a packet that leaves, of which so many octets came.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) pass(p []byte, came int, now int64) {
	seq, newest := n.see(p)
	switch {
	case newest:
		seq += n.shift()
		n.timestamp, n.at = rtp.Timestamp(p), now
	case n.group > 1: // its own number may be another's
		seq = n.insert()
	default:
		seq += n.shiftOf(seq)
	}
	rtp.SetSequenceNumber(p, seq)
	n.octets += uint32(len(p) - came)
}

// shiftOf is the difference that there was when a late packet should have come.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) shiftOf(seq uint16) uint16 {
	for i := range n.cuts { // from the newest back
		c := n.cuts[(n.newest-i+len(n.cuts))%len(n.cuts)]
		if !c.used {
			break
		}
		if rtp.SeqLess(c.after, seq) {
			return c.shift
		}
	}
	return 0 // before the first cut there was none
}

// drop notes a packet that does not leave. One that comes late leaves the gap that was left for it. A nil numbers has nothing to know.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) drop(p []byte) {
	if n == nil {
		return
	}
	if _, newest := n.see(p); newest {
		n.cut(n.shift() - 1)
	}
	n.octets -= uint32(len(p) - rtp.HeaderLen(p))
}

// keep notes a packet that does not leave because the next payload is made of it too.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) keep(p []byte) {
	n.drop(p)
	n.kept++
	n.marked = n.marked || rtp.Marker(p)
}

// join is for a packet with all that was kept, before it passes.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) join(p []byte) {
	if n.marked {
		rtp.SetMarker(p, true)
	}
	n.group, n.kept, n.marked = n.kept+1, 0, false
}

// put makes a packet of ours one of the stream, after the newest.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) put(p []byte) {
	rtp.SetSSRC(p, n.ssrc)
	rtp.SetSequenceNumber(p, n.insert())
	n.octets += uint32(len(p) - rtp.HeaderLen(p))
}

// insert gives the number for a packet that leaves after the newest.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) insert() uint16 {
	shift := n.shift() + 1
	n.cut(shift)
	return n.highest + shift
}
