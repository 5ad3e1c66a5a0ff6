package receive

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/g711"
	"sidetone/jitter"
	"sidetone/relay/rtp"
)

const millisecond = int64(time.Millisecond)

// sender makes the packets of a party that says a signal, a function of the time since it began, in
// seconds, giving a sample from -1 to 1.
type sender struct {
	signal    func(t float64) float64
	ptime     time.Duration // default 20 ms
	ppm       float64       // how much its clock is slow, parts in a million
	ssrc      uint32
	sequence  uint16
	timestamp uint32
	payload   uint8
}

// datagram is a packet and when it comes.
type datagram struct {
	at int64
	p  []byte
}

// say gives the packets of the signal from one time to another; each is sent when its last sample has
// been said.
func (s *sender) say(from, to time.Duration) []datagram {
	if s.ptime == 0 {
		s.ptime = 20 * time.Millisecond
	}
	n := int(s.ptime / (125 * time.Microsecond))
	pcm := make([]int16, n)
	var out []datagram
	for t := from; t+s.ptime <= to; t += s.ptime {
		for i := range pcm {
			pcm[i] = int16(math.Round(32767 * s.signal((t + time.Duration(i)*125*time.Microsecond).Seconds())))
		}
		p := make([]byte, rtp.HeaderSize+n)
		rtp.Header{PayloadType: s.payload, SequenceNumber: s.sequence, Timestamp: s.timestamp + uint32(t/(125*time.Microsecond)), SSRC: s.ssrc}.Put(p)
		g711.MuLaw{}.Encode(p[rtp.HeaderSize:], pcm)
		s.sequence++
		out = append(out, datagram{at: int64(float64(t+s.ptime) * (1 + s.ppm/1e6)), p: p})
	}
	return out
}

// delayed adds a delay to each packet without changing their order.
func delayed(d []datagram, delay func(i int) time.Duration) []datagram {
	last := int64(0)
	for i := range d {
		last = max(last, d[i].at+int64(delay(i)))
		d[i].at = last
	}
	return d
}

// jittered adds evenly distributed delays up to a bound.
func jittered(d []datagram, seed uint64, bound time.Duration) []datagram {
	r := rand.New(rand.NewPCG(seed, 4))
	return delayed(d, func(int) time.Duration { return time.Duration(r.Int64N(int64(bound))) })
}

// lossy drops a share of the packets.
func lossy(d []datagram, seed uint64, share float64) []datagram {
	r := rand.New(rand.NewPCG(seed, 5))
	var kept []datagram
	for _, g := range d {
		if r.Float64() >= share {
			kept = append(kept, g)
		}
	}
	return kept
}

// stalled holds everything up from a time on for so long.
func stalled(d []datagram, from, length time.Duration) []datagram {
	for i := range d {
		if in := d[i].at - int64(from); in >= 0 && in < int64(length) {
			d[i].at = int64(from + length)
		}
	}
	return d
}

// listener pulls every 20 ms, the first time after phase, and keeps what it hears.
type listener struct {
	*Stream
	phase  time.Duration
	late   func(tick int) time.Duration // how late a tick runs; nil for never
	heard  []int16
	active []bool
}

var narrowband = map[uint8]codecs.Format{
	0: {Name: "PCMU", ClockRate: 8000}, 8: {Name: "PCMA", ClockRate: 8000},
	13: {Name: "CN", ClockRate: 8000}, 101: {Name: "telephone-event", ClockRate: 8000},
}

func newListener(c jitter.Config) *listener {
	return &listener{Stream: New(Config{Set: codecs.Builtin(), Jitter: c, Formats: narrowband}), phase: 7 * time.Millisecond}
}

// hear lets packets come and pulls until some time after the last of them.
func (l *listener) hear(d []datagram, after time.Duration) *listener {
	sort.SliceStable(d, func(i, j int) bool { return d[i].at < d[j].at })
	frame, next := make([]int16, 160), 0
	end := d[len(d)-1].at + int64(after)
	for tick := 0; ; tick++ {
		now := int64(l.phase) + int64(tick)*20*millisecond
		if now > end {
			return l
		}
		if l.late != nil {
			now += int64(l.late(tick))
		}
		for next < len(d) && d[next].at <= now {
			l.ReceiveRTP(d[next].p, d[next].at)
			next++
		}
		l.active = append(l.active, l.Pull(now, frame))
		l.heard = append(l.heard, frame...)
	}
}

// between gives what was heard between two times.
func (l *listener) between(from, to time.Duration) []int16 {
	at := func(t time.Duration) int { return min(max(int((t-l.phase)/(125*time.Microsecond)), 0), len(l.heard)) }
	return l.heard[at(from):at(to)]
}

// tone is a sine of a frequency in Hz and an amplitude.
func tone(hz, amplitude float64) func(t float64) float64 {
	return func(t float64) float64 { return amplitude * math.Sin(2*math.Pi*hz*t) }
}

// breaks counts the places where a sine of a frequency is broken: where it does not follow from the
// two samples before, by more than the quantisation of G.711 and a slow fade can do.
func breaks(pcm []int16, hz, amplitude float64) (n int, worst float64) {
	c := 2 * math.Cos(2*math.Pi*hz/8000)
	limit := 0.15 * amplitude * 32767
	for i := 2; i < len(pcm); i++ {
		e := math.Abs(float64(pcm[i]) - c*float64(pcm[i-1]) + float64(pcm[i-2]))
		worst = max(worst, e/(amplitude*32767))
		if e > limit {
			n++
		}
	}
	return n, worst
}

// gap gives the longest stretch of 1 ms blocks that are 20 dB below an amplitude.
func gap(pcm []int16, amplitude float64) time.Duration {
	longest, run := 0, 0
	for i := 0; i+8 <= len(pcm); i += 8 {
		peak := 0.0
		for _, v := range pcm[i : i+8] {
			peak = max(peak, math.Abs(float64(v)))
		}
		if run++; peak > 0.1*amplitude*32767 {
			run = 0
		}
		longest = max(longest, run)
	}
	return time.Duration(longest) * time.Millisecond
}
