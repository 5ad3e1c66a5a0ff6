package mixer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The machine's kernels are the plain ones, bit for bit, whatever the length and place, and write nothing else.
func TestKernelsAreThePlainOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	voice, sum := make([]int16, 1000), make([]int32, 1000)
	for i := range voice {
		voice[i], sum[i] = int16(r.Uint32()), int32(r.Uint32())>>8
		switch r.IntN(8) {
		case 0:
			voice[i] = math.MinInt16
		case 1:
			voice[i] = math.MaxInt16
		}
	}
	for _, n := range []int{0, 1, 7, 8, 9, 40, 120, 160, 163, 320, 960} {
		for _, at := range []int{0, 1, 5} {
			voice, sum := voice[at:at+n], sum[at:at+n]
			pad := make([]int32, 3)
			want, got := slices.Concat(sum, pad), slices.Concat(sum, pad)
			addGo(want[:n], voice)
			add(got[:n], voice)
			if !slices.Equal(want, got) {
				t.Fatalf("add of %d from %d differs", n, at)
			}
			minusGo(want[:n], sum, voice)
			minus(got[:n], sum, voice)
			if !slices.Equal(want, got) {
				t.Fatalf("minus of %d from %d differs", n, at)
			}
			if a, b := squaresGo(voice), squares(voice); a != b {
				t.Fatalf("squares of %d from %d: %d, want %d", n, at, b, a)
			}
		}
	}
	if a, b := squares(slices.Repeat([]int16{math.MinInt16}, 960)), int64(960)<<30; a != b {
		t.Errorf("squares of the least samples are %d, want %d", a, b)
	}
}

// Narrowing gives the samples themselves, or says that one does not fit, wherever that is.
func TestNarrowTellsWhatDoesNotFit(t *testing.T) {
	for _, n := range []int{0, 1, 8, 13, 40, 160} {
		mix := make([]int32, n)
		for i := range mix {
			mix[i] = int32(int16(i * 40503))
		}
		want, got := slices.Repeat([]int16{77}, n+3), slices.Repeat([]int16{77}, n+3)
		if !narrowGo(want[:n], mix) || !narrow(got[:n], mix) || !slices.Equal(want, got) {
			t.Fatalf("%d samples that fit differ", n)
		}
		for i := range mix {
			for _, v := range []int32{math.MinInt16, math.MaxInt16, math.MinInt16 - 1, math.MaxInt16 + 1, math.MaxInt32, math.MinInt32, 65536 * 77} {
				before := mix[i]
				mix[i] = v
				fits := v >= math.MinInt16 && v <= math.MaxInt16
				if narrowGo(want[:n], mix) != fits || narrow(got[:n], mix) != fits || !slices.Equal(got[n:], want[n:]) {
					t.Fatalf("%d samples, %d at %d: told wrong", n, v, i)
				}
				mix[i] = before
			}
		}
	}
}

func BenchmarkKernels(b *testing.B) {
	voice, sum := make([]int16, 160), make([]int32, 160)
	for _, k := range []struct {
		name string
		run  func()
	}{
		{"add", func() { add(sum, voice) }}, {"addGo", func() { addGo(sum, voice) }},
		{"minus", func() { minus(sum, sum, voice) }}, {"minusGo", func() { minusGo(sum, sum, voice) }},
		{"squares", func() { squares(voice) }}, {"squaresGo", func() { squaresGo(voice) }},
		{"narrow", func() { narrow(voice, sum) }}, {"narrowGo", func() { narrowGo(voice, sum) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.run()
			}
		})
	}
}
