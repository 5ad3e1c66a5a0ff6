package dtmf

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// signal is one key as it may come from a line.
type signal struct {
	low, high       float64 // dBm0
	offLow, offHigh float64 // share that the frequencies are off
	on              time.Duration
	snr             float64 // dB against both tones, 0 = no noise
	dropout         time.Duration
}

// normal is a signal that no detector may miss.
func normal() signal { return signal{low: -10, high: -10, on: 50 * time.Millisecond} }

// render makes the key at some phase within 300 ms.
func (s signal) render(key byte, r *rand.Rand) []int16 {
	lowBand, highBand := pair(key)
	pcm := make([]int16, 1600)
	begin := 400 + r.IntN(hop)
	on := int(s.on * Rate / time.Second)
	gap := int(s.dropout * Rate / time.Second)
	a, b := r.Float64()*2*math.Pi, r.Float64()*2*math.Pi
	noise := 0.0
	if s.snr != 0 {
		noise = math.Sqrt((math.Pow(peak(s.low), 2)+math.Pow(peak(s.high), 2))/2) * math.Pow(10, -s.snr/20)
	}
	for i := range pcm {
		v := r.NormFloat64() * noise
		if t := i - begin; t >= 0 && t < on && (t < on/2 || t >= on/2+gap) {
			v += peak(s.low) * math.Sin(a+2*math.Pi*frequencies[lowBand]*(1+s.offLow)*float64(t)/Rate)
			v += peak(s.high) * math.Sin(b+2*math.Pi*frequencies[highBand]*(1+s.offHigh)*float64(t)/Rate)
		}
		pcm[i] = int16(min(max(math.Round(v), math.MinInt16), math.MaxInt16))
	}
	return pcm
}

// rate is how many of 16 keys at so many phases are heard, exactly once each and as what they are, and how many are heard at all.
func (s signal) rate(phases int) (right, any float64) {
	r := rand.New(rand.NewPCG(uint64(phases), 2))
	n := 0
	for range phases {
		for _, key := range []byte(rows) {
			n++
			got := detect(s.render(key, r))
			if got == string(key) {
				right++
			}
			if got != "" {
				any++
			}
		}
	}
	return right / float64(n), any / float64(n)
}

func detect(pcm []int16) (keys string) {
	d := NewDetector()
	for len(pcm) > 0 { // as ticks bring it
		n := min(160, len(pcm))
		d.Write(pcm[:n], func(p Press) { keys += string(p.Key) })
		pcm = pcm[n:]
	}
	return keys
}

// The limits of ITU-T Q.24 and the ones usual with it, and a table of where the detector's own lie.
func TestDetectionLimits(t *testing.T) {
	msec := func(x float64) time.Duration { return time.Duration(x * float64(time.Millisecond)) }
	tests := []struct {
		name     string
		set      func(s *signal, x float64)
		from, to float64 // scanned for the table
		accept   []float64
		refuse   []float64
	}{
		{"length, ms", func(s *signal, x float64) { s.on = msec(x) }, 15, 60, []float64{40, 60}, []float64{10, 20, 23}},
		{"twist, high below low, dB", func(s *signal, x float64) { s.high = s.low - x }, 0, 16, []float64{4, 8}, []float64{12}},
		{"twist, high above low, dB", func(s *signal, x float64) { s.low = s.high - x }, 0, 16, []float64{2, 4}, []float64{8}},
		{"frequency of both up, %", func(s *signal, x float64) { s.offLow, s.offHigh = x/100, x/100 }, 0, 5, []float64{1, 1.5}, []float64{3.5, 4.5}},
		{"frequency of both down, %", func(s *signal, x float64) { s.offLow, s.offHigh = -x/100, -x/100 }, 0, 5, []float64{1, 1.5}, []float64{3.5, 4.5}},
		{"frequency of the low one, %", func(s *signal, x float64) { s.offLow = x / 100 }, 0, 5, []float64{1.5}, []float64{3.5}},
		{"frequency of the high one, %", func(s *signal, x float64) { s.offHigh = -x / 100 }, 0, 5, []float64{1.5}, []float64{3.5}},
		{"noise below both tones, dB", func(s *signal, x float64) { s.snr = x }, 30, 3, []float64{30, 20, 15}, nil},
		{"level of each, dBm0", func(s *signal, x float64) { s.low, s.high = x, x }, 0, -50, []float64{0, -3, -20, -36}, []float64{-45}},
		{"dropout within 160 ms, ms", func(s *signal, x float64) { s.on, s.dropout = msec(160), msec(x) }, 0, 60, []float64{5, 10}, nil},
	}
	const points = 16
	fmt.Printf("%-30s %12s %12s\n", "limits of the detector", "all up to", "none from")
	for _, tt := range tests {
		at := func(x float64) signal { s := normal(); tt.set(&s, x); return s }
		for _, x := range tt.accept {
			if right, _ := at(x).rate(2); right < 1 {
				t.Errorf("%s: at %g %.1f %% are heard", tt.name, x, 100*right)
			}
		}
		for _, x := range tt.refuse {
			if _, any := at(x).rate(2); any > 0 {
				t.Errorf("%s: at %g %.1f %% are heard", tt.name, x, 100*any)
			}
		}
		good, none := "-", "-"
		was, ascending := false, tt.name == "length, ms"
		for i := range points + 1 {
			x := tt.from + (tt.to-tt.from)*float64(i)/points
			right, any := at(x).rate(1)
			if ascending {
				if any == 0 {
					none = fmt.Sprintf("%.1f", x)
				}
				if right == 1 && !was {
					was, good = true, fmt.Sprintf("%.1f", x)
				}
				continue
			}
			if right == 1 && !was {
				good = fmt.Sprintf("%.2f", x)
			} else {
				was = true
			}
			if any == 0 && none == "-" {
				none = fmt.Sprintf("%.2f", x)
			}
		}
		if ascending {
			fmt.Printf("%-30s %12s %12s (all from, none up to)\n", tt.name, good, none)
			continue
		}
		fmt.Printf("%-30s %12s %12s\n", tt.name, good, none)
	}
}

// The same key twice, 50 ms apart, is two presses; the whole pad at 50 ms on and off is heard in order, also of our own tones.
func TestKeysInARow(t *testing.T) {
	const keys = "11223344556677889900**##AABBCCDD1590"
	var pcm []int16
	for _, k := range []byte(keys) {
		tone := NewTone(Press{Key: k, Duration: Shortest}, Rate)
		for !tone.Done() {
			b := make([]int16, 80)
			tone.Read(b)
			pcm = append(pcm, b...)
		}
	}
	if got := detect(pcm); got != keys {
		t.Errorf("heard %q", got)
	}
	for _, gap := range []int{50, 60, 100} {
		pcm = pcm[:0]
		r := rand.New(rand.NewPCG(uint64(gap), 3))
		for _, k := range []byte(keys) {
			s := signal{low: -12, high: -9, on: 50 * time.Millisecond}
			b := s.render(k, r)
			for i, v := range b { // only the tone, and the gap behind it
				if v != 0 {
					pcm = append(append(pcm, b[i:i+400]...), make([]int16, gap*8)...)
					break
				}
			}
		}
		if got := detect(pcm); got != keys {
			t.Errorf("%d ms apart: heard %q", gap, got)
		}
	}
}

// A key held for seconds is one press.
func TestLongKeyIsOnePress(t *testing.T) {
	tone := NewTone(Press{Key: '8', Duration: 5 * time.Second}, Rate)
	pcm := make([]int16, 6*Rate)
	tone.Read(pcm)
	if got := detect(pcm); got != "8" {
		t.Errorf("heard %q", got)
	}
}

func TestDetectorNoAllocs(t *testing.T) {
	d := NewDetector()
	pcm := make([]int16, 160)
	tone := NewTone(Press{Key: '8', Duration: Longest}, Rate)
	presses := 0
	found := func(Press) { presses++ }
	if n := testing.AllocsPerRun(400, func() { tone.Read(pcm); d.Write(pcm, found) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if presses != 1 {
		t.Errorf("%d presses", presses)
	}
}

func BenchmarkDetector(b *testing.B) {
	b.ReportAllocs()
	d := NewDetector()
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(i * 100)
	}
	for range b.N {
		d.Write(pcm, func(Press) {})
	}
}
