package versus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/machine"
	"sidetone/bench/report"
)

// openFiles is how many files the servers may have open: a socket a port at 10,000 legs, and more.
const openFiles = 65_536

// How much precedence the generator and the servers get over other programs on the machine, if we may give it.
const (
	generatorNice = -20
	sessionNice   = -19
	serverNice    = -9 // within its session: some of its threads may want precedence over the others
)

// Config says who is measured against whom.
type Config struct {
	Self, Peer *Contender // either may be nil, not both
	Sockets    string     // for the report: how Self was told to open its sockets
	Quick      bool       // about two minutes, with less certainty
	Awake      bool       // keep both cores from halting
	Capacity   int        // measure nothing but a minute at 60 % of so many packets/s; 0 = everything. For relay alone
	Dir        string     // scratch, to be removed by the caller
	Progress   func(step string, fraction float64)
}

// runner is one run.
type runner struct {
	cfg        Config
	name       string
	plan       plan
	serverCore int
	lastPort   uint16 // of media
	watch      *watch
	position   int // of what was told last, among all contenders' rounds
	steps      int // told of it
}

// Run measures and reports. The error says which server failed at what; a run that was cut short reports nothing.
func Run(ctx context.Context, name string, cfg Config) (*report.Report, error) {
	p, err := newPlan(name, cfg.Quick)
	if err != nil {
		return nil, err
	}
	if cfg.Self == nil && cfg.Peer == nil {
		return nil, errors.New("nobody to measure")
	}
	if cfg.Capacity != 0 {
		if p, err = p.told(cfg.Capacity); err != nil {
			return nil, fmt.Errorf("bench %s: %w", name, err)
		}
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, float64) {}
	}
	release, err := machine.Alone(ctx, func() { cfg.Progress("waiting for another bench on this machine", 0) })
	if err != nil {
		return nil, err
	}
	defer release()
	return (&runner{cfg: cfg, name: name, plan: p}).start(ctx)
}

// start runs on a thread of its own.
func (r *runner) start(ctx context.Context) (result *report.Report, err error) {
	done := make(chan struct{})
	go func() { // it owns the thread that the servers live by; ends with the run, which ctx ends; waited for below
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is in another network, and ends here
		cpus, failed := machine.CPUs()
		if err = failed; err == nil {
			result, err = r.run(ctx, cpus)
			err = errors.Join(err, machine.PinProcess(cpus...))
		}
	}()
	<-done
	return result, err
}

// run measures on some cores: the first is the servers', the second the generator's.
func (r *runner) run(ctx context.Context, cpus []int) (*report.Report, error) {
	self := machine.Process(os.Getpid())
	before := machine.PreferSession(self, generatorNice)
	defer machine.PreferSession(self, before)
	env, err := r.settle(cpus)
	if err != nil {
		return nil, err
	}
	if r.cfg.Awake {
		if err := r.watch.keepAwake(r.cfg.Dir); err != nil {
			return nil, err
		}
		defer r.watch.letSleep()
	}
	var own, peer report.Samples
	contenders := []struct {
		*Contender
		samples *report.Samples
		knee    int
	}{{r.cfg.Self, &own, 0}, {r.cfg.Peer, &peer, 0}}
	for round := range r.plan.rounds {
		for i := range contenders {
			c := &contenders[i]
			if c.Contender == nil {
				continue
			}
			if err := r.round(ctx, c.Contender, c.samples, round, i == 0, &c.knee); err != nil {
				return nil, err
			}
		}
	}
	if r.plan.mix && r.cfg.Self != nil {
		if err := r.laden(ctx, &own); err != nil {
			return nil, err
		}
	}
	for _, c := range contenders {
		if c.Contender == nil {
			continue
		}
		for _, rate := range r.plan.rates {
			r.watch.spread(c.Name, c.samples, "cpu_per_packet_us@"+loadName(rate))
		}
		r.watch.spread(c.Name, c.samples, "capacity", "ng_calls_per_second", memberCPUKey)
	}
	rep := report.New(r.name, env, own, peer, r.watch.warnings())
	if r.plan.growth {
		rep.Within(growthKey, manyLegsKey, fewLegsKey)
	}
	return rep, nil
}

// settle takes this thread and process to where they measure from, and describes it.
func (r *runner) settle(cpus []int) (report.Env, error) {
	d := machine.Describe()
	if len(cpus) == 0 {
		return report.Env{}, errors.New("no core to run on")
	}
	r.serverCore = cpus[0]
	generatorCore := cpus[len(cpus)-1]
	if len(cpus) > 1 {
		generatorCore = cpus[1]
	}
	r.watch = newWatch(r.serverCore, generatorCore)
	machine.AllowFiles(openFiles)
	env := report.Env{
		Started: time.Now().UTC().Format(time.RFC3339), CPU: d.CPU, Cores: d.Cores, Kernel: d.Kernel, Go: d.Go,
		Peer: "none", Sockets: r.cfg.Sockets, Network: "shared loopback", ServerCore: r.serverCore, GeneratorCore: generatorCore,
		Awake: r.cfg.Awake, Quick: r.cfg.Quick, Rounds: r.plan.rounds, WindowMS: r.plan.window.Milliseconds(), PacketBytes: load.PacketSize,
	}
	r.lastPort = lastSharedPort
	if machine.OwnNetwork() {
		env.Network, r.lastPort = "own namespace", lastPort
	}
	if c := r.cfg.Self; c != nil {
		env.Sidetone = c.Version
	}
	if c := r.cfg.Peer; c != nil {
		env.Peer = c.Name + " " + c.Version
	}
	env.Preferred = machine.Prefer(generatorNice)
	return env, machine.PinProcess(generatorCore)
}

// round starts one contender, measures it and stops it.
func (r *runner) round(ctx context.Context, c *Contender, samples *report.Samples, round int, own bool, knee *int) error {
	return r.withServer(ctx, c, samples, round, Conferences, func(s *stage) error {
		switch {
		case r.plan.mix:
			return s.mix(ctx, own)
		case r.plan.rates == nil:
			return s.signal(ctx, own)
		}
		return s.packets(ctx, own, round == r.plan.rounds-1, knee)
	})
}

// withServer starts one contender, with members for so many conferences where the bench has any, measures and stops it.
func (r *runner) withServer(ctx context.Context, c *Contender, samples *report.Samples, round, conferences int, measure func(*stage) error) error {
	machine.Prefer(serverNice)
	s, err := r.open(ctx, c, samples, round, conferences)
	machine.Prefer(generatorNice)
	if err != nil {
		return err
	}
	defer s.close()
	err = measure(s)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		return s.server.Fail(fmt.Errorf("%s, round %d: %w", c.Name, round+1, err))
	}
	return nil
}

// tell reports progress: by rounds, and within one by steps, of which nobody knows how many come. What comes after the rounds is one more.
func (r *runner) tell(round int, c *Contender, what string) {
	both, rounds := 1, r.plan.rounds
	if r.cfg.Self != nil && r.cfg.Peer != nil {
		both = 2
	}
	all := both * rounds
	if r.plan.mix && r.cfg.Self != nil {
		rounds, all = rounds+1, all+1
	}
	position := both * round
	if both == 2 && c == r.cfg.Peer {
		position++
	}
	if position != r.position {
		r.position, r.steps = position, 0
	}
	r.steps++
	within := 1 - 1/(1+float64(r.steps)/8)
	r.cfg.Progress(fmt.Sprintf("round %d of %d, %s: %s", round+1, rounds, c.Name, what), (float64(position)+within)/float64(all))
}
