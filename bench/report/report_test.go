package report

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

func example() *Report {
	var own, peer Samples
	for _, v := range []float64{4.81234, 4.7, 5.9} {
		own.Add("cpu_per_packet_us@50k", v)
	}
	for _, v := range []float64{11.4, 11.72, 11.5} {
		peer.Add("cpu_per_packet_us@50k", v)
	}
	own.Add("capacity", 271234)
	peer.Add("capacity", 100500)
	own.Add("memory_per_call_bytes", 11000)
	peer.Add("memory_per_call_bytes", 40960)
	own.Add("cpu_10000_legs_us", 5.2)
	own.Add("cpu_200_legs_us", 5)
	peer.Add("files_per_call", 4)
	env := Env{Started: "2026-11-21T23:00:00Z", CPU: "Some CPU", Cores: 2, Kernel: "6.18", Go: "go1.26", Sidetone: "dev", Peer: "rtpengine 10.5",
		Sockets: "auto", Network: "own namespace", GeneratorCore: 1, Preferred: true, Rounds: 3, WindowMS: 3000, PacketBytes: 172}
	r := New("relay", env, own, peer, []string{"other programs used 9 % of the server's core"})
	r.Within("cpu_10000_legs_over_200_legs", "cpu_10000_legs_us", "cpu_200_legs_us")
	return r
}

func TestGolden(t *testing.T) {
	r := example()
	r.Judge([]Threshold{{"cpu_per_packet@50k", 0.45, false}, {"capacity", 3, true}, {"sidetone.p50_us@10k", 100, false}})
	object, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"relay.json": string(object), "relay.txt": r.Text()} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; got:\n%s", file, got)
		}
	}
}

// The object has the fields that programs rely on, also when there is nothing to tell.
func TestJSONIsWholeWhenEmpty(t *testing.T) {
	object, err := New("relay", Env{}, Samples{}, Samples{}, nil).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"schema": "1", "name": `"relay"`, "sidetone": "{}", "peer": "{}", "ratio": "{}", "warnings": "[]"} {
		if string(fields[field]) != want {
			t.Errorf("%s is %s, want %s", field, fields[field], want)
		}
	}
}

func TestMedianAndSpread(t *testing.T) {
	for _, tc := range []struct {
		values         []float64
		median, spread float64
	}{
		{nil, 0, 0}, {[]float64{3}, 3, 0}, {[]float64{9, 1, 5}, 5, 1.6}, {[]float64{4, 1, 2, 3}, 2.5, 1.2},
	} {
		if m := Median(tc.values); m != tc.median {
			t.Errorf("median of %v is %v", tc.values, m)
		}
		if s := Spread(tc.values); math.Abs(s-tc.spread) > 1e-9 {
			t.Errorf("spread of %v is %v", tc.values, s)
		}
	}
}

// Ratios are of the medians as measured, not of their rounded values.
func TestRatios(t *testing.T) {
	r := example()
	for key, want := range map[string]float64{
		"cpu_per_packet@50k": 0.4185, "capacity": 2.699, "memory_per_call": 0.2686, "cpu_10000_legs_over_200_legs": 1.04,
	} {
		if got, ok := r.Value(key); !ok || got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if _, ok := r.Ratio["files_per_call"]; ok {
		t.Error("a ratio with one side only")
	}
}

func TestThresholds(t *testing.T) {
	for _, tc := range []struct {
		threshold string
		atLeast   bool
		ok        bool
	}{
		{"capacity=2.4", true, true}, {"capacity=2.8", true, false}, {"capacity=2.699", true, true}, {"capacity=2.699", false, true},
		{"ratio.capacity=2.4", false, false}, {"sidetone.capacity=271200", true, true}, {"peer.files_per_call=4", false, true},
		{"sidetone.files_per_call=4", false, false}, {"nothing=1", false, false}, {"nothing=0", true, false}, {"nobody.capacity=0", true, false},
	} {
		threshold, err := ParseThreshold(tc.threshold, tc.atLeast)
		if err != nil {
			t.Errorf("%s: %v", tc.threshold, err)
			continue
		}
		r := example()
		if got := r.Judge([]Threshold{threshold}); got != tc.ok || len(r.Thresholds) != 1 || r.Thresholds[0].OK != tc.ok {
			t.Errorf("%s (at least: %v): %v, %v", tc.threshold, tc.atLeast, got, r.Thresholds)
		}
	}
	if !example().Judge(nil) {
		t.Error("without thresholds something failed")
	}
	for _, bad := range []string{"", "capacity", "capacity=", "=1", "capacity=x", "capacity=NaN", "capacity=+Inf"} {
		if _, err := ParseThreshold(bad, false); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.4185: "0.4185", 271200: "271,200", 1234567.5: "1,234,567.5", -1000: "-1,000", 999: "999"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s", v, got)
		}
	}
	for v, want := range map[float64]float64{0: 0, 123456: 123500, 0.0123456: 0.01235, -5.67891: -5.679, 1: 1, math.Inf(1): 0} {
		if got := digits(v); got != want {
			t.Errorf("%v is rounded to %v, want %v", v, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	for key, want := range map[string][2]string{
		"p99_us@100k": {"p99@100k", "µs"}, "capacity": {"capacity", ""}, "memory_per_call_bytes": {"memory_per_call", "bytes"},
		"lost_percent@10k": {"lost@10k", "%"}, "ng_calls_per_second": {"ng_calls_per_second", ""},
	} {
		if got := [2]string{RatioKey(key), unit(key)}; got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	if !strings.Contains(example().Text(), "cpu_per_packet@50k (µs)") {
		t.Error("the table has no unit")
	}
}
