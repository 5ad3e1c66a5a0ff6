package jitter

// Fetch reads a word of each line of the processor's cache that the next packet and the next piece of the stream need, so that the
// processor waits for all that are missing at once and not for one after the other. What it returns is a sum that nobody needs.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Fetch() (sum uint64) {
	coming, going := b.ring.at(b.newest+1), b.ring.at(b.next)
	sum = uint64(coming.index) + uint64(going.index)
	room := 0 // of the payload that is going, or the one that will be taken next
	if going.filled {
		room = int(going.room)
	} else if n := len(b.ring.spare); n > 0 {
		room = int(b.ring.spare[n-1])
	}
	payload := b.ring.payloads[room*b.ring.stride:][:b.ring.stride]
	for at := 0; at < min(len(payload), usualPayload); at += line {
		sum += uint64(payload[at])
	}
	t := &b.target
	sum += uint64(b.config.Tick) + uint64(b.source.samples) + uint64(b.source.candidateNext)
	sum += uint64(t.base.minima[0]) + uint64(t.base.value) + uint64(t.delays.bins[t.delays.edge]) + uint64(t.delays.seen)
	sum += uint64(t.peaks[0].when) + uint64(t.peaks[4].when) + uint64(t.value)
	sum += uint64(b.playout.fetches[0].rest) + uint64(b.playout.fetches[4].rest) + uint64(b.playout.count)
	return sum + uint64(b.nextMedia) + uint64(b.transit) + b.stats.Refused
}

const (
	line         = 64  // of the cache, bytes
	usualPayload = 192 // a packet of 20 ms of G.711 or G.722, and what its beginning is off a line
)
