package resample

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// What the kernel sums in 32 bits stays there, whatever the input.
func TestNoBankCanOverflow(t *testing.T) {
	for _, b := range everyBank(t) {
		name := fmt.Sprintf("%d to %d", b.from, b.to)
		if b.width%16 != 0 || b.width > mostTaps || len(b.taps) != b.up*b.width {
			t.Errorf("%s: %d taps in phases of %d", name, len(b.taps), b.width)
		}
		for n := range b.up {
			var gain int
			var magnitudes [4]int
			for k, tap := range b.phase(n) {
				gain += int(tap)
				magnitudes[k%8/2] += max(int(tap), -int(tap))
				if tap == math.MinInt16 {
					t.Errorf("%s: a tap is %d", name, tap)
				}
			}
			if m := slices.Max(magnitudes[:]); m > 1<<16-1 {
				t.Errorf("%s: phase %d has taps of %d in one sum", name, n, m)
			}
			if g := float64(gain) / float64(int(1)<<b.shift); g < 0.97 || g > 1.035 {
				t.Errorf("%s: phase %d amplifies by %v", name, n, g)
			}
		}
	}
}

func everyBank(t testing.TB) (all []*bank) {
	for _, pair := range pairs() {
		if b := between(t, pair[0], pair[1]).bank; b != nil {
			all = append(all, b)
		}
	}
	return all
}

// The machine's kernel is the plain one, bit for bit, and writes nothing else.
func TestConvolveIsThePlainOne(t *testing.T) {
	input := append(noise(600), math.MaxInt16, math.MinInt16, math.MinInt16, math.MinInt16)
	for _, b := range everyBank(t) {
		for n := range b.up {
			for _, step := range []int{1, 2, 3, 6} {
				for _, stride := range []int{1, 3, 6} {
					for _, count := range []int{0, 1, 2, 7, 50} {
						want, got := slices.Repeat([]int16{77}, 400), slices.Repeat([]int16{77}, 400)
						convolveGo(want, stride, input[n:], step, b.phase(n), b.shift, count)
						convolve(got, stride, input[n:], step, b.phase(n), b.shift, count)
						if !slices.Equal(want, got) {
							t.Fatalf("%d to %d, phase %d, step %d, stride %d, count %d differ", b.from, b.to, n, step, stride, count)
						}
					}
				}
			}
		}
	}
}

// Full scale in the signs of the taps makes the largest sum there is.
func TestConvolveAtItsLargestSum(t *testing.T) {
	for _, b := range everyBank(t) {
		for n := range b.up {
			for _, rails := range [][2]int16{{math.MinInt16, math.MaxInt16}, {math.MaxInt16, math.MinInt16}} {
				worst := make([]int16, b.width)
				for k, tap := range b.phase(n) {
					worst[k] = rails[0]
					if tap < 0 {
						worst[k] = rails[1]
					}
				}
				want, got := []int16{0}, []int16{0}
				convolveGo(want, 1, worst, 1, b.phase(n), b.shift, 1)
				convolve(got, 1, worst, 1, b.phase(n), b.shift, 1)
				if want[0] != rails[0] || got[0] != rails[0] {
					t.Errorf("%d to %d, phase %d: the largest sum becomes %d, plainly %d", b.from, b.to, n, got[0], want[0])
				}
			}
		}
	}
}

func BenchmarkConvolvePlain(b *testing.B) {
	bank := between(b, 8000, 16000).bank
	dst, x := make([]int16, 320), noise(160+bank.width-1)
	b.ReportAllocs()
	for b.Loop() {
		for n := range bank.up {
			convolveGo(dst[n:], bank.up, x, bank.down, bank.phase(n), bank.shift, 160)
		}
	}
}
