package vorbis

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTransformIsTheSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{64, 128, 256, 2048} {
		x, y := make([]float64, n/2), make([]float64, n)
		for k := range x {
			x[k] = r.NormFloat64()
		}
		newTransform(n).inverse(y, x)
		for i := 0; i < n; i += 1 + n/64 {
			want := 0.0
			for k, v := range x {
				want += v * math.Cos(math.Pi/float64(2*n)*float64((2*i+1+n/2)*(2*k+1)))
			}
			if math.Abs(y[i]-want) > 1e-8 {
				t.Fatalf("of %d, sample %d is %g, want %g", n, i, y[i], want)
			}
		}
	}
}
