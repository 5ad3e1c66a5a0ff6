package moh

import (
	"math"
	"testing"
)

// resampled converts n samples of a sine of amplitude 10000, in blocks of odd sizes.
func resampled(from, to, n int, f float64) []int16 {
	r := newResampler(from, to)
	var out []int16
	for at, size := 0, 1; at < n; size = size*7%1009 + 1 {
		size = min(size, n-at)
		in := make([]float64, size)
		for i := range in {
			in[i] = 10000 * math.Sin(2*math.Pi*f*float64(at+i)/float64(from))
		}
		out = r.write(out, in)
		at += size
	}
	return r.flush(out, n)
}

func TestResamplerKeepsTheSignal(t *testing.T) {
	for _, from := range []int{8000, 11025, 16000, 32000, 44100, 47999} {
		for _, to := range []int{8000, 16000, 48000} {
			n := from / 16
			for _, f := range []float64{200, 3400} {
				y := resampled(from, to, n, f)
				if len(y) != (n*to+from-1)/from {
					t.Fatalf("%d to %d: %d samples of %d", from, to, len(y), n)
				}
				var worst float64
				for i := len(y) / 5; i < len(y)*4/5; i++ {
					want := 10000 * math.Sin(2*math.Pi*f*float64(i)/float64(to))
					worst = math.Max(worst, math.Abs(float64(y[i])-want))
				}
				if db := 20 * math.Log10(worst/10000); db > -58 {
					t.Errorf("%d to %d Hz: %g Hz comes out wrong by %.1f dB", from, to, f, db)
				}
			}
		}
	}
}

func TestResamplerRejectsAliases(t *testing.T) {
	for _, from := range []int{16000, 22050, 47999} {
		for f := 4050.0; f < float64(from)/2; f *= 1.3 {
			y := resampled(from, 8000, from/16, f)
			var peak float64
			for _, v := range y[len(y)/5 : len(y)*4/5] {
				peak = math.Max(peak, math.Abs(float64(v)))
			}
			if db := 20 * math.Log10((peak+1e-9)/10000); db > -72 {
				t.Errorf("%d to 8000 Hz: %g Hz leaves an alias at %.1f dB", from, f, db)
			}
		}
	}
}

func TestResamplerOfOneRateCopies(t *testing.T) {
	for i, v := range resampled(8000, 8000, 1000, 1234) {
		if want := int16(math.Round(10000 * math.Sin(2*math.Pi*1234*float64(i)/8000))); v != want {
			t.Fatalf("sample %d is %d, want %d", i, v, want)
		}
	}
}
