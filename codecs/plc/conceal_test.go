package plc

import (
	"math"
	"math/rand/v2"
	"testing"
)

func sine(n, from int, hz float64, rate int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(10000 * math.Sin(2*math.Pi*hz*float64(from+i)/float64(rate)))
	}
	return pcm
}

func TestGoodAudioIsOnlyDelayed(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		c := New(rate)
		in := sine(rate, 0, 313, rate)
		var out []int16
		for at, n := 0, 1; at < len(in); at, n = at+n, n*7%311+1 { // frames of any length
			step := append([]int16(nil), in[at:min(at+n, len(in))]...)
			c.Good(step)
			out = append(out, step...)
		}
		for i := c.Delay(); i < len(in); i++ {
			if out[i] != in[i-c.Delay()] {
				t.Fatalf("%d Hz: sample %d is not sample %d of the input", rate, i, i-c.Delay())
			}
		}
		if c.Delay()*1000 != rate*30/8 {
			t.Errorf("%d Hz: delay of %d samples, want 3.75 ms", rate, c.Delay())
		}
	}
}

// A tone goes on through a lost frame and out of it, at 8 and at 16 kHz.
func TestLostFrameOfAToneIsNotHeard(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, lost := range []int{1, 2} {
			c, step := New(rate), rate/100
			hz := 200.0
			k := 2 * math.Cos(2*math.Pi*hz/float64(rate))
			var out []int16
			for i := range 60 {
				frame := sine(step, i*step, hz, rate)
				if i >= 30 && i < 30+lost {
					c.Lost(frame)
				} else {
					c.Good(frame)
				}
				out = append(out, frame...)
			}
			for i := step; i < len(out); i++ {
				if e := math.Abs(float64(out[i]) - k*float64(out[i-1]) + float64(out[i-2])); e > 150 {
					t.Fatalf("%d Hz, %d lost: broken at %.1f ms by %.0f", rate, lost, float64(i)*1000/float64(rate), e)
				}
			}
		}
	}
}

func TestConcealmentFadesToSilenceIn60ms(t *testing.T) {
	c := New(8000)
	c.Good(sine(8000, 0, 200, 8000))
	level := func() (peak int16) {
		out := make([]int16, frame)
		c.Lost(out)
		for _, v := range out[frame-overlapMax:] {
			peak = max(peak, v)
		}
		return peak
	}
	var peaks []int16
	for range 8 {
		peaks = append(peaks, level())
	}
	for i := 1; i < 6; i++ {
		if peaks[i] >= peaks[i-1] && i > 1 || peaks[i] == 0 && i < 5 {
			t.Errorf("peaks %v do not fall", peaks)
		}
	}
	if peaks[6] != 0 || peaks[7] != 0 {
		t.Errorf("after 60 ms: %v", peaks)
	}
	if !c.Faded() || !c.Concealing() {
		t.Error("does not say that it has faded")
	}
	c.Good(make([]int16, frame))
	if c.Faded() || c.Concealing() {
		t.Error("still concealing after a good frame")
	}
}

func TestSilenceStaysSilent(t *testing.T) {
	c := New(8000)
	out := make([]int16, 800)
	c.Good(out)
	c.Lost(out)
	c.Good(out)
	for i, v := range out {
		if v != 0 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
}

func TestGoodLostNoAllocs(t *testing.T) {
	c, out := New(8000), sine(160, 0, 200, 8000)
	if n := testing.AllocsPerRun(100, func() { c.Good(out); c.Lost(out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzConcealer(f *testing.F) {
	f.Add(uint64(1), []byte{80, 0, 160, 1, 200, 3})
	f.Fuzz(func(t *testing.T, seed uint64, in []byte) {
		c, r := New(8000*int(1+seed%3)), rand.New(rand.NewPCG(seed, 0))
		for _, b := range in {
			out := make([]int16, int(b>>1)*7)
			if b&1 != 0 {
				c.Lost(out)
				continue
			}
			for i := range out {
				out[i] = int16(r.Uint64())
			}
			c.Good(out)
		}
	})
}

func BenchmarkGood(b *testing.B) {
	c, out := New(8000), sine(160, 0, 200, 8000)
	b.ReportAllocs()
	for b.Loop() {
		c.Good(out)
	}
}

func BenchmarkLost(b *testing.B) {
	c, in, out := New(8000), sine(160, 0, 200, 8000), make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		c.Lost(out)
		copy(out, in)
		c.Good(out)
	}
}
