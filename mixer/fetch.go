package mixer

// What a member needs in a tick is in a hundred lines of the processor's cache, and with some hundred members each has been driven from
// it by the others when its turn comes. So a conference first reads a word of all lines of all its members: the processor then waits
// for those that are missing all at the same time and not for one after the other.

// fetch does that. It keeps a sum that nobody needs.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) fetch() {
	sum := uint64(c.sum[0])
	for _, p := range c.members {
		sum += p.fetch()
	}
	for _, p := range c.members {
		sum += p.fetchMore()
	}
	c.words = sum
}

// fetch is for what the member points to.
func (p *Participant) fetch() uint64 {
	return uint64(p.voiceRate) + uint64(p.here) + uint64(p.sender.clock) + uint64(p.volume) + uint64(p.gain.to) + uint64(p.talk.recent)
}

func (p *Participant) fetchMore() (sum uint64) {
	if p.stream != nil {
		sum = p.stream.Fetch()
	}
	e, l := p.end, &p.end.limiter
	for at := 0; at < len(e.in.line); at += line / 2 {
		sum += uint64(e.in.line[at])
	}
	for at := 0; at < len(l.tail); at += line / 4 {
		sum += uint64(l.tail[at])
	}
	if p.shared == nil {
		sum += p.encoding.fetch()
	}
	if p.sender.fetcher != nil {
		sum += p.sender.fetcher.Fetch()
	}
	return sum + uint64(l.rate.hold)
}

// fetch is for the conversion, the samples and the packet.
func (e *encoding) fetch() (sum uint64) {
	for at := 0; at < len(e.out.line); at += line / 2 {
		sum += uint64(e.out.line[at])
	}
	first := e.packets[0].buf
	for at := 0; at < len(first); at += line {
		sum += uint64(first[at])
	}
	return sum + uint64(e.fill) + uint64(e.tickTime)
}

const line = 64 // of the cache, bytes

// Fetch prepares for a packet that will be received soon.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) Fetch() uint64 {
	if p.stream == nil {
		return 0
	}
	return p.stream.Fetch()
}
