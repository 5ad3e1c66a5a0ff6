package relay

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"sidetone/relay/udp"
)

// commandsMax is how many commands run between two batches.
const commandsMax = 32

// Shard is one worker thread and all that it owns: its way to the network, its legs and their state, its tick. Its methods
// are for its thread alone: for functions given to Do and Post, sinks and tickers.
type Shard struct {
	// Immutable.
	index  int
	conn   udp.Conn
	clock  func() int64
	events func(Event)
	log    *slog.Logger

	// Shared with other goroutines.
	mailbox mailbox
	stop    atomic.Bool
	done    chan struct{} // closed when the thread has left the shard for good
	load    atomic.Int32  // legs, those on their way here included

	// Owned by the shard's thread.
	now      int64
	in       []udp.Packet
	inCount  int // in[inAt:inCount] are to be handled
	inAt     int
	fetched  int    // the legs of in[:fetched] have been prefetched
	words    uint64 // what that has read: a sum that nobody needs
	fetching *Leg   // whose sink reads ahead, nil = nobody's
	out      outbox
	ports    []portEntry // by slot
	free     []uint32    // slots of ports that are empty
	legs     []*Leg
	wheel    wheel
	window   window
	nextScan int64
	scanAt   int // legs[scanAt] is the next to be looked at
	commands [commandsMax]func(*Shard)
	stats    ShardStats
}

// portEntry is what a slot stands for.
type portEntry struct {
	leg  *Leg // nil = the slot is free
	rtcp bool
}

func newShard(index int, conn udp.Conn, batch int, c Config) *Shard {
	return &Shard{index: index, conn: conn, clock: c.Clock, events: c.Events, log: c.Logger.With("shard", index), done: make(chan struct{}),
		now: c.Clock(), in: make([]udp.Packet, batch), out: newOutbox(batch), wheel: newWheel(), window: window{limit: c.BatchWindow}}
}

// Index returns the shard's number, from 0.
func (s *Shard) Index() int { return s.index }

// Now returns the time of the batch being handled, nanoseconds of the relay's clock.
func (s *Shard) Now() int64 { return s.now }

// AddTicker lets t run every 20 ms. Adding it again changes nothing.
func (s *Shard) AddTicker(t Ticker) { s.wheel.add(t, s.now) }

// RemoveTicker ends that; t may be the one that is running.
func (s *Shard) RemoveTicker(t Ticker) { s.wheel.remove(t) }

// run is the shard's loop; it returns when stop is set, or with the error that ended it.
func (s *Shard) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer prefer()()
	for !s.stop.Load() {
		if err := s.pass(); err != nil {
			return fmt.Errorf("shard %d: %w", s.index, err)
		}
	}
	return nil
}

// finish runs what is left in the mailbox, so that nobody waits for it in vain. After it the shard's state belongs to whoever
// sees done closed.
func (s *Shard) finish() {
	s.mailbox.close()
	for s.runCommands() > 0 {
	}
	close(s.done)
}

// pass is one turn of the loop: wait, commands, packets, ticks, silence, and a pause when packets come thick. What control
// asked for before a packet was sent is done before the packet is handled.
//
//	Receive ─► clock ─► commands ─► accept each ─► tick ─► scan ─► flush ─► pause
//
// Hot path: no allocation, lock, clock or log, but for one reading of the clock, and one before a pause.
func (s *Shard) pass() error {
	s.mailbox.sleeping.Store(true)
	timeout := s.timeout()
	if s.mailbox.pending.Load() || s.stop.Load() {
		timeout = 0
	}
	n, err := s.conn.Receive(s.in, timeout)
	s.mailbox.sleeping.Store(false)
	if err != nil {
		return err
	}
	now := s.clock()
	s.now = now
	s.stats.Passes++
	s.inAt, s.inCount, s.fetched = 0, n, 0
	s.runCommands()
	for s.inAt < s.inCount {
		s.acceptAll(now)
	}
	for !s.tick(now) {
	}
	s.scan(now)
	s.flush()
	if pause := s.window.next(n, n == len(s.in), now); pause > 0 {
		s.pause(pause)
	}
	return nil
}

// timeout returns how long the shard may sleep: until the next tick or scan.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) timeout() time.Duration {
	if len(s.legs) == 0 && s.wheel.filled == 0 {
		return -1
	}
	until := s.nextScan
	if due, ok := s.wheel.due(); ok {
		until = min(until, due)
	}
	return time.Duration(max(until-s.now, 0))
}

// pause lets packets gather, but holds up no tick and no command. What the pass has taken since its time was read counts: a full slot of
// rooms takes long enough to make the next one late.
// Hot path: no allocation, lock, clock or log, but for one reading of the clock.
func (s *Shard) pause(d time.Duration) {
	if due, ok := s.wheel.due(); ok {
		d = min(d, time.Duration(due-s.clock()))
	}
	s.mailbox.sleeping.Store(true)
	if d > 0 && !s.mailbox.pending.Load() && !s.stop.Load() {
		s.stats.Pauses++
		s.conn.Pause(d)
		s.now += int64(d)
	}
	s.mailbox.sleeping.Store(false)
}

// acceptAll handles the packets received from inAt on. A panic behind a route cuts that route and drops the packet;
// the caller comes back for the rest.
func (s *Shard) acceptAll(now int64) {
	defer s.recoverPacket()
	for s.inAt < s.inCount {
		if s.inAt >= s.fetched {
			s.fetched = s.inAt + s.prefetch(s.in[s.inAt:min(s.inAt+fetchAhead, s.inCount)])
		}
		p := &s.in[s.inAt]
		s.inAt++
		s.accept(p, now)
	}
}

// settle handles the packets of a leg that have been received, before a command takes it off the shard.
func (s *Shard) settle(l *Leg) {
	var own []udp.Packet
	from, others := s.inAt, s.inAt
	for _, p := range s.in[s.inAt:s.inCount] {
		if p.Slot == l.slots[0] || p.Slot == l.slots[1] {
			own = append(own, p)
		} else {
			s.in[others] = p
			others++
		}
	}
	if len(own) == 0 {
		return
	}
	copy(s.in[others:], own)
	for s.inAt = others; s.inAt < s.inCount; {
		s.acceptAll(s.now)
	}
	s.inAt, s.inCount, s.fetched = from, others, from
}

func (s *Shard) recoverPacket() {
	cause := recover()
	if cause == nil {
		return
	}
	if l := s.fetching; l != nil {
		s.fetching, l.fetcher = nil, nil
		s.panicked("fetch", cause, "leg", l.id)
		return
	}
	slot := s.in[s.inAt-1].Slot
	if int(slot) >= len(s.ports) || s.ports[slot].leg == nil {
		s.panicked("packet", cause)
		return
	}
	l := s.ports[slot].leg
	s.panicked("packet", cause, "leg", l.id)
	l.setRoute(Route{})
	s.report(Event{Leg: l, Kind: Failed, Reason: fmt.Sprint("internal error: ", cause)})
}

// tick runs the tickers that are due and reports whether it came to the end. A ticker that panics is removed.
func (s *Shard) tick(now int64) (done bool) {
	defer s.recoverTick()
	s.wheel.advance(now)
	return true
}

func (s *Shard) recoverTick() {
	cause := recover()
	if cause == nil {
		return
	}
	t, ok := s.wheel.current()
	s.panicked("tick", cause, "ticker", fmt.Sprintf("%T", t))
	if !ok {
		return
	}
	s.wheel.remove(t)
	for _, l := range s.legs {
		if r, reads := l.route.Sink.(Read); reads && r.ReadBy() == t {
			s.report(Event{Leg: l, Kind: Failed, Reason: fmt.Sprint("internal error: ", cause)})
		}
	}
}

// runCommands runs a few of the functions posted and returns how many.
func (s *Shard) runCommands() int {
	n := s.mailbox.take(s.commands[:])
	for i, fn := range s.commands[:n] {
		s.commands[i] = nil
		s.stats.Commands++
		s.command(fn)
	}
	if n > 0 {
		s.flush()
	}
	return n
}

func (s *Shard) command(fn func(*Shard)) {
	defer func() {
		if cause := recover(); cause != nil {
			s.panicked("command", cause)
		}
	}()
	fn(s)
}

func (s *Shard) panicked(where string, cause any, attrs ...any) {
	s.stats.Panics++
	s.log.Error("panic in "+where, append(attrs, "err", cause, "stack", string(debug.Stack()))...)
}

// report tells the control side.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) report(e Event) {
	if s.events != nil {
		s.events(e)
	}
}

// attach gives the leg two slots and lets its packets in.
func (s *Shard) attach(l *Leg) error {
	for i, p := range l.ports {
		slot := s.takeSlot()
		if err := s.conn.Attach(slot, p); err != nil {
			s.free = append(s.free, slot)
			if i == 1 {
				s.releaseSlot(l.slots[0])
			}
			return err
		}
		s.ports[slot] = portEntry{leg: l, rtcp: i == 1}
		l.slots[i] = slot
	}
	if len(s.legs) == 0 {
		s.nextScan = s.now + scanEvery
	}
	for _, t := range l.riders {
		s.AddTicker(t)
	}
	l.on, l.index = s, len(s.legs)
	s.legs = append(s.legs, l)
	return nil
}

// detach takes the leg off the shard, after settle. What it had to send is sent before.
func (s *Shard) detach(l *Leg) {
	s.flush()
	for _, t := range l.riders {
		s.RemoveTicker(t)
	}
	for _, slot := range l.slots {
		s.releaseSlot(slot)
	}
	last := len(s.legs) - 1
	s.legs[l.index] = s.legs[last]
	s.legs[l.index].index = l.index
	s.legs[last] = nil
	s.legs = s.legs[:last]
	l.on = nil
}

func (s *Shard) takeSlot() uint32 {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	s.ports = append(s.ports, portEntry{})
	return uint32(len(s.ports) - 1)
}

func (s *Shard) releaseSlot(slot uint32) {
	s.conn.Detach(slot)
	s.ports[slot] = portEntry{}
	s.free = append(s.free, slot)
}

// snapshot returns the shard's counters.
func (s *Shard) snapshot() ShardStats {
	stats := s.stats
	stats.Legs, stats.Tickers = len(s.legs), len(s.wheel.slotOf)
	network := s.conn.Stats()
	stats.Overflowed, stats.HandedOver = network.Overflowed, network.HandedOver
	stats.LateTicks, stats.MissedTicks = s.wheel.late, s.wheel.missed
	return stats
}
