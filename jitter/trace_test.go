package jitter

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// arrival is one packet of a trace and when it comes.
type arrival struct {
	at     int64
	packet Packet
}

// trace is made by steps that each change the arrivals: a sender, then what the network does to it.
type trace []arrival

// origin is when traces begin: not zero, so that nothing relies on it.
const origin = int64(3 * time.Hour)

// sent is a sender of packets of a ptime for a time, over a way that takes 30 ms.
func sent(length, ptime time.Duration) trace {
	var t trace
	samples := int(ptime / (125 * time.Microsecond))
	mark := func(at int64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(at)) }
	for i := range int(length / ptime) {
		at := origin + int64(i+1)*int64(ptime) + 30*millisecond
		t = append(t, arrival{
			at: at,
			packet: Packet{
				SSRC: 0x51de, SequenceNumber: uint16(65500 + i), Timestamp: uint32(math.MaxUint32 - 4000 + i*samples),
				Samples: samples, Marker: i == 0, Payload: mark(at),
			},
		})
	}
	return t
}

// each changes every arrival in sending order.
func (t trace) each(f func(i int, a *arrival)) trace {
	for i := range t {
		f(i, &t[i])
	}
	return t
}

// delayed adds a delay to each packet; order in the network is kept when fifo is set.
func (t trace) delayed(fifo bool, delay func(i int) time.Duration) trace {
	last := int64(0)
	return t.each(func(i int, a *arrival) {
		a.at += int64(delay(i))
		if fifo {
			a.at = max(a.at, last)
			last = a.at
		}
	})
}

// uniform jitter up to a bound.
func (t trace) uniform(seed uint64, bound time.Duration) trace {
	r := rand.New(rand.NewPCG(seed, 1))
	return t.delayed(true, func(int) time.Duration { return time.Duration(r.Int64N(int64(bound))) })
}

// exponential jitter of a mean.
func (t trace) exponential(seed uint64, mean time.Duration) trace {
	r := rand.New(rand.NewPCG(seed, 2))
	return t.delayed(true, func(int) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) })
}

// stalled holds everything up for a while, again and again; what was held comes at once.
func (t trace) stalled(first, every, length time.Duration) trace {
	return t.each(func(_ int, a *arrival) {
		since := a.at - origin - int64(first)
		if since >= 0 {
			if in := since % int64(every); in < int64(length) {
				a.at += int64(length) - in
			}
		}
	})
}

// lossy drops a share of the packets, singly.
func (t trace) lossy(seed uint64, share float64) trace {
	r := rand.New(rand.NewPCG(seed, 3))
	var kept trace
	for i, a := range t {
		if i == 0 || r.Float64() >= share {
			kept = append(kept, a)
		}
	}
	return kept
}

// drifting makes the sender's clock slow by so many parts in a million.
func (t trace) drifting(ppm float64) trace {
	return t.each(func(_ int, a *arrival) {
		a.at += int64(float64(a.at-origin) * ppm / 1e6)
		binary.BigEndian.PutUint64(a.packet.Payload[:8], uint64(a.at)) // drift is no delay
	})
}

// swapped lets every n-th packet come behind its successor.
func (t trace) swapped(n int) trace {
	for i := n; i+1 < len(t); i += n {
		t[i].at = t[i+1].at + int64(time.Millisecond)
	}
	return t
}

// doubled lets every n-th packet come twice.
func (t trace) doubled(n int) trace {
	var out trace
	for i, a := range t {
		if out = append(out, a); i%n == 0 {
			out = append(out, a)
		}
	}
	return out
}

// paused leaves out what was sent from a to b, keeping sequence numbers without a gap, as a sender
// with silence suppression does.
func (t trace) paused(from, to time.Duration) trace {
	var out trace
	skipped := uint16(0)
	for _, a := range t {
		if since := time.Duration(a.at - origin); since >= from && since < to {
			skipped++
			continue
		}
		a.packet.SequenceNumber -= skipped
		out = append(out, a)
	}
	return out
}

// after changes the packets sent after a time.
func (t trace) after(from time.Duration, f func(p *Packet)) trace {
	return t.each(func(_ int, a *arrival) {
		if time.Duration(a.at-origin) >= from {
			f(&a.packet)
		}
	})
}

// result is what a reader made of a trace.
type result struct {
	Stats
	ticks     int
	delay     []float64 // of each packet played: playout less when it would have come undelayed, ms
	waited    []float64 // of each packet played: playout less arrival, ms
	concealed time.Duration
	added     time.Duration // by stretching
	removed   time.Duration
	gaps      int // ticks with concealment, between the first and the last packet
	order     bool
}

func (r result) mean() float64 {
	sum := 0.0
	for _, d := range r.delay {
		sum += d
	}
	return sum / float64(max(len(r.delay), 1))
}

func (r result) worstWait() float64 {
	worst := 0.0
	for _, d := range r.waited {
		worst = max(worst, d)
	}
	return worst
}

// play runs a trace through a buffer with a reader that comes every tick, stretches by up to 10 ms a
// tick and conceals in steps of 10 ms.
func play(b *Buffer, t trace) result {
	return playTo(b, t, func(int64, time.Duration, time.Duration) {})
}

// playTo is play that tells of each packet when it would have come undelayed, how long after that it is heard, and how much
// was concealed or silent before it.
func playTo(b *Buffer, t trace, heard func(undelayed int64, delay, gap time.Duration)) result {
	sort.SliceStable(t, func(i, j int) bool { return t[i].at < t[j].at })
	for i := range t { // the payload says when the packet would have come undelayed, and when it did
		t[i].packet.Payload = binary.BigEndian.AppendUint64(t[i].packet.Payload[:8:8], uint64(t[i].at))
	}
	const tick = 20 * millisecond
	const step = 10 * millisecond
	var r result
	r.order = true
	var downstream int64
	lastSeen := int64(-1)
	next, end := 0, t[len(t)-1].at
	gap := int64(0)
	for now := origin + 7*millisecond; now < end+300*millisecond; now += tick {
		for next < len(t) && t[next].at <= now {
			b.Put(t[next].packet, t[next].at)
			next++
		}
		r.ticks++
		for guard := 0; downstream < tick; guard++ {
			if guard > 100 {
				panic("the buffer does not feed the reader")
			}
			item := b.Next(now, downstream)
			length := int64(item.Samples) * 125_000
			switch item.Kind {
			case Play:
				if lastSeen >= 0 && int32(item.Timestamp-uint32(lastSeen)) < 0 && b.stats.Breaks == 0 {
					r.order = false
				}
				lastSeen = int64(item.Timestamp)
				undelayed, came := binary.BigEndian.Uint64(item.Payload), binary.BigEndian.Uint64(item.Payload[8:])
				r.delay = append(r.delay, float64(now+downstream-int64(undelayed))/1e6)
				r.waited = append(r.waited, float64(now+downstream-int64(came))/1e6)
				heard(int64(undelayed), time.Duration(now+downstream-int64(undelayed)), time.Duration(gap))
				gap = 0
				downstream += length
			case Lost:
				r.concealed += time.Duration(length)
				downstream += length
				gap += length
				r.gaps++
			case Wait:
				fill := (tick - downstream + step - 1) / step * step
				downstream += fill
				gap += fill
				if b.playing && now < end {
					r.concealed += time.Duration(fill)
					r.gaps++
				}
			}
		}
		if units := int64(b.Stretch(now, downstream)); units != 0 {
			by := min(max(units*125_000, -step), step)
			for by < 0 && downstream < tick+step && b.Ready() {
				item := b.Next(now, downstream)
				if item.Kind == Play {
					undelayed := int64(binary.BigEndian.Uint64(item.Payload))
					heard(undelayed, time.Duration(now+downstream-undelayed), time.Duration(gap))
					gap = 0
				}
				downstream += int64(item.Samples) * 125_000
			}
			if by = max(by, tick-downstream); by > 0 || by < -2500_000 {
				b.Stretched(int(by / 125_000))
				by = by / 125_000 * 125_000
				downstream += by
				r.added += time.Duration(max(by, 0))
				r.removed += time.Duration(max(-by, 0))
			}
		}
		downstream -= tick
	}
	r.Stats = b.Stats()
	return r
}

// optimum gives the least constant delay at which no more than a share of the packets that come are late, ms.
func (t trace) optimum(share float64) float64 {
	var late []float64
	for _, a := range t {
		late = append(late, float64(a.at-int64(binary.BigEndian.Uint64(a.packet.Payload)))/1e6)
	}
	sort.Float64s(late)
	return late[max(len(late)-1-int(share*float64(len(late))), 0)]
}
