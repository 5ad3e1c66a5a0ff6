package jitter

import "time"

const (
	millisecond = int64(time.Millisecond)
	second      = int64(time.Second)
)

// Buffer holds the packets of one stream until their turn. It is used by one goroutine at a time.
type Buffer struct {
	config Config // with defaults; immutable

	source  source
	target  target
	playout playout
	ring    ring

	begun     bool  // anything was put
	heard     bool  // any audio was played
	playing   bool  // a packet was played and its successors are being waited for
	next      int64 // index of the packet whose turn it is
	nextMedia int64 // media time that has not been given out, clock units
	newest    int64 // highest index put
	latest    int64 // media time where the newest packet that has a length starts, clock units
	latestAt  int64 // when it came
	lastWay   int64 // playout less media time of the last packet played, ns
	length    int32 // of the last packet played, clock units
	silent    bool  // the reader has been told to wait since the last packet

	transit int64 // of the last packet, for interarrival jitter
	jitter  int64 // sixteenfold
	stats   Stats
}

// New makes a buffer and all the memory it will use.
func New(c Config) *Buffer {
	c = c.WithDefaults()
	const shortest = 10 * time.Millisecond
	b := &Buffer{config: c, source: newSource(c.ClockRate), ring: newRing(int(c.Max/shortest)+8, c.PayloadBytes)}
	b.playout.tick, b.playout.grid = int64(c.Tick), int64(c.Tick)
	b.target.init(c)
	return b
}

// Put takes a packet that arrived at now.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Put(p Packet, now int64) {
	b.stats.Received++
	if len(p.Payload) > b.ring.stride || p.Samples < 0 {
		b.stats.Refused++
		return
	}
	index, media, v := b.source.place(&p, now)
	if v == refused {
		b.stats.Refused++
		return
	}
	if v == breaks {
		if b.begun {
			b.stats.Breaks++
		}
		b.target.restart(now-b.source.time(media), now)
	}
	if !b.begun {
		b.begun, b.next, b.newest = true, index, index-1
	}
	s := b.ring.at(index)
	if s.index == index {
		b.stats.Duplicates++
		return
	}
	if p.Samples > 0 {
		b.observe(now-b.source.time(media), now, v == breaks)
	}
	if index < b.next {
		if b.heard || b.newest-index >= int64(len(b.ring.slots)) {
			b.stats.Late++
			return
		}
		b.next = index // nothing was played yet: the first to come was not the first
	}
	if index > b.newest {
		b.makeRoom(index)
		b.newest = index
		if p.Samples > 0 {
			b.latest, b.latestAt = media, now
		}
	} else {
		b.stats.Reordered++
	}
	b.ring.free(s)
	b.ring.put(slot{
		index: index, media: media, arrival: now, timestamp: p.Timestamp, samples: int32(min(p.Samples, 1<<20)),
		kind: p.PayloadType, marker: p.Marker, onset: v == breaks,
	}, p.Payload)
}

// observe feeds the estimates with one arrival.
func (b *Buffer) observe(transit, now int64, broken bool) {
	if !broken {
		d := transit - b.transit
		b.jitter += max(d, -d) - (b.jitter+8)>>4
	}
	b.transit = transit
	b.target.observe(transit, now)
}

// makeRoom throws away what a new highest index pushes out of the ring.
func (b *Buffer) makeRoom(index int64) {
	size := int64(len(b.ring.slots))
	for b.next <= index-size {
		if b.ring.count == 0 {
			b.next = index - size + 1
			return
		}
		if s := b.ring.at(b.next); s.filled && s.index == b.next {
			b.ring.free(s)
			b.stats.Skipped++
		}
		b.next++
	}
}

// Discarded is how many packets came and will not be played: they were too late, or there was no more room.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Discarded() uint64 { return b.stats.Late + b.stats.Skipped }

// Delay is that from the fastest packets to their playout, that which is aimed at before the first is played.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Delay() time.Duration {
	if !b.heard {
		return time.Duration(b.target.value)
	}
	return time.Duration(b.lastWay - b.target.base.value)
}

// Stats gives a snapshot of the counts.
func (b *Buffer) Stats() Stats {
	s := b.stats
	s.Target = time.Duration(b.target.value)
	if b.heard {
		s.Delay = b.Delay()
	}
	s.Jitter = time.Duration(b.jitter >> 4)
	return s
}
