package pcm

import (
	"math"
	"testing"
)

func TestL16IsBigEndianAndComesBack(t *testing.T) {
	in := []int16{0, 1, -1, 258, math.MaxInt16, math.MinInt16}
	payload := make([]byte, 12)
	if n := (L16{}).Encode(payload, in); n != 12 || payload[6] != 1 || payload[7] != 2 {
		t.Fatalf("%d octets, %v", n, payload)
	}
	out := make([]int16, 6)
	if n, err := (L16{}).Decode(out, payload); n != 6 || err != nil {
		t.Fatalf("%d samples, %v", n, err)
	}
	for i := range in {
		if out[i] != in[i] {
			t.Errorf("%d became %d", in[i], out[i])
		}
	}
}

func TestL16WritesWholeSamplesOnly(t *testing.T) {
	if n := (L16{}).Encode(make([]byte, 5), make([]int16, 9)); n != 4 {
		t.Errorf("encoded %d octets into 5", n)
	}
	if n, err := (L16{}).Decode(make([]int16, 9), make([]byte, 7)); n != 3 || err != ErrOddLength {
		t.Errorf("decoded %d samples of 7 octets, %v", n, err)
	}
	if n, err := (L16{}).Decode(make([]int16, 2), make([]byte, 8)); n != 2 || err != nil {
		t.Errorf("decoded %d samples into 2, %v", n, err)
	}
}

func TestLevel(t *testing.T) {
	sine, square := make([]int16, 8000), make([]int16, 100)
	for i := range sine {
		sine[i] = int16(math.Round(32767 * math.Sin(2*math.Pi*float64(i)/80)))
	}
	for i := range square {
		square[i] = math.MinInt16
	}
	quiet := []int16{1, 0, 0, 0, 0, 0, 0, 0}
	for _, tt := range []struct {
		name string
		pcm  []int16
		want float64
	}{
		{"full-scale sine", sine, -3.01}, {"full-scale square", square, 0}, {"nothing", nil, Silent},
		{"zeros", make([]int16, 10), Silent}, {"one step in eight", quiet, -99.34},
	} {
		if got := Level(tt.pcm); math.Abs(got-tt.want) > 0.01 {
			t.Errorf("%s: %.2f dBov, want %.2f", tt.name, got, tt.want)
		}
	}
}

func TestL16NoAllocs(t *testing.T) {
	pcm, payload := make([]int16, 160), make([]byte, 320)
	if n := testing.AllocsPerRun(100, func() {
		L16{}.Encode(payload, pcm)
		_, _ = L16{}.Decode(pcm, payload)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkL16(b *testing.B) {
	pcm, payload := make([]int16, 160), make([]byte, 320)
	b.ReportAllocs()
	for b.Loop() {
		L16{}.Encode(payload, pcm)
		_, _ = L16{}.Decode(pcm, payload)
	}
}
