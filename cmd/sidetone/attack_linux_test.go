package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"sidetone/bench/attack"
	"sidetone/bench/netlab"
	"sidetone/bench/phone"
)

const (
	attackedCalls = arenaPhones / 2
	attackRate    = 20000 // packets/s
	// leakBar is how many packets of a call may go astray, each way, when the attacker's address is as good as the phone's.
	leakBar = 5
	// rebindBar is how many packets of a call may be lost, each way, when the NAT changes the port under it.
	rebindBar = 5
)

// raid is one attack on fifty calls.
type raid struct {
	name     string
	settings string // of the stations
	secure   bool   // the phones insist on SRTP
	villa    bool   // one phone of each call is behind the NAT
	rebind   bool   // which forgets its mappings in the middle of the calls
	lodger   bool   // the attacker is behind the NAT, too
	inject   bool   // forged and replayed SRTP comes from the callers' own addresses
	leak     int    // how many packets of a call may go astray, each way, and calls may stutter, though not be lost
}

var raids = []raid{
	{name: "same network", settings: "srtp: off"},
	{name: "behind NAT", settings: "srtp: off", villa: true},
	{name: "behind NAT that rebinds", settings: "srtp: off", villa: true, rebind: true},
	{name: "SRTP, same network, injected", settings: "srtp: required", secure: true, inject: true},
	{name: "SRTP, attacker behind the same NAT", settings: "srtp: required", secure: true, villa: true, lodger: true},
	// What plain RTP cannot rule out: the attacker has the address that the phone's media must come from, or media
	// may come from any.
	{name: "attacker behind the same NAT", settings: "srtp: off", villa: true, lodger: true, leak: leakBar},
	{name: "station marked behind NAT", settings: "srtp: off, behind_nat: yes", villa: true, leak: leakBar},
}

// TestAttack: while the whole port range is sprayed before, during and after fifty call setups, nothing of a call
// reaches the attacker, nothing of the attacker's reaches a phone, and no phone loses a packet. SIDETONE_SOAK_ATTACK
// is for how long each raid's calls talk, two seconds unless it is set; then it is done with both kinds of sockets.
func TestAttack(t *testing.T) {
	if !netlab.Here(t) {
		return
	}
	talk, kinds := 2*time.Second, []string{"auto"}
	if v := os.Getenv("SIDETONE_SOAK_ATTACK"); v != "" {
		var err error
		talk, err = time.ParseDuration(v)
		check(t, err)
		kinds = append(kinds, "ports")
	}
	var generations []string
	for _, r := range raids {
		generations = append(generations, r.settings)
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			a := newArena(t, kind, "", generations)
			var table strings.Builder
			w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintln(w, "raid\tcalls\tsprayed\tbled packets\tbytes\tof a call\tlet in\tof a call\tinjected\tlet in\tspoken\tlost\tof a phone\tat first\thijacked\t")
			for i, r := range raids {
				f := a.judged(t, i, r, talk)
				fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", r.name, f.calls, f.sprayed,
					f.bled.packets, f.bled.bytes, f.bled.worst(), f.let.packets, f.let.worst(), f.injected, f.injected-f.refused,
					f.spoken, f.lost, f.worstLoss, f.clipped, f.hijacked)
			}
			check(t, w.Flush())
			t.Logf("%d packets/s to ports %d-%d; %s\n%s", attackRate, arenaFirstPort, arenaLastPort, a.sockets(t), table.String())
		})
	}
}

// judged does a raid and holds it to the bars: once, or up to three times where the machine had no time for it, which
// excuses no leak.
func (a *arena) judged(t *testing.T, generation int, r raid, talk time.Duration) *figures {
	t.Helper()
	for try := 1; ; try++ {
		f := a.raid(t, generation, r, talk)
		leaks, faults := f.leaks(r), f.faults(r)
		if leaks == nil && faults == nil {
			return f
		}
		said := r.name + ": " + strings.Join(append(leaks, faults...), "; ") + f.busy
		if try == 3 || f.busy == "" || leaks != nil && r.leak == 0 {
			t.Error(said)
			return f
		}
		t.Log("again: " + said)
	}
}

// figures is what came of a raid.
type figures struct {
	calls             int
	sprayed           int64
	bled              sightings // what the server sent to the attacker, by the server's port
	let               sightings // packets of the attacker that came to phones, by the phone's port
	injected, refused int       // forged and replayed; and counted by the server as such
	spoken, lost      int       // packets of the phones in the talk
	worstLoss         int       // of one phone
	clipped           int       // packets of one phone that nobody heard before the talk: the most
	hijacked          int       // calls in which a phone heard less than half of the talk
	odd               []string  // what else no phone should have got
	unauthentic       int       // packets that phones could not open
	unwrapped         int       // calls whose sequence numbers did not go through 65535 to 0
	busy              string    // what the machine had no time for
}

// leaks lists what came to those whom it was not for.
func (f *figures) leaks(r raid) (list []string) {
	if n := f.bled.worst(); n > r.leak {
		list = append(list, fmt.Sprintf("%d packets, %d bytes, came to the attacker, of one call %d; at most %d", f.bled.packets, f.bled.bytes, n, r.leak))
	}
	if n := f.let.worst(); n > r.leak {
		list = append(list, fmt.Sprintf("%d packets of the attacker came to phones, in one call %d; at most %d", f.let.packets, n, r.leak))
	}
	if r.leak == 0 {
		list = append(list, f.odd...)
	}
	return list
}

// faults lists what else is below the bars.
func (f *figures) faults(r raid) (list []string) {
	fault := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	loss := 0
	if r.rebind {
		loss = rebindBar
	}
	if f.worstLoss > loss && r.leak == 0 {
		fault("%d of %d packets were lost, of one phone %d; at most %d", f.lost, f.spoken, f.worstLoss, loss)
	}
	if f.injected != f.refused {
		fault("%d packets were injected, %d refused", f.injected, f.refused)
	}
	if f.unauthentic > 0 {
		fault("%d packets at phones were not authentic", f.unauthentic)
	}
	if f.unwrapped > 0 {
		fault("the sequence numbers of %d calls have not wrapped", f.unwrapped)
	}
	if f.hijacked > 0 {
		fault("%d calls were lost to the attacker", f.hijacked)
	}
	if f.sprayed < 2*attackRate || f.spoken < f.calls*100 {
		fault("only %d packets sprayed and %d spoken in %d calls: no attack worth the name", f.sprayed, f.spoken, f.calls)
	}
	return list
}

// sightings counts packets where they should not be, by the port of the call that they belong to.
type sightings struct {
	mu             sync.Mutex // guards what follows
	packets, bytes int
	of             map[netip.AddrPort]int
}

func (s *sightings) add(call netip.AddrPort, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[netip.AddrPort]int{}
	}
	s.packets++
	s.bytes += size
	s.of[netip.AddrPortFrom(call.Addr(), call.Port()&^1)]++ // RTP and RTCP
}

// worst is the most of one call.
func (s *sightings) worst() (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.of {
		most = max(most, n)
	}
	return most
}

// watch taps a host. The function it returns ends that.
func watch(t *testing.T, h *netlab.Host, see func(netlab.Datagram)) (stop func()) {
	t.Helper()
	tap, err := h.Tap(see)
	check(t, err)
	return func() {
		missed, err := tap.Close()
		if err != nil || missed > 0 {
			t.Errorf("the tap of %s missed %d packets, %v", h.Name(), missed, err)
		}
	}
}

// raid attacks the calls of one generation of stations.
func (a *arena) raid(t *testing.T, generation int, r raid, talk time.Duration) *figures {
	t.Helper()
	f := &figures{}
	attacker, from := a.mugger, arenaMugger
	if r.lodger {
		attacker, from = a.lodger, arenaLodger
	}
	phones, ends := a.raided(t, generation, r)
	defer ends()
	drops := a.drops(t)

	mark := []byte(attack.DefaultMark)[:len(attack.DefaultMark)-1]
	defer watch(t, attacker, func(d netlab.Datagram) {
		if d.From.Addr() == arenaServer.Addr() {
			f.bled.add(d.From, len(d.Payload))
		}
	})()
	for _, h := range []*netlab.Host{a.office, a.villa} {
		defer watch(t, h, func(d netlab.Datagram) {
			if bytes.Contains(d.Payload, mark) {
				f.let.add(d.To, len(d.Payload))
			}
		})()
	}
	var sockets []*net.UDPConn
	for range 5 {
		c, err := attacker.ListenUDP(from.Addr())
		check(t, err)
		defer c.Close()
		sockets = append(sockets, c)
	}
	spray, err := attack.New(attack.Config{
		Sockets: sockets, Target: arenaServer.Addr(), FirstPort: arenaFirstPort, LastPort: arenaLastPort, Rate: attackRate, Seed: uint64(generation),
	})
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() { // ended by cancel, waited for by ceasefire
		if err := spray.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	ceasefire := sync.OnceFunc(func() { cancel(); running.Wait() })
	defer ceasefire()

	time.Sleep(300 * time.Millisecond) // the time of an attack is the test, not a wait
	calls := a.setUp(t, phones, r)
	f.calls = len(calls)
	before, talked := still(t, calls), time.Now()
	a.talk(t, calls, r, talk, f)
	after, to := still(t, calls), time.Now()
	f.count(t, a, r, calls, before, after)
	each(len(calls), 8, func(i int) {
		if err := calls[i].villager().Hangup(soon(t)); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	})
	for _, c := range calls {
		ended(t, c.caller)
		ended(t, c.callee)
	}
	time.Sleep(300 * time.Millisecond)
	ceasefire()
	f.sprayed = spray.Sent()
	f.excuse(time.Since(began), a.drops(t)-drops, phones, talked, to)
	return f
}

// drops counts packets that found no room in the queues of the machine or in the sockets of the phones.
func (a *arena) drops(t *testing.T) int64 {
	t.Helper()
	sum, err := netlab.Overruns()
	check(t, err)
	for _, h := range []*netlab.Host{a.office, a.villa} {
		n, err := h.Drops()
		check(t, err)
		sum += n
	}
	return sum
}

// excuse notes what the machine had no time for: to spray, to speak, to receive.
func (f *figures) excuse(took time.Duration, drops int64, phones []*phone.Phone, from, to time.Time) {
	var paused time.Duration
	for _, p := range phones {
		paused = max(paused, p.Paused(from, to))
	}
	rate := float64(f.sprayed) / took.Seconds()
	if drops > 0 || paused > 100*time.Millisecond || rate < 0.9*attackRate {
		f.busy = fmt.Sprintf(" (busy machine: %d packets dropped on the way, phones late by %v, %.0f packets/s sprayed)", drops, paused, rate)
	}
}

// raided opens and registers the phones of a raid: two by two, of which every other time the first and the second
// is in the villa, if one is. ends ends them.
func (a *arena) raided(t *testing.T, generation int, r raid) (phones []*phone.Phone, ends func()) {
	t.Helper()
	phones = make([]*phone.Phone, 2*attackedCalls)
	stops, errs := make([]func(), len(phones)), make([]error, len(phones))
	office, villa := inRow(arenaOffice, arenaPhones), inRow(arenaVilla, arenaPhones)
	each(len(phones), 8, func(i int) {
		host, c := a.office, phone.Config{Tel: arenaTel(generation, i), Address: office[i].Addr().String(), Codecs: []phone.Codec{phone.PCMU}, RingFor: time.Second}
		if r.villa && inVilla(i) {
			host, c.Address = a.villa, villa[i].Addr().String()
		}
		if r.secure {
			c.SRTP = phone.RequiredSRTP
			c.Sequence = 0x10000 - 100 // wraps in the talk
		}
		phones[i], stops[i], errs[i] = a.phone(t, host, c)
	})
	check(t, errors.Join(errs...))
	return phones, func() { each(len(stops), 8, func(i int) { stops[i]() }) }
}

// inVilla says which phone of a pair is behind the NAT: the caller, then the callee of the next call, and so on.
func inVilla(i int) bool { return i%4 == 0 || i%4 == 3 }

// attacked is one call, both its ends.
type attacked struct {
	caller, callee *phone.Call
	calleeInVilla  bool
}

// villager is the end that is behind the NAT, if one is. It hangs up: a NAT that has rebound lets nobody else.
func (c attacked) villager() *phone.Call {
	if c.calleeInVilla {
		return c.callee
	}
	return c.caller
}

// setUp makes the calls, all at once, and waits until all phones hear each other, or for three seconds: calls that
// have been hijacked are among the figures.
func (a *arena) setUp(t *testing.T, phones []*phone.Phone, r raid) []attacked {
	t.Helper()
	calls := make([]attacked, len(phones)/2)
	errs := make([]error, len(calls))
	each(len(calls), len(calls), func(i int) {
		c := &calls[i]
		c.calleeInVilla = inVilla(2*i + 1)
		if c.caller, errs[i] = phones[2*i].Call(soon(t), phones[2*i+1].Tel()); errs[i] == nil {
			c.callee, errs[i] = phones[2*i+1].WaitIncoming(soon(t))
		}
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	deadline := time.Now().Add(3 * time.Second)
	for i := 0; i < len(calls) && time.Now().Before(deadline); {
		if calls[i].caller.Stats().Received < 10 || calls[i].callee.Stats().Received < 10 {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		i++
	}
	return calls
}

// counted is what the two ends of a call have sent and received.
type counted struct{ caller, callee phone.Stats }

// still lets all phones pause until nothing is on its way any more, counts, and lets them speak again.
func still(t *testing.T, calls []attacked) []counted {
	t.Helper()
	mute := func(mute bool) {
		for _, c := range calls {
			c.caller.Mute(mute)
			c.callee.Mute(mute)
		}
	}
	mute(true)
	defer mute(false)
	var list []counted
	quiet(t, func() (sum int) {
		list = list[:0]
		for _, c := range calls {
			n := counted{c.caller.Stats(), c.callee.Stats()}
			list = append(list, n)
			sum += n.caller.Received + n.callee.Received + n.caller.Sent + n.callee.Sent
		}
		return sum
	})
	return list
}

// talk lets the phones talk, and what the raid adds to the spray happen.
func (a *arena) talk(t *testing.T, calls []attacked, r raid, d time.Duration, f *figures) {
	t.Helper()
	end := time.Now().Add(d)
	if r.inject {
		a.inject(calls, end, f)
	}
	time.Sleep(time.Until(end) / 2)
	if r.rebind {
		check(t, a.nat.Rebind())
		each(len(calls), 8, func(i int) { // as phones do of themselves, if not so soon
			if err := calls[i].villager().Phone().Register(soon(t)); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(time.Until(end))
}

// inject sends from the callers' own ports, each 20 ms and until the end, a forged packet and one that had been sent.
func (a *arena) inject(calls []attacked, end time.Time, f *figures) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	random := rand.New(rand.NewPCG(1, 2))
	old := make([][][]byte, len(calls))
	for time.Now().Before(end) {
		<-tick.C
		for i, c := range calls {
			sent := c.caller.LastSent()
			if len(sent) == 0 {
				continue
			}
			// What was sent a while ago has surely arrived, so that it is this one that comes second.
			if old[i] = append(old[i], sent); len(old[i]) > 10 && c.caller.Inject(old[i][random.IntN(len(old[i])-9)]) == nil {
				f.injected++
			}
			if c.caller.Inject(forge(random, sent)) == nil {
				f.injected++
			}
		}
	}
}

// forge makes of an authentic packet one that is not: another sequence number, near or beyond a wrap, or some bytes.
func forge(random *rand.Rand, packet []byte) []byte {
	b := bytes.Clone(packet)
	sequence := [...]uint16{uint16(b[2])<<8 | uint16(b[3]), uint16(random.Uint32()), 0, 65535}
	s := sequence[random.IntN(len(sequence))] + uint16(random.IntN(100))
	b[2], b[3] = byte(s>>8), byte(s)
	for range 1 + random.IntN(20) {
		b[12+random.IntN(len(b)-12)] ^= byte(1 + random.IntN(255))
	}
	return b
}

// count works out what the phones and the server say about the talk between two moments.
func (f *figures) count(t *testing.T, a *arena, r raid, calls []attacked, before, after []counted) {
	t.Helper()
	for i := range calls {
		hijacked := false
		for _, way := range []struct{ from, to [2]phone.Stats }{
			{[2]phone.Stats{before[i].caller, after[i].caller}, [2]phone.Stats{before[i].callee, after[i].callee}},
			{[2]phone.Stats{before[i].callee, after[i].callee}, [2]phone.Stats{before[i].caller, after[i].caller}},
		} {
			sent, received := way.from[1].Sent-way.from[0].Sent, way.to[1].Received-way.to[0].Received
			f.spoken += sent
			f.lost += sent - received
			f.worstLoss = max(f.worstLoss, sent-received)
			f.clipped = max(f.clipped, way.from[0].Sent-way.to[0].Received)
			hijacked = hijacked || received < sent/2
			s := way.to[1]
			if s.Streams > 1 || s.Bad+s.Foreign+s.Events != 0 || received > sent {
				f.odd = append(f.odd, fmt.Sprintf("call %d: %d packets more than were sent, %d streams, %d bad, %d of other sources, %d events", i, received-sent, s.Streams, s.Bad, s.Foreign, s.Events))
			}
			f.unauthentic += s.Unauthentic
		}
		if hijacked {
			f.hijacked++
		}
	}
	if !r.inject {
		return
	}
	for _, c := range a.calls(t) {
		for _, l := range c.Legs {
			f.refused += int(l.Drops["auth"] + l.Drops["replay"])
		}
	}
	for _, c := range calls {
		if b := c.caller.LastSent(); len(b) < 4 || b[2] > 0x7f {
			f.unwrapped++
		}
	}
}
