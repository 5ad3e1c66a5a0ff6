package resample

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"
	"time"
)

// pairs gives every pair of rates, also of the same.
func pairs() (all [][2]int) {
	for _, from := range rates {
		for _, to := range rates {
			all = append(all, [2]int{from, to})
		}
	}
	return all
}

func between(t testing.TB, from, to int) *Resampler {
	t.Helper()
	r, err := New(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sine gives n samples of a sine of the given peak.
func sine(rate, n int, hz, peak float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

func noise(n int) []int16 {
	pcm := make([]int16, n)
	state := uint32(1)
	for i := range pcm {
		state = state*1664525 + 1013904223
		pcm[i] = int16(state >> 16)
	}
	return pcm
}

// through gives what a new resampler makes of pcm in 20 ms frames.
func through(t testing.TB, from, to int, pcm []int16) []int16 {
	r := between(t, from, to)
	out := make([]int16, 0, len(pcm)*to/from)
	frame := make([]int16, to/50)
	for in := range slices.Chunk(pcm, from/50) {
		out = append(out, frame[:r.Resample(frame, in)]...)
	}
	return out
}

// window is the Blackman-Harris window of four terms over n samples: a tone 50 Hz away or more is 90 dB
// down after 200 ms.
func window(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		x := 2 * math.Pi * float64(i) / float64(n-1)
		w[i] = 0.35875 - 0.48829*math.Cos(x) + 0.14128*math.Cos(2*x) - 0.01168*math.Cos(3*x)
	}
	return w
}

// level gives the amplitude of a frequency in pcm through a window of its length.
func level(pcm []int16, window []float64, rate int, hz float64) float64 {
	turn := cmplx.Rect(1, -2*math.Pi*hz/float64(rate))
	phasor, sum, weight := complex(1, 0), complex(0, 0), 0.0
	for i, s := range pcm {
		sum += phasor * complex(window[i]*float64(s), 0)
		weight += window[i]
		phasor *= turn
	}
	return 2 * cmplx.Abs(sum) / weight
}

func decibels(ratio float64) float64 { return 20 * math.Log10(max(ratio, 1e-9)) }

// unwanted gives the frequencies at which a resampler without its filter would put a tone's images and
// aliases, but for those too near to the tone, the ends or each other to be measured apart.
func unwanted(hz float64, from, to int) (all []float64) {
	for k := 0; k*from < 2*to+from; k++ {
		for _, f := range []float64{float64(k*from) - hz, float64(k*from) + hz} {
			f = math.Abs(math.Remainder(f, float64(to)))
			if f > 55 && f < float64(to)/2-55 && math.Abs(f-hz) > 55 {
				all = append(all, f)
			}
		}
	}
	return all
}

// A tone is swept through the band of the input; all that comes out is measured: the tone where both
// rates have it, its images at the multiples of the input rate, or where it falls by aliasing.
func TestSweptTone(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		if from == to {
			continue
		}
		t.Run(fmt.Sprintf("%d to %d", from, to), func(t *testing.T) {
			t.Parallel()
			const peak = 26000 // the ripple must not reach the rail
			low := float64(min(from, to))
			least, most, spurious := 0.0, 0.0, -200.0
			w := window(to / 5)
			for hz := 60.0; hz < float64(from)/2-60; hz += low / 251 {
				out := through(t, from, to, sine(from, from*11/50, hz, peak))
				out = out[to/50:] // 200 ms without the beginning
				if hz <= 0.425*low {
					gain := decibels(level(out, w, to, hz) / peak)
					least, most = min(least, gain), max(most, gain)
				}
				for _, f := range unwanted(hz, from, to) {
					spurious = max(spurious, decibels(level(out, w, to, f)/peak))
				}
			}
			t.Logf("passband %+.2f to %+.2f dB; the loudest image or alias %.1f dB", least, most, spurious)
			if least < -0.3 || most > 0.3 {
				t.Errorf("passband %+.2f to %+.2f dB", least, most)
			}
			if spurious > -60 {
				t.Errorf("an image or alias at %.1f dB", spurious)
			}
		})
	}
}

func TestOtherRatesAreRefused(t *testing.T) {
	for _, pair := range [][2]int{{44100, 48000}, {8000, 11025}, {0, 0}, {-8000, 8000}, {24000, 24000}} {
		if _, err := New(pair[0], pair[1]); !errors.Is(err, ErrRate) {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

// Every frame of every whole number of milliseconds gives exactly its share.
func TestCountsAreExactFrameByFrame(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		r := between(t, from, to)
		dst := make([]int16, to)
		for i := range 200 {
			ms := 1 + i*7%60
			want := to * ms / 1000
			if n := r.Len(from * ms / 1000); n != want {
				t.Fatalf("%d to %d: %d announced of %d ms", from, to, n, ms)
			}
			if n := r.Resample(dst, make([]int16, from*ms/1000)); n != want {
				t.Fatalf("%d to %d: %d samples of %d ms", from, to, n, ms)
			}
		}
	}
}

func TestPiecesOfAnyLengthMakeTheSameStream(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		in := noise(from / 4)
		want := through(t, from, to, in)
		for _, size := range []int{1, 2, 5, 79, 191, 192, 319, 321, 2000} {
			r := between(t, from, to)
			var got []int16
			for piece := range slices.Chunk(in, size) {
				buf := make([]int16, r.Len(len(piece)))
				n := r.Resample(buf, piece)
				if n != len(buf) {
					t.Fatalf("%d to %d: %d samples made, %d announced", from, to, n, len(buf))
				}
				got = append(got, buf...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d to %d: pieces of %d samples make another stream", from, to, size)
			}
		}
	}
}

// The output is late by Delay: a click comes out around it.
func TestDelay(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		r := between(t, from, to)
		if low := min(from, to); from != to && (r.Delay() >= 16*time.Second/time.Duration(low) || r.Delay() < 15*time.Second/time.Duration(low)) {
			t.Errorf("%d to %d: %v", from, to, r.Delay())
		}
		const hz = 200.0
		in := sine(from, from/5, hz, 16000)
		out := through(t, from, to, in)
		// The phase of the tone in the second half tells the delay.
		var re, im float64
		whole := to / 200 * 20
		for i := len(out) - whole; i < len(out); i++ {
			phase := 2 * math.Pi * hz * float64(i) / float64(to)
			re += float64(out[i]) * math.Cos(phase)
			im += float64(out[i]) * math.Sin(phase)
		}
		late := math.Atan2(-re, im) / (2 * math.Pi * hz)
		if math.Abs(late-r.Delay().Seconds()) > 2e-6 {
			t.Errorf("%d to %d: late by %.6f s, said %v", from, to, late, r.Delay())
		}
	}
}

func TestSilenceAndConstants(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		for _, level := range []int16{0, 1000, -20000, math.MaxInt16, math.MinInt16} {
			in := make([]int16, from/10)
			for i := range in {
				in[i] = level
			}
			out := through(t, from, to, in)
			for i, s := range out[len(out)/2:] {
				if e := math.Abs(float64(s) - float64(level)); e > math.Abs(float64(level))*0.031 {
					t.Fatalf("%d to %d: %d became %d (sample %d)", from, to, level, s, i)
				}
			}
		}
	}
}

// What does not fit stops at the rail: a square wave from rail to rail overshoots.
func TestOverloadSaturates(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		in := make([]int16, from/5)
		for i := range in {
			in[i] = math.MaxInt16
			if i/(from/200)%2 == 1 {
				in[i] = math.MinInt16
			}
		}
		late := int(between(t, from, to).Delay().Seconds() * float64(to))
		for i, s := range through(t, from, to, in) {
			k := (i - late) * from / to
			if k < 0 || k%(from/200) < from/1000 || k%(from/200) > from/200-from/1000 {
				continue // near an edge
			}
			if (s > 0) != (in[k] > 0) || math.Abs(float64(s)) < 28000 {
				t.Fatalf("%d to %d: %d became %d", from, to, in[k], s)
			}
		}
	}
}

// Up and down again is the stream, late.
func TestThereAndBack(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		if from >= to {
			continue
		}
		in := sine(from, from, 0.1*float64(from), 9000)
		for i, s := range sine(from, from, 0.27*float64(from), 7000) {
			in[i] += s
		}
		back := through(t, to, from, through(t, from, to, in))
		late := between(t, from, to).Delay() + between(t, to, from).Delay()
		lag := late.Seconds() * float64(from)
		if math.Abs(lag-math.Round(lag)) < 1e-6 {
			var signal, error float64
			for i := len(in) / 2; i < len(in); i++ {
				x, y := float64(in[i-int(math.Round(lag))]), float64(back[i])
				signal += x * x
				error += (y - x) * (y - x)
			}
			if snr := 10 * math.Log10(signal/error); snr < 26 {
				t.Errorf("%d to %d and back: %.1f dB", from, to, snr)
			}
		}
		for _, tone := range []float64{0.1, 0.27} {
			w := window(from / 5)
			want := level(in[len(in)-len(w):], w, from, tone*float64(from))
			got := level(back[len(in)-len(w):], w, from, tone*float64(from))
			if d := decibels(got / want); math.Abs(d) > 0.5 {
				t.Errorf("%d to %d and back: a tone at %v of the rate changes by %.2f dB", from, to, tone, d)
			}
		}
	}
}

func TestShortBuffersBoundTheWork(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		for size := range 40 {
			r := between(t, from, to)
			room := make([]int16, size)
			if n := r.Resample(room, make([]int16, 1000)); n > size || n < size-max(1, to/from) {
				t.Errorf("%d to %d: %d samples into %d", from, to, n, size)
			}
			if n := r.Resample(nil, make([]int16, 10)); n != 0 {
				t.Errorf("%d to %d: %d samples into nothing", from, to, n)
			}
			if n := r.Resample(room, nil); n != 0 {
				t.Errorf("%d to %d: %d samples of nothing", from, to, n)
			}
		}
	}
}

func TestResamplerGoesOnWhereAnotherStopped(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		if from == to {
			continue
		}
		one, other := between(t, from, to), between(t, from, to)
		in, want, got := noise(from/50+1), make([]int16, to/25), make([]int16, to/25)
		one.Resample(want, in)
		if one.SameState(other) {
			t.Errorf("%d to %d: one that has worked is as new", from, to)
		}
		other.CopyState(one)
		if !one.SameState(other) {
			t.Errorf("%d to %d: a copy differs", from, to)
		}
		n := one.Resample(want, in)
		other.Resample(got, in)
		if !slices.Equal(want[:n], got[:n]) || !one.SameState(other) {
			t.Errorf("%d to %d: the copy makes other samples", from, to)
		}
		one.Reset()
		one.Resample(want, in)
		n = between(t, from, to).Resample(got, in)
		if !slices.Equal(want[:n], got[:n]) {
			t.Errorf("%d to %d: after a reset it is not as new", from, to)
		}
		if one.SameState(between(t, to, from)) {
			t.Error("resamplers of other rates are the same")
		}
	}
}

func TestResampleNoAllocs(t *testing.T) {
	for _, pair := range pairs() {
		r, other := between(t, pair[0], pair[1]), between(t, pair[0], pair[1])
		dst, src := make([]int16, pair[1]/50), noise(pair[0]/50)
		if n := testing.AllocsPerRun(100, func() {
			r.Resample(dst, src)
			other.CopyState(r)
			other.SameState(r)
		}); n != 0 {
			t.Errorf("%v: %v allocations", pair, n)
		}
	}
}

// BenchmarkResample converts 20 ms.
func BenchmarkResample(b *testing.B) {
	for _, pair := range pairs() {
		if pair[0] == pair[1] {
			continue
		}
		b.Run(fmt.Sprintf("%d-%d", pair[0], pair[1]), func(b *testing.B) {
			r := between(b, pair[0], pair[1])
			dst, src := make([]int16, pair[1]/50), noise(pair[0]/50)
			b.ReportAllocs()
			for b.Loop() {
				r.Resample(dst, src)
			}
		})
	}
}
