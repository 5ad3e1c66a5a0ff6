package versus

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sidetone/bench/load"
)

// names are the benches there are.
var names = []string{"relay", "srtp", "transcode", "signal", "mix"}

// plan is how long and how much of everything.
type plan struct {
	rounds       int
	window       time.Duration // of a step
	warm         time.Duration // of a step, before its window
	prime        time.Duration // of the first packets, before anything is measured
	probe        time.Duration // of a step of the search for the capacity
	resolution   float64
	tries        int           // a rate of the search has failed when it failed so often
	sustain      time.Duration // of the run at sustainShare of the capacity
	capacity     int           // told, and then nothing but that run is measured; 0 = to be found
	burst        load.Burst
	signal       time.Duration
	churn        time.Duration
	legs         int // of steps and search
	manyLegs     int
	kind         load.Kind
	mix          bool
	mostRooms    int // of the run at ladenShare of the core
	rates        []int
	growth       bool // compare few legs with many, at growthRate; then a burst, and a long run
	growthRate   int
	searchFrom   int
	lowestProbe  int
	highestProbe int
}

// newPlan returns how a bench is run.
func newPlan(name string, quick bool) (plan, error) {
	p := plan{
		rounds: 3, window: 4 * time.Second, warm: 500 * time.Millisecond, prime: 500 * time.Millisecond, probe: 2 * time.Second, resolution: 0.03, tries: 2,
		sustain: time.Minute, burst: load.Burst{Legs: 50, Rate: 3000, Pace: legPackets, Length: 1500 * time.Millisecond, Watch: time.Second},
		signal: 5 * time.Second, churn: 3 * time.Second,
		mostRooms: 800, legs: 2000, manyLegs: 10_000, growthRate: 50_000, searchFrom: 80_000, lowestProbe: 5000, highestProbe: 500_000,
	}
	if quick {
		p.window, p.warm, p.probe = 800*time.Millisecond, 200*time.Millisecond, 400*time.Millisecond
		p.resolution, p.tries, p.sustain = 0.08, 1, 3*time.Second
		p.signal, p.churn = 2*time.Second, 1500*time.Millisecond
	}
	switch name {
	case "relay":
		p.rates, p.growth = []int{10_000, 50_000, 100_000}, true
	case "srtp":
		p.kind, p.rates = load.SRTP, []int{90_000}
	case "transcode":
		p.kind, p.rates, p.searchFrom = load.Transcode, []int{50_000}, 50_000
	case "signal":
	case "mix":
		p.mix = true
	default:
		return p, fmt.Errorf("no bench %q; there are %s", name, strings.Join(names, ", "))
	}
	return p, nil
}

// told returns the plan of the run at sustainShare of a capacity that is known, and of nothing else.
func (p plan) told(capacity int) (plan, error) {
	if !p.growth || capacity < p.lowestProbe || capacity > p.highestProbe {
		return p, fmt.Errorf("a capacity of %d packets/s: one can be told to relay only, from %d to %d", capacity, p.lowestProbe, p.highestProbe)
	}
	p.capacity, p.rounds, p.rates = capacity, 1, p.rates[:0] // not nil, which would be signalling
	return p, nil
}

// legPackets is how many packets a second a phone sends: as many legs take part as make the rate of it.
const legPackets = 50

// legsFor returns how many legs send at a rate.
func (p plan) legsFor(rate int) int {
	return min(max(rate/legPackets, 200), p.legs)
}

// loadName writes a rate as keys have it: 50k.
func loadName(rate int) string { return fmt.Sprintf("%dk", rate/1000) }

// Keys returns the ratios and values that a bench measures, as thresholds name them.
func Keys(name string) ([]string, error) {
	p, err := newPlan(name, false)
	if err != nil {
		return nil, err
	}
	var values, ratios []string
	for _, rate := range p.rates {
		for _, key := range []string{"cpu_per_packet_us", "p50_us", "p99_us", "lost_percent"} {
			values = append(values, key+"@"+loadName(rate))
		}
	}
	switch {
	case p.mix:
		values = mixKeys
	case p.rates != nil:
		values = append(values, "memory_per_call_bytes", "files_per_call", "capacity")
		if p.growth {
			values = append(values, burstSilentKey, burstBackKey, sustainedLossKey, sustainedDelayKey, sustainedWayKey, sustainedWaitKey, sustainedStolenKey)
		}
	default:
		values = append(values, signalKeys...)
	}
	for _, key := range values {
		ratios = append(ratios, ratioKey(key))
	}
	own := values
	if p.growth {
		own = slices.Concat(own, []string{fewLegsKey, manyLegsKey, manySocketsKey, manyMemoryKey})
		ratios = append(ratios, growthKey)
	}
	if name == "signal" {
		own = slices.Concat(own, []string{sipCallsKey, sipSetupP50Key, sipSetupP99Key})
	}
	if p.mix {
		own = slices.Concat(own, []string{idleRoomsKey, ladenRoomsKey, ladenShareKey, ladenTickKey, ladenWaitKey, ladenStolenKey})
	}
	keys := ratios
	for _, key := range ratios {
		keys = append(keys, "ratio."+key)
	}
	for _, key := range own {
		keys = append(keys, "sidetone."+key)
	}
	for _, key := range values {
		keys = append(keys, "peer."+key)
	}
	return keys, nil
}
