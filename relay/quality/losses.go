package quality

import "math/bits"

// leastBetween is Gmin (RFC 3611, 4.7.2): so many packets in order, one after the other, end a burst.
const leastBetween = 16

// window is for how many packets it is left open whether they come after all.
const window = 64

// Losses follows which packets of a stream were lost, or came too late to be played, and tells bursts from gaps between them
// (RFC 3611, 4.7.2): a burst begins and ends with a packet that was not played and has fewer than leastBetween in order in a row.
// Packets are named by their number, counted from the first as in Counts.Expected. What is not told of was in order, so that
// only what is not costs anything. The zero value is ready.
type Losses struct {
	end uint64 // number after the newest packet that is known of
	bad uint64 // bit i: packet end-1-i was not played

	// Of the packets before the window.
	good         uint32 // in order since the last bad one
	run, runBad  uint32 // from the last bad one back to the first of its burst, and the bad ones of them
	allBad       uint32
	bursts       uint32
	burstPackets uint32
	burstBad     uint32
}

// Missing tells that n packets before number next, which has come, have not.
//
// Hot path: no allocation, lock, clock or log.
func (l *Losses) Missing(next uint64, n int) {
	l.upTo(next - uint64(n))
	l.push(uint64(n), true)
}

// Came tells that a packet has come that was Missing.
//
// Hot path: no allocation, lock, clock or log.
func (l *Losses) Came(number uint64) { l.set(number, false) }

// Discarded tells that a packet has come and will not be played.
//
// Hot path: no allocation, lock, clock or log.
func (l *Losses) Discarded(number uint64) {
	l.upTo(number + 1)
	l.set(number, true)
}

// set corrects what is known of a packet, if it is in the window.
func (l *Losses) set(number uint64, bad bool) {
	back := l.end - 1 - number
	if number >= l.end || back >= window {
		return
	}
	l.bad &^= 1 << back
	if bad {
		l.bad |= 1 << back
	}
}

// upTo takes packets up to, and without, a number as in order.
func (l *Losses) upTo(number uint64) {
	if number > l.end {
		l.push(number-l.end, false)
	}
}

// push takes n packets, all in order or all bad, into the window, and settles what they push out.
func (l *Losses) push(n uint64, bad bool) {
	l.end += n
	out := l.bad
	if n < window {
		l.bad <<= n
		l.settle(out>>(window-n), int(n))
	} else {
		l.bad = 0
		l.settle(out, window)
		l.settled(uint32(n-window), bad)
	}
	if bad {
		l.bad |= 1<<min(n, window) - 1
	}
}

// settle takes the n packets that have left the window; the oldest is the highest bit.
func (l *Losses) settle(word uint64, n int) {
	word <<= window - n
	for n > 0 {
		bad := word>>(window-1) != 0
		same := bits.LeadingZeros64(word)
		if bad {
			same = bits.LeadingZeros64(^word)
		}
		same = min(same, n)
		l.settled(uint32(same), bad)
		word <<= same
		n -= same
	}
}

// settled takes n packets of which nothing will change any more.
func (l *Losses) settled(n uint32, bad bool) {
	switch {
	case n == 0:
	case !bad:
		l.good += n
	default:
		if l.runBad > 0 && l.good < leastBetween {
			l.run += l.good
		} else {
			l.close()
		}
		l.run += n
		l.runBad += n
		l.allBad += n
		l.good = 0
	}
}

// close ends a burst. A single packet makes none.
func (l *Losses) close() {
	if l.runBad > 1 {
		l.bursts++
		l.burstPackets += l.run
		l.burstBad += l.runBad
	}
	l.run, l.runBad = 0, 0
}

// Bursts are packets in bursts of losses and in the gaps between those, and how many of them were lost or not played.
type Bursts struct {
	Bursts, BurstPackets, BurstBad uint32
	Gaps, GapPackets, GapBad       uint32
}

// Bursts sums up the first expected packets.
//
// Hot path: no allocation, lock, clock or log.
func (l *Losses) Bursts(expected uint64) Bursts {
	sum := *l
	sum.upTo(expected)
	sum.settle(sum.bad, window)
	inBurst := sum.good == 0 && sum.runBad > 1
	sum.close()
	b := Bursts{Bursts: sum.bursts, BurstPackets: sum.burstPackets, BurstBad: sum.burstBad, GapBad: sum.allBad - sum.burstBad}
	b.GapPackets = uint32(max(expected, uint64(b.BurstPackets)) - uint64(b.BurstPackets))
	if b.GapPackets > 0 {
		b.Gaps = b.Bursts + 1 // a stream begins with a packet that has come
		if inBurst {
			b.Gaps--
		}
	}
	return b
}
