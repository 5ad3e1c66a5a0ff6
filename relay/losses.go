package relay

import (
	"time"

	"sidetone/relay/quality"
)

// Player is a Sink that plays what it receives, as a room does, and tells how. Its methods are called on the shard's thread. Hot
// path: no allocation, lock, clock or log.
type Player interface {
	Sink
	// Discarded returns how many packets have come and will not be played, too late most of them.
	Discarded() uint64
	// Delay returns that of its jitter buffer: now, and at most; and whether it follows the network.
	Delay() (nominal, most time.Duration, adaptive bool)
	// Loudness returns the mean level of speech and of what is between, dBov; 0 = not known.
	Loudness() (speech, noise float64)
}

// losses is what becomes of a leg's packets: which are missing, and which come and are not played.
type losses struct {
	player    Player // the route's Sink, where it is one
	seen      uint64 // player.Discarded as it was last
	discarded uint64 // by all players
	bursts    quality.Losses
}

// follow takes a new route's sink.
func (l *losses) follow(s Sink) {
	if l.player, _ = s.(Player); l.player != nil {
		l.seen = l.player.Discarded()
	}
}

// missed takes what quality.Receiver says of a packet that is not the next one.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) missed(b []byte, missing int) {
	n, ok := l.stream.Number(b)
	switch {
	case !ok:
	case missing > 0:
		l.losses.bursts.Missing(n, missing)
	default:
		l.losses.bursts.Came(n)
	}
}

// played looks whether the player has discarded the packet that it just got.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) played(b []byte) {
	seen, before := l.losses.player.Discarded(), l.losses.seen
	if l.losses.seen = seen; seen <= before { // less: it has made its buffer anew
		return
	}
	l.losses.discarded += seen - before
	if n, ok := l.stream.Number(b); ok {
		l.losses.bursts.Discarded(n)
	}
}

// reception is how the peer's stream arrives.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) reception() quality.Reception {
	counts := l.stream.Counts()
	r := quality.Reception{
		Expected: counts.Expected, Lost: counts.Lost(), Jitter: l.stream.Jitter(), RoundTrip: l.reports.peer.RoundTrip(),
		Stream: l.stream.SSRC(), Bursts: l.losses.bursts.Bursts(counts.Expected), Frame: l.stream.Frame(),
	}
	r.Playout.Discarded = l.losses.discarded
	if p := l.losses.player; p != nil {
		r.Playout.Playing = true
		r.Playout.Nominal, r.Playout.Most, r.Playout.Adaptive = p.Delay()
		r.Playout.Signal, r.Playout.Noise = p.Loudness()
	}
	return r
}
