package relay

import (
	"net/netip"
	"time"
)

const (
	// inSequence is how many packets in sequence a source needs to be believed.
	inSequence = 4
	// proven is how many packets at a stream's pace prove a source, so that no passer-by takes the lock from it.
	proven = 16
	// beat is the least time between packets that count: a burst shows no more than one packet does.
	beat = int64(15 * time.Millisecond)
	// pause is the most time between packets of a stream that keeps its pace.
	pause = int64(100 * time.Millisecond)
	// activeTime is for how long after a packet a vouched-for candidate keeps strangers out.
	activeTime = int64(time.Second)
)

// candidates follows the sources that a latch is learning from, a few at a time, so that packets of others in
// between do not break a stream's sequence.
type candidates [4]candidate

type candidate struct {
	src     netip.AddrPort
	ssrc    uint32
	seq     uint16
	count   uint8 // packets in sequence so far that count, 0 = an empty entry
	steady  uint8 // those of them since the last pause
	vouched bool
	at      int64  // of the newest packet that counts
	run     uint8  // those of them that are being compared with the locked source's
	rival   uint32 // the locked source's count when run began
}

// follow notes a packet of a source and returns its entry, nil when there is no room for it. beats counts the locked
// source's packets.
// Hot path: no allocation, lock, clock or log.
func (cs *candidates) follow(src netip.AddrPort, vouched bool, ssrc uint32, seq uint16, now int64, beats uint32) *candidate {
	c := cs.entry(src, vouched)
	if c == nil {
		return nil
	}
	next := c.count > 0 && ssrc == c.ssrc && seq == c.seq+1
	switch {
	case c.count > 0 && ssrc == c.ssrc && seq == c.seq: // a duplicate proves nothing and disproves nothing
		return c
	case next && now-c.at < beat:
		c.seq = seq
		return c
	case next && now-c.at <= pause:
		c.count, c.steady, c.run = min(c.count+1, proven), min(c.steady+1, proven), c.run+1
	case next:
		c.count, c.steady, c.run, c.rival = min(c.count+1, proven), 1, 1, beats
	default:
		c.count, c.steady, c.run, c.rival = 1, 1, 1, beats
	}
	c.src, c.ssrc, c.seq, c.vouched, c.at = src, ssrc, seq, vouched, now
	return c
}

// qualifies notes a packet and reports whether its source has now sent inSequence packets in sequence under one
// SSRC and, when it is a stranger, no vouched-for source is sending.
// Hot path: no allocation, lock, clock or log.
func (cs *candidates) qualifies(src netip.AddrPort, vouched bool, ssrc uint32, seq uint16, now int64) bool {
	c := cs.follow(src, vouched, ssrc, seq, now, 0)
	return c != nil && c.count >= inSequence && (vouched || !cs.vouchedActive(now))
}

// entry returns the entry of src, else an empty one, else the one to give up: the least advanced stranger,
// or for a vouched-for source the oldest of all. A stranger displaces no vouched-for source: nil.
func (cs *candidates) entry(src netip.AddrPort, vouched bool) *candidate {
	var give *candidate
	for i := range cs {
		c := &cs[i]
		if c.count > 0 && c.src == src {
			return c
		}
		if c.count > 0 && c.vouched && !vouched {
			continue
		}
		if give == nil || c.less(give) {
			give = c
		}
	}
	if give != nil {
		*give = candidate{}
	}
	return give
}

// less orders entries by how little is lost with them.
func (c *candidate) less(d *candidate) bool {
	if c.vouched != d.vouched {
		return d.vouched
	}
	if c.count != d.count {
		return c.count < d.count
	}
	return c.at < d.at
}

func (cs *candidates) vouchedActive(now int64) bool {
	for i := range cs {
		if cs[i].count > 0 && cs[i].vouched && now-cs[i].at < activeTime {
			return true
		}
	}
	return false
}
