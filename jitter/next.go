package jitter

// idleAfter is how long nothing must have been there to play for the stream to start afresh.
const idleAfter = 100 * millisecond

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
	lost := Item{Kind: Lost, Samples: int(samples)}
	if s := b.ring.at(b.next); s.filled && s.index == b.next && s.media == b.nextMedia {
		lost.PayloadType, lost.Payload = s.kind, b.ring.payload(s)
	}
	return lost
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
		Samples: int(s.samples), Payload: b.ring.payload(s), Onset: onset,
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
