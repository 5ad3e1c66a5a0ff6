package versus

import (
	"fmt"
	"os"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/machine"
	"sidetone/bench/peer"
	"sidetone/bench/report"
)

// From where on something is worth a warning.
const (
	foreignShare   = 0.05 // of a core that other programs used
	stolenShare    = 1e-3 // of a core in a long run that was not the server's: as many packets are late as a p99.9 leaves out
	busyShare      = 0.95 // of the generator's time
	lateLimit      = time.Millisecond
	spreadLimit    = 0.25 // between rounds, of the median
	fewestPackets  = 5000
	fewestRequests = 500
)

// watch notes what would make a measurement wrong and words it as warnings.
type watch struct {
	own                       machine.Process
	serverCore, generatorCore int

	spinners [2]*peer.Server // that keep the server's and the generator's core awake, when they are to be

	elapsed time.Duration // of all steps
	last    time.Duration // of the last step
	foreign [2]time.Duration
	stolen  [2]time.Duration // by the host in the last step, of the server's and the generator's core
	waited  time.Duration    // for its core in the last step, by the server's busiest thread
	notes   []string         // in the order of their first coming
	times   map[string]int
	latest  map[string]string
	before  reading
}

// reading is the accounts at one moment.
type reading struct {
	at     time.Time
	cores  machine.Cores
	server time.Duration
	waited time.Duration // of the server's busiest thread
	own    time.Duration
	spun   [2]time.Duration // by the spinners
	drops  int64
}

func newWatch(serverCore, generatorCore int) *watch {
	return &watch{own: machine.Process(os.Getpid()), serverCore: serverCore, generatorCore: generatorCore,
		times: map[string]int{}, latest: map[string]string{}}
}

// note adds a warning, or counts it once more; kind tells whether it is the same.
func (w *watch) note(kind, text string) {
	if w.times[kind]++; w.times[kind] == 1 {
		w.notes = append(w.notes, kind)
	}
	w.latest[kind] = text
}

func (w *watch) read(server machine.Process) (r reading, err error) {
	r.at = time.Now()
	if r.cores, err = machine.ReadCores(); err != nil {
		return r, err
	}
	if r.server, err = server.CPU(); err != nil {
		return r, err
	}
	if r.waited, err = server.Waited(); err != nil {
		return r, err
	}
	if r.own, err = w.own.CPU(); err != nil {
		return r, err
	}
	for i, s := range w.spinners {
		if s == nil {
			continue
		}
		if r.spun[i], err = machine.Process(s.PID).CPU(); err != nil {
			return r, err
		}
	}
	r.drops, err = machine.Drops()
	return r, err
}

// begin is called before a step.
func (w *watch) begin(server machine.Process) (err error) {
	w.before, err = w.read(server)
	return err
}

// end is called after it, with what the step is called and how many packets our own sockets dropped. In the search
// for the limit, drops are what is searched for.
func (w *watch) end(name, what string, server machine.Process, overrun int) error {
	now, err := w.read(server)
	if err != nil {
		return err
	}
	b, elapsed := w.before, now.at.Sub(w.before.at)
	served := now.server - b.server
	w.elapsed += elapsed
	w.last = elapsed
	w.stolen = [2]time.Duration{now.cores.Stolen(b.cores, w.serverCore), now.cores.Stolen(b.cores, w.generatorCore)}
	w.waited = now.waited - b.waited
	w.foreign[0] += now.cores.Busy(b.cores, w.serverCore) - served - (now.spun[0] - b.spun[0])
	w.foreign[1] += now.cores.Busy(b.cores, w.generatorCore) - (now.own - b.own) - (now.spun[1] - b.spun[1])
	if drops := now.drops - b.drops - int64(overrun); drops > 0 && what != limitName {
		w.note("drops "+name+what, fmt.Sprintf("%s at %s: its sockets had no room for %d packets", name, what, drops))
	}
	return nil
}

// generator judges the generator's part in a step at a fixed rate.
func (w *watch) generator(name, what string, r *load.Result) {
	w.overflows(name, what, r)
	late := r.Late.Percentile(0.99)
	if r.Busy > busyShare || late > lateLimit {
		w.note("generator "+what, fmt.Sprintf("%s at %s: the generator was busy for %.0f %% of the time and late by %.1f ms (p99)",
			name, what, 100*r.Busy, late.Seconds()*1000))
	}
	if r.Delay.N() < fewestPackets {
		w.note("few "+name+what, fmt.Sprintf("%s at %s: %d packets are few for a p99", name, what, r.Delay.N()))
	}
}

// host notes the time that the host took away in the last step: whatever was on the core then was late by it.
func (w *watch) host(name, what string) {
	for i, whose := range []string{"server's", "generator's"} {
		if w.stolen[i].Seconds() > stolenShare*w.last.Seconds() {
			w.note("stolen "+whose+name+what, fmt.Sprintf("%s at %s: the host took the %s core away for %d ms of %.0f s",
				name, what, whose, w.stolen[i].Milliseconds(), w.last.Seconds()))
		}
	}
}

// others notes the time for which the server's busiest thread, the one shard of it, waited for its core in the last step.
func (w *watch) others(name, what string) {
	if w.waited.Seconds() > stolenShare*w.last.Seconds() {
		w.note("waited "+name, fmt.Sprintf("%s at %s: its busiest thread was ready for %d ms of %.0f s while another had the core",
			name, what, w.waited.Milliseconds(), w.last.Seconds()))
	}
}

// overflows notes what our own machine did not do for the generator.
func (w *watch) overflows(name, what string, r *load.Result) {
	if r.Overrun > 0 {
		w.note("overrun "+what, fmt.Sprintf("%s at %s: the generator's own sockets had no room for %d packets", name, what, r.Overrun))
	}
	if r.Unsent > 0 {
		w.note("unsent "+what, fmt.Sprintf("%s at %s: the machine refused to send %d packets", name, what, r.Unsent))
	}
	if r.Wrong > 0 || r.Duplicates > 0 {
		w.note("wrong "+name+what, fmt.Sprintf("%s at %s: %d wrong packets and %d duplicates came back", name, what, r.Wrong, r.Duplicates))
	}
}

// spread notes which values differed much from round to round.
func (w *watch) spread(name string, s *report.Samples, keys ...string) {
	for _, key := range keys {
		if by := report.Spread(s.Values(key)); by > spreadLimit {
			w.note("spread "+name+key, fmt.Sprintf("%s of %s differed by %.0f %% between rounds", key, name, 100*by))
		}
	}
}

// warnings words all that was noted.
func (w *watch) warnings() []string {
	if w.serverCore == w.generatorCore {
		w.note("one core", "server and generator shared one core")
	}
	for i, whose := range []string{"server's", "generator's"} {
		if share := w.foreign[i].Seconds() / max(w.elapsed.Seconds(), 1e-9); share > foreignShare && w.serverCore != w.generatorCore {
			w.note("foreign "+whose, fmt.Sprintf("other programs used %.0f %% of the %s core", 100*share, whose))
		}
	}
	var all []string
	for _, kind := range w.notes {
		text := w.latest[kind]
		if n := w.times[kind]; n > 1 {
			text += fmt.Sprintf(" (the last of %d times)", n)
		}
		all = append(all, text)
	}
	return all
}
