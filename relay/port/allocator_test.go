package port

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func allocator(t testing.TB, c Config) *Allocator {
	t.Helper()
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRangeHoldsOnlyWholeEvenOddPairs(t *testing.T) {
	for _, c := range []struct {
		first, last uint16
		pairs       int
	}{
		{20000, 20001, 1}, {20000, 20002, 1}, {20000, 20003, 2}, {20001, 20003, 1}, {20001, 20004, 1},
		{65534, 65535, 1}, {2, 65535, 32767}, {1, 65535, 32767},
	} {
		a := allocator(t, Config{First: c.first, Last: c.last})
		if a.Pairs() != c.pairs {
			t.Errorf("%d-%d: %d pairs, want %d", c.first, c.last, a.Pairs(), c.pairs)
		}
		seen := map[uint16]bool{}
		for range c.pairs {
			p, err := a.Allocate(0)
			if err != nil {
				t.Fatalf("%d-%d: %v", c.first, c.last, err)
			}
			if p%2 != 0 || p < c.first || p+1 > c.last || seen[p] {
				t.Fatalf("%d-%d gave %d (seen %v)", c.first, c.last, p, seen[p])
			}
			seen[p] = true
		}
	}
}

func TestRangeWithoutPairIsRefused(t *testing.T) {
	for _, c := range [][2]uint16{{20000, 20000}, {20001, 20002}, {20002, 20000}, {0, 100}, {65535, 65535}} {
		if _, err := New(Config{First: c[0], Last: c[1]}); err == nil {
			t.Errorf("%d-%d was accepted", c[0], c[1])
		}
	}
}

func TestFullRangeSaysSo(t *testing.T) {
	a := allocator(t, Config{First: 20000, Last: 20003})
	p, _ := a.Allocate(0)
	a.Allocate(0)
	if _, err := a.Allocate(0); !errors.Is(err, ErrRangeFull) {
		t.Fatalf("third pair of two: %v", err)
	}
	if !a.Release(p, 0) {
		t.Fatal("release refused")
	}
	if got, err := a.Allocate(0); err != nil || got != p {
		t.Fatalf("got %d, %v, want the released %d", got, err, p)
	}
}

func TestQuarantineKeepsAReleasedPairBack(t *testing.T) {
	a := allocator(t, Config{First: 20000, Last: 20001, Quarantine: time.Second})
	p, _ := a.Allocate(5)
	a.Release(p, 5)
	if _, err := a.Allocate(5 + int64(time.Second) - 1); !errors.Is(err, ErrRangeFull) {
		t.Errorf("given within its quarantine: %v", err)
	}
	if _, err := a.Allocate(5 + int64(time.Second)); err != nil {
		t.Errorf("not given after its quarantine: %v", err)
	}
}

func TestReleasedPairComesLast(t *testing.T) {
	a := allocator(t, Config{First: 20000, Last: 20099})
	p, _ := a.Allocate(0)
	a.Release(p, 0)
	for i := range 49 {
		if got, _ := a.Allocate(0); got == p {
			t.Fatalf("the pair just released was given after %d others", i)
		}
	}
	if got, _ := a.Allocate(0); got != p {
		t.Errorf("last came %d, want %d", got, p)
	}
}

func TestReleaseOfWhatIsNotInUseIsRefused(t *testing.T) {
	a := allocator(t, Config{First: 20000, Last: 20009})
	p, _ := a.Allocate(0)
	a.Release(p, 0)
	for _, q := range []uint16{p, p + 1, 19998, 20010, 0, 65535} {
		if a.Release(q, 0) {
			t.Errorf("release of %d was accepted", q)
		}
	}
	if a.InUse() != 0 {
		t.Errorf("%d in use", a.InUse())
	}
}

func TestFirstOrderIsNotTheOrderOfTheNumbers(t *testing.T) {
	a := allocator(t, Config{First: 20000, Last: 20999, Seed: 1})
	ascending := 0
	last := uint16(0)
	for range 500 {
		p, _ := a.Allocate(0)
		if p == last+2 {
			ascending++
		}
		last = p
	}
	if ascending > 50 {
		t.Errorf("%d of 500 pairs follow their neighbour", ascending)
	}
}

// TestNoPairIsGivenTwice runs any order of allocations, releases and time against a plain model.
func TestNoPairIsGivenTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, err := New(Config{First: 10, Last: 29, Quarantine: 100})
		if err != nil {
			t.Fatal(err)
		}
		now := int64(0)
		used, released := map[uint16]bool{}, map[uint16]int64{}
		t.Repeat(map[string]func(*rapid.T){
			"time": func(t *rapid.T) { now += rapid.Int64Range(0, 80).Draw(t, "dt") },
			"allocate": func(t *rapid.T) {
				ready := 0
				for p := uint16(10); p < 30; p += 2 {
					if at, was := released[p]; !used[p] && (!was || at+100 <= now) {
						ready++
					}
				}
				p, err := a.Allocate(now)
				if (err == nil) != (ready > 0) {
					t.Fatalf("%d pairs are ready, got %v", ready, err)
				}
				if err != nil {
					return
				}
				if at, was := released[p]; used[p] || was && at+100 > now {
					t.Fatalf("%d is in use or in quarantine", p)
				}
				used[p] = true
			},
			"release": func(t *rapid.T) {
				p := rapid.Uint16Range(8, 32).Draw(t, "port")
				if got := a.Release(p, now); got != used[p] {
					t.Fatalf("release of %d: %v, in use: %v", p, got, used[p])
				}
				if used[p] {
					delete(used, p)
					released[p] = now
				}
			},
			"": func(t *rapid.T) {
				if a.InUse() != len(used) {
					t.Fatalf("%d in use, want %d", a.InUse(), len(used))
				}
			},
		})
	})
}

func TestAllocateReleaseNoAllocs(t *testing.T) {
	a := allocator(t, Config{First: 20000, Last: 20999})
	if n := testing.AllocsPerRun(100, func() {
		p, _ := a.Allocate(0)
		a.Release(p, 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAllocateRelease(b *testing.B) {
	a := allocator(b, Config{First: 1024, Last: 65535})
	b.ReportAllocs()
	for b.Loop() {
		p, _ := a.Allocate(0)
		a.Release(p, 0)
	}
}
