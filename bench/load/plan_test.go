package load

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSchedule(t *testing.T) {
	s := Schedule{Start: 1_000_000, Rate: 50_000, Total: 10}
	if s.Due(0) != 1_000_000 || s.Due(1) != 1_020_000 || s.Due(9) != 1_180_000 {
		t.Errorf("due at %d, %d, %d", s.Due(0), s.Due(1), s.Due(9))
	}
	for _, tc := range []struct {
		now  int64
		want int
	}{{0, 0}, {999_999, 0}, {1_000_000, 1}, {1_019_999, 1}, {1_020_000, 2}, {1_179_999, 9}, {1_180_000, 10}, {math.MaxInt64, 10}} {
		if got := s.DueBy(tc.now); got != tc.want {
			t.Errorf("%d due by %d, want %d", got, tc.now, tc.want)
		}
	}
}

// DueBy is the inverse of Due: at the moment a packet is due it and all before it are, and just before it is not.
func TestScheduleIsConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Schedule{
			Start: rapid.Int64Range(0, 1<<61).Draw(t, "start"),
			Rate:  rapid.IntRange(1, 5_000_000).Draw(t, "rate"),
			Total: 1 << 40,
		}
		i := rapid.IntRange(0, 1<<32).Draw(t, "packet")
		due := s.Due(i)
		if got := s.DueBy(due); got < i {
			t.Fatalf("%d due when packet %d is", got, i)
		}
		if got := s.DueBy(due - 1); got > i {
			t.Fatalf("%d due before packet %d is", got, i)
		}
		if s.Due(i+1) < due {
			t.Fatal("the next is due earlier")
		}
	})
}

func TestPercentiles(t *testing.T) {
	var h Histogram
	if h.Percentile(0.5) != 0 {
		t.Error("something of nothing")
	}
	for i := 1; i <= 100; i++ {
		h.Record(int64(i) * 1000)
	}
	for _, tc := range []struct{ q, want float64 }{{0, 1000}, {0.01, 1000}, {0.5, 50_000}, {0.99, 99_000}, {0.991, 100_000}, {1, 100_000}} {
		got := float64(h.Percentile(tc.q))
		if got < tc.want || got > tc.want*1.02 {
			t.Errorf("percentile %v is %v, want %v to 2 %%", tc.q, got, tc.want)
		}
	}
	if h.N() != 100 || h.Max() != 100*time.Microsecond {
		t.Errorf("%d, longest %v", h.N(), h.Max())
	}
	h.Record(-5)
	if h.Percentile(0) != 0 {
		t.Error("a negative delay is not nothing")
	}
	h.Reset()
	if h.N() != 0 || h.Percentile(1) != 0 {
		t.Error("not forgotten")
	}
}

func TestHistogramIsWithinItsPrecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 200).Draw(t, "values")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var h Histogram
		for _, v := range values {
			h.Record(v)
		}
		slices.Sort(values)
		want := values[max(int(math.Ceil(q*float64(len(values))))-1, 0)]
		if got := int64(h.Percentile(q)); got < want || float64(got) > float64(want)*1.016+1 {
			t.Fatalf("percentile %v is %d, want %d", q, got, want)
		}
	})
}

func TestRecordNoAllocs(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Record(12345) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKnee(t *testing.T) {
	for _, tc := range []struct {
		name   string
		search Search
		limit  int
		ok     func(k Knee) bool
	}{
		{"above the start", Search{Start: 60_000, Min: 10_000, Max: 400_000, Factor: 1.3, Resolution: 0.03, Probes: 20}, 237_000,
			func(k Knee) bool {
				return k.OK <= 237_000 && k.Failed > 237_000 && float64(k.Failed)/float64(k.OK) <= 1.03
			}},
		{"below the start", Search{Start: 200_000, Min: 10_000, Max: 400_000, Factor: 1.3, Resolution: 0.03, Probes: 20}, 61_000,
			func(k Knee) bool {
				return k.OK <= 61_000 && k.Failed > 61_000 && float64(k.Failed)/float64(k.OK) <= 1.03
			}},
		{"beyond the highest", Search{Start: 100_000, Min: 10_000, Max: 150_000, Factor: 1.3, Resolution: 0.03, Probes: 20}, 1_000_000,
			func(k Knee) bool { return k.OK == 150_000 && k.Failed == 0 }},
		{"below the lowest", Search{Start: 100_000, Min: 50_000, Max: 150_000, Factor: 1.3, Resolution: 0.03, Probes: 20}, 0,
			func(k Knee) bool { return k.OK == 0 && k.Failed == 50_000 }},
		{"out of probes", Search{Start: 100_000, Min: 50_000, Max: 1_500_000, Factor: 1.3, Resolution: 0.001, Probes: 3}, 1_000_000,
			func(k Knee) bool { return k.Probes == 3 && k.OK > 100_000 }},
		{"start outside", Search{Start: 1, Min: 50_000, Max: 60_000, Factor: 1.3, Resolution: 0.001, Probes: 1}, 1_000_000,
			func(k Knee) bool { return k.OK == 50_000 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := 0
			k, err := tc.search.Find(t.Context(), func(rate int) (bool, error) {
				asked++
				if rate < tc.search.Min || rate > tc.search.Max {
					t.Errorf("asked for %d", rate)
				}
				return rate <= tc.limit, nil
			})
			if err != nil || !tc.ok(k) || k.Probes != asked || asked > tc.search.Probes {
				t.Errorf("found %+v, %v with %d questions", k, err, asked)
			}
		})
	}
	failed := errors.New("gone")
	s := Search{Start: 2, Min: 1, Max: 3, Factor: 2, Probes: 5}
	if _, err := s.Find(t.Context(), func(int) (bool, error) { return false, failed }); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Find(ctx, func(int) (bool, error) { return true, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A stamp is read back through any change between the laws.
func TestStampSurvivesTranscoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.Uint8().Draw(t, "step")
		number := rapid.Uint32().Draw(t, "number")
		for sender := range alphabets() {
			for receiver := range alphabets() {
				payload := make([]byte, payloadSize)
				alphabets()[sender].put(payload, step, number)
				payload = translate(payload, sender, receiver)
				s, n, ok := alphabets()[receiver].get(payload)
				if !ok || s != step || n != number {
					t.Fatalf("law %d to %d: %d %d %v, want %d %d", sender, receiver, s, n, ok, step, number)
				}
			}
		}
	})
}

func TestStampNoAllocs(t *testing.T) {
	a, payload := &alphabets()[0], make([]byte, payloadSize)
	if n := testing.AllocsPerRun(100, func() { a.put(payload, 3, 77); a.get(payload) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNoStampInSilence(t *testing.T) {
	for law, silence := range []byte{0xff, 0xd5} {
		payload := make([]byte, payloadSize)
		for i := range payload {
			payload[i] = silence
		}
		if _, _, ok := alphabets()[law].get(payload); ok {
			t.Errorf("law %d: a stamp in silence", law)
		}
	}
	if _, _, ok := alphabets()[0].get(make([]byte, stampSize-1)); ok {
		t.Error("a stamp in too few bytes")
	}
}
