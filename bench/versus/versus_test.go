package versus

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/bench/load"
	"sidetone/bench/load/loadtest"
	"sidetone/bench/machine"
	"sidetone/bench/peer"
)

// reflectorEnv makes this test program a server: it answers ng at the address that the variable has.
const reflectorEnv = "VERSUS_REFLECTOR"

func TestMain(m *testing.M) {
	if at := os.Getenv(reflectorEnv); at != "" {
		os.Exit(reflect(at))
	}
	goleak.VerifyTestMain(m)
}

func reflect(at string) int {
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	r, err := loadtest.StartAt(netip.MustParseAddrPort(at))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	<-ended.Done()
	r.Close()
	return 0
}

// contender runs the reflector as a process of its own.
func contender(name string, started *[]string, servers *[]*peer.Server) *Contender {
	return &Contender{Name: name, Version: "1", Start: func(p Place) (*peer.Server, error) {
		*started = append(*started, name)
		s, err := peer.StartServer(peer.ServerConfig{Name: name, Program: "/usr/bin/env", Dir: p.Dir, CPU: p.CPU,
			Args: []string{reflectorEnv + "=" + p.Control.String(), "GORACE=atexit_sleep_ms=0", os.Args[0]}})
		*servers = append(*servers, s)
		return s, err
	}}
}

// tiny is a plan of milliseconds.
func tiny(p plan) plan {
	p.rounds, p.window, p.warm, p.probe = 2, 100*time.Millisecond, 20*time.Millisecond, 50*time.Millisecond
	p.prime = 20 * time.Millisecond
	p.mostRooms = 3
	p.legs, p.manyLegs, p.growthRate = 20, 60, 2000
	p.searchFrom, p.lowestProbe, p.highestProbe = 1000, 500, 2000
	p.signal, p.churn, p.sustain = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	p.burst = load.Burst{Legs: 4, Rate: 500, Pace: legPackets, Length: 50 * time.Millisecond, Watch: 300 * time.Millisecond}
	for i := range p.rates {
		p.rates[i] = 1000 * (i + 1)
	}
	return p
}

// silentRooms gives every member a port of its own at which nobody is.
func silentRooms(_ context.Context, p Place, media []netip.AddrPort) (ports []netip.AddrPort, err error) {
	for i := range media {
		ports = append(ports, netip.AddrPortFrom(p.Control.Addr(), p.FirstPort+uint16(i)))
	}
	return ports, nil
}

func TestEveryBenchAgainstAReflector(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	before, err := machine.CPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			p, err := newPlan(name, true)
			if err != nil {
				t.Fatal(err)
			}
			p = tiny(p)
			want := []string{"sidetone", "other", "sidetone", "other"}
			if name == "srtp" || name == "transcode" || name == "mix" { // the others show that they take turns
				p.rounds, want = 1, want[:1]
			}
			var started []string
			var servers []*peer.Server
			var fractions []float64
			r := &runner{name: name, plan: p, cfg: Config{
				Self: contender("sidetone", &started, &servers), Peer: contender("other", &started, &servers), Dir: t.TempDir(),
				Progress: func(_ string, fraction float64) { fractions = append(fractions, fraction) },
			}}
			if len(want) == 1 {
				r.cfg.Peer = nil
			}
			if name == "mix" {
				r.cfg.Self.Join = silentRooms
				want = append(want, "sidetone") // at much load
			}
			rep, err := r.start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(started, want) {
				t.Errorf("started %v, want %v", started, want)
			}
			if !slices.IsSorted(fractions) || fractions[len(fractions)-1] > 1 {
				t.Errorf("progress %v", fractions)
			}
			wanted := []string{"sidetone.capacity", "sidetone.files_per_call", "sidetone.cpu_per_packet_us@1k", "sidetone.p50_us@1k", "sidetone.lost_percent@1k"}
			switch name {
			case "relay":
				wanted = append(wanted, "capacity", "files_per_call", "cpu_per_packet@1k", "p99@3k", "peer.capacity", "cpu_10000_legs_over_200_legs", "sidetone.cpu_200_legs_us",
					"sidetone.sockets_10000_legs", "burst_recovery", "sidetone.burst_silent_streams", "peer.p999_us@60%", "peer.way_p999_us@60%", "sidetone.lost_percent@60%")
			case "mix":
				if v, ok := rep.Value("sidetone.returned_percent"); !ok || v != 0 {
					t.Errorf("silent rooms sent back %v %%", v)
				}
				wanted = []string{"sidetone.idle_5000_rooms_core_percent", "sidetone.conferences@70%"}
				if _, ok := rep.Value("sidetone.tick_p999_us@70%"); !ok {
					t.Error("no ticks at 70 % load")
				}
			case "signal":
				wanted = []string{"sidetone.ng_p50_us", "peer.ng_p99_us", "ng_p50", "ng_p99", "ng_calls_per_second"}
			}
			for _, key := range wanted {
				v, ok := rep.Value(key)
				if !ok || v < 0 || v == 0 && !strings.Contains(key, "lost") && !strings.Contains(key, "silent") && !strings.Contains(key, "idle") {
					t.Errorf("%s is %v, %v", key, v, ok)
				}
			}
			for i, s := range servers {
				select {
				case <-s.Ended():
				default:
					t.Errorf("server %d was not stopped", i)
				}
			}
		})
	}
	if after, err := machine.CPUs(); err != nil || !slices.Equal(before, after) {
		t.Errorf("this process was left on cores %v of %v, %v", after, before, err)
	}
}

func TestServerThatDoesNotServe(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	p, err := newPlan("relay", true)
	if err != nil {
		t.Fatal(err)
	}
	broken := &Contender{Name: "broken", Start: func(p Place) (*peer.Server, error) {
		return peer.StartServer(peer.ServerConfig{Name: "broken", Program: "/bin/sh", Args: []string{"-c", "echo bad configuration; exit 2"}, Dir: p.Dir, CPU: p.CPU})
	}}
	r := &runner{name: "relay", plan: tiny(p), cfg: Config{Self: broken, Dir: t.TempDir(), Progress: func(string, float64) {}}}
	_, err = r.start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "broken: ended instead of serving") || !strings.Contains(err.Error(), "bad configuration") {
		t.Errorf("error %v", err)
	}
}

func TestCancelledRunStopsTheServer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	p, err := newPlan("relay", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var started []string
	var servers []*peer.Server
	r := &runner{name: "relay", plan: tiny(p), cfg: Config{Self: contender("sidetone", &started, &servers), Dir: t.TempDir(),
		Progress: func(what string, _ float64) {
			if strings.Contains(what, "packets/s") {
				cancel()
			}
		}}}
	if _, err := r.start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(servers) != 1 {
		t.Fatalf("%d servers", len(servers))
	}
	<-servers[0].Ended()
}

func TestNobodyToMeasure(t *testing.T) {
	if _, err := Run(t.Context(), "relay", Config{}); err == nil {
		t.Error("measured nobody")
	}
	if _, err := Run(t.Context(), "dance", Config{Self: &Contender{}}); err == nil || !strings.Contains(err.Error(), "relay") {
		t.Errorf("error %v does not say what there is", err)
	}
}

// The keys that the project's bars name are there.
func TestKeys(t *testing.T) {
	for name, wanted := range map[string][]string{
		"relay": {"cpu_per_packet@50k", "cpu_per_packet@100k", "capacity", "p99@100k", "sidetone.p50_us@10k", "sidetone.p50_us@100k",
			"memory_per_call", "cpu_10000_legs_over_200_legs", "sidetone.burst_silent_streams", "peer.burst_silent_streams", "sidetone.p999_us@60%",
			"sidetone.lost_percent@60%", "sidetone.sockets_10000_legs", "sidetone.memory_per_call_10000_legs_bytes", "ratio.capacity", "peer.capacity"},
		"srtp":      {"cpu_per_packet@90k", "capacity"},
		"transcode": {"cpu_per_packet@50k", "capacity"},
		"signal":    {"ng_p50", "ng_p99", "ng_calls_per_second", "sidetone.calls_per_second"},
	} {
		keys, err := Keys(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range wanted {
			if !slices.Contains(keys, key) {
				t.Errorf("%s does not know %s", name, key)
			}
		}
	}
	if _, err := Keys("dance"); err == nil {
		t.Error("keys of what is not there")
	}
}

func TestLegsFollowTheRate(t *testing.T) {
	p, _ := newPlan("relay", false)
	for rate, want := range map[int]int{1000: 200, 10_000: 200, 50_000: 1000, 100_000: 2000, 400_000: 2000} {
		if got := p.legsFor(rate); got != want {
			t.Errorf("%d legs at %d packets/s, want %d", got, rate, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	w := newWatch(0, 1)
	w.elapsed = 10 * time.Second
	w.foreign = [2]time.Duration{2 * time.Second, 100 * time.Millisecond}
	slow := &load.Result{Busy: 0.5, Overrun: 3, Unsent: 2, Wrong: 1}
	for range 100 {
		slow.Late.Record(int64(5 * time.Millisecond))
		slow.Delay.Record(1)
	}
	w.generator("x", "50k", slow)
	w.generator("x", "50k", slow)
	got := strings.Join(w.warnings(), "\n")
	for _, want := range []string{
		"the generator's own sockets had no room for 3 packets (the last of 2 times)", "refused to send 2 packets", "1 wrong packets",
		"late by 5.0 ms (p99)", "100 packets are few", "used 20 % of the server's core",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "generator's core") {
		t.Errorf("warned of 1 %%:\n%s", got)
	}
	good := newWatch(0, 1)
	fine := &load.Result{Busy: 0.9}
	for range fewestPackets {
		fine.Late.Record(10_000)
		fine.Delay.Record(1)
	}
	good.generator("x", "50k", fine)
	if got := good.warnings(); len(got) != 0 {
		t.Errorf("warned without reason: %v", got)
	}
	if got := newWatch(0, 0).warnings(); len(got) != 1 {
		t.Errorf("one core for both: %v", got)
	}
}

func TestACapacityThatIsToldIsNotSearchedFor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	p, err := newPlan("relay", true)
	if err != nil {
		t.Fatal(err)
	}
	p, err = tiny(p).told(1000)
	if err != nil {
		t.Fatal(err)
	}
	var started []string
	var servers []*peer.Server
	r := &runner{name: "relay", plan: p, cfg: Config{Self: contender("sidetone", &started, &servers), Dir: t.TempDir(), Progress: func(string, float64) {}}}
	rep, err := r.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(started) != 1 {
		t.Errorf("started %v, want one", started)
	}
	for key, want := range map[string]bool{"sidetone.p999_us@60%": true, "sidetone.way_p999_us@60%": true, "sidetone.waited_us@60%": true, "sidetone.stolen_us@60%": true, "sidetone.capacity": false, "sidetone.memory_per_call_bytes": false} {
		if _, ok := rep.Value(key); ok != want {
			t.Errorf("%s measured: %v, want %v", key, ok, want)
		}
	}
}

func TestACapacityIsToldToRelayOnly(t *testing.T) {
	for _, c := range []struct {
		name     string
		capacity int
	}{{"srtp", 100_000}, {"relay", -1}, {"relay", 1e9}} {
		p, err := newPlan(c.name, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.told(c.capacity); err == nil {
			t.Errorf("%s takes a capacity of %d", c.name, c.capacity)
		}
	}
}

func TestTimeThatOthersTookIsTold(t *testing.T) {
	w := newWatch(0, 1)
	w.last, w.stolen[0], w.stolen[1], w.waited = time.Minute, 200*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	w.host("sidetone", "a load")
	w.others("sidetone", "a load")
	if got := w.warnings(); len(got) != 1 || !strings.Contains(got[0], "server's core away for 200 ms of 60 s") {
		t.Errorf("warnings %q", got)
	}
	w.waited = 70 * time.Millisecond
	w.others("sidetone", "a load")
	if got := w.warnings(); len(got) != 2 || !strings.Contains(got[1], "ready for 70 ms of 60 s") {
		t.Errorf("warnings %q", got)
	}
}
