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

// idleAfter is how long nothing must have been there to play for the stream to start afresh.
const idleAfter = 100 * millisecond

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
		b.stats.Breaks++
		b.target.restart(now-b.source.time(media), now)
	}
	if !b.begun {
		b.begun, b.next, b.newest = true, index, index-1
		b.stats.Breaks = 0
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
	*s = slot{
		index: index, media: media, arrival: now, timestamp: p.Timestamp,
		samples: int32(min(p.Samples, 1<<20)), length: int32(len(p.Payload)),
		kind: p.PayloadType, marker: p.Marker, filled: true, onset: v == breaks,
	}
	b.ring.count++
	copy(b.ring.payload(index), p.Payload)
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

// Next gives the next piece of the stream for a reader that came at now and has so many nanoseconds of
// audio left that was given out before. The reader asks until it has enough.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Next(now, downstream int64) Item {
	if !b.begun {
		return Item{Kind: Wait}
	}
	at := now + downstream // when the listener would hear what is given out now
	if b.playing && at-b.source.time(b.nextMedia)-b.lastWay > idleAfter && b.silent {
		b.playing = false
	}
	skipped := b.skip(now, downstream)
	s := b.head()
	if s == nil {
		return b.wait()
	}
	if s.samples == 0 { // takes no time: in its order, at once
		return b.give(s, false)
	}
	if !b.playing {
		if !b.ready(s, now) {
			return b.wait()
		}
		b.playing = true
		return b.play(s, now, downstream, true)
	}
	gap, missing := s.media-b.nextMedia, s.index-b.next
	switch {
	case gap <= 0 || missing == 0 && b.source.time(gap) <= int64(b.config.Tick)/2: // senders' timestamps may stumble
		return b.play(s, now, downstream, skipped || s.onset)
	case missing > 0 && at-b.source.time(s.media)+b.source.time(int64(s.samples))/2 >= b.lastWay:
		// The gap has been waited through already.
		return b.play(s, now, downstream, true)
	case missing > 0:
		return b.lose(min(gap, max(b.source.samples, 1)))
	case now-b.source.time(s.media)-b.target.base.value >= b.target.value:
		return b.play(s, now, downstream, true) // a silence of the sender's ends
	}
	return b.wait()
}

// head finds the first packet kept, nil when there is none.
func (b *Buffer) head() *slot {
	if b.ring.count == 0 {
		return nil
	}
	for i := b.next; i <= b.newest; i++ {
		if s := b.ring.at(i); s.filled && s.index == i {
			return s
		}
	}
	return nil
}

// ready reports whether playout may start with a packet: the target delay has passed, and, should the
// baseline be out of date, the packet has waited or others are there behind it.
func (b *Buffer) ready(s *slot, now int64) bool {
	if now-b.source.time(s.media)-b.target.base.value < b.target.value {
		return false
	}
	half := b.target.value / 2
	return now-s.arrival >= half || b.source.time(b.latest-s.media) >= half
}

// skip throws packets away when the newest one would be heard later than Max after it came, down to
// the target; it reports whether it did.
func (b *Buffer) skip(now, downstream int64) (skipped bool) {
	limit := int64(b.config.Max)
	for {
		s := b.head()
		if s == nil || now-b.latestAt+downstream+b.source.time(b.latest-s.media) <= limit {
			return skipped
		}
		if s.index == b.newest || s.samples == 0 {
			return skipped
		}
		limit = b.target.value + int64(b.config.Tick)
		b.stats.Skipped++
		b.next, b.nextMedia = s.index+1, s.media+int64(s.samples)
		b.ring.free(s)
		skipped = true
	}
}

func (b *Buffer) wait() Item {
	if b.playing && !b.silent {
		b.stats.Underruns++
	}
	b.silent = true
	return Item{Kind: Wait}
}

// lose passes over a packet that did not come.
func (b *Buffer) lose(samples int64) Item {
	b.next++
	b.nextMedia += samples
	b.stats.Lost++
	return Item{Kind: Lost, Samples: int(samples)}
}

// play gives a packet out and notes when it will be heard.
func (b *Buffer) play(s *slot, now, downstream int64, onset bool) Item {
	media := b.source.time(s.media)
	b.lastWay = now + downstream - media
	b.silent, b.heard = false, true
	if onset {
		b.playout.reset()
	}
	if s.samples != b.length {
		b.length = s.samples
		b.playout.packets(max(b.source.time(int64(s.samples)), 1))
	}
	b.playout.observe(now, downstream, media)
	b.nextMedia = s.media + int64(s.samples)
	return b.give(s, onset)
}

func (b *Buffer) give(s *slot, onset bool) Item {
	if s.index > b.next {
		b.stats.Lost += uint64(s.index - b.next)
	}
	b.next = s.index + 1
	b.stats.Played++
	b.ring.free(s)
	return Item{
		Kind: Play, PayloadType: s.kind, Marker: s.marker, Timestamp: s.timestamp,
		Samples: int(s.samples), Payload: b.ring.payload(s.index), Onset: onset,
	}
}

// Stretch gives by how many clock units the audio downstream should be lengthened, or shortened when
// negative, for the delay to come to the target. The reader does what it can and calls Stretched.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Stretch(now, downstream int64) int {
	if !b.playing {
		return 0
	}
	wanted := b.playout.wanted(b.target.base.value, b.target.value)
	if wanted < 0 {
		// Never so much that the newest packet's successor would be missed.
		spare := now - b.latestAt + downstream + b.source.time(b.latest-b.nextMedia) - int64(b.config.Min)
		wanted = min(max(wanted, -spare), 0)
	}
	return int(wanted * b.source.clockRate / second)
}

// Stretched tells by how many clock units the audio downstream was lengthened, or shortened when negative.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Stretched(units int) {
	by := b.source.time(int64(units))
	b.playout.stretched(by)
	b.lastWay += by
}

// Ready reports whether the packet whose turn it is next has come, so that a reader who wants more
// than it needs now can have it.
// hot path: no allocation, lock, clock or log.
func (b *Buffer) Ready() bool {
	if !b.playing {
		return false
	}
	s := b.ring.at(b.next)
	return s.filled && s.index == b.next && s.samples > 0 && s.media <= b.nextMedia
}

// Reset forgets the stream and its packets but keeps what was learnt of the network, and the counts.
func (b *Buffer) Reset() {
	b.ring.clear()
	b.source = newSource(b.config.ClockRate)
	b.playout.reset()
	b.begun, b.heard, b.playing, b.silent = false, false, false, false
	b.next, b.nextMedia, b.newest, b.latestAt, b.latest, b.lastWay = 0, 0, 0, 0, 0, 0
}

// Stats gives a snapshot of the counts.
func (b *Buffer) Stats() Stats {
	s := b.stats
	s.Target = time.Duration(b.target.value)
	s.Delay = time.Duration(b.lastWay - b.target.base.value)
	s.Jitter = time.Duration(b.jitter >> 4)
	return s
}
