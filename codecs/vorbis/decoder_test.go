package vorbis

import (
	"bytes"
	"math"
	"os"
	"testing"
)

// packets takes apart an Ogg file of one stream, of half a second of 441 Hz, both channels alike.
func packets(t testing.TB) (list [][]byte) {
	t.Helper()
	b, err := os.ReadFile("../../mixer/moh/testdata/44100-stereo.ogg")
	if err != nil {
		t.Fatal(err)
	}
	var packet []byte
	for len(b) > 27 {
		lacing := b[27:][:b[26]]
		b = b[27+len(lacing):]
		for _, n := range lacing {
			packet, b = append(packet, b[:n]...), b[n:]
			if n < 255 {
				list, packet = append(list, packet), nil
			}
		}
	}
	return list
}

func TestSineIsDecoded(t *testing.T) {
	p := packets(t)
	d, err := New(p[0], p[1], p[2])
	if err != nil || d.Rate() != 44100 {
		t.Fatal(err)
	}
	var x []float64
	for i, packet := range p[3:] {
		out := d.Decode(packet)
		if (i == 0) != (len(out) == 0) {
			t.Fatalf("packet %d gives %d samples", i, len(out))
		}
		x = append(x, out...)
	}
	for i := 4000; i < 18000; i++ {
		if want := 0.5 * math.Sin(2*math.Pi*441*float64(i)/44100); math.Abs(x[i]-want) > 0.02 {
			t.Fatalf("sample %d is %.4f, want %.4f", i, x[i], want)
		}
	}
}

func TestHeadersThatCannotBe(t *testing.T) {
	p := packets(t)
	six := bytes.Clone(p[0])
	six[11] = 6
	for name, h := range map[string][3][]byte{
		"six channels": {six, p[1], p[2]}, "no head": {p[1], p[1], p[2]}, "in another order": {p[0], p[2], p[1]},
		"half a set-up": {p[0], p[1], p[2][:len(p[2])/2]}, "no set-up": {p[0], p[1], nil},
	} {
		if _, err := New(h[0], h[1], h[2]); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	p := packets(f)
	f.Add(p[0], p[2], p[3], p[4])
	f.Add(p[0], p[2], p[10], p[9])
	f.Fuzz(func(t *testing.T, head, setup, one, two []byte) {
		d, err := New(head, p[1], setup)
		if err != nil {
			return
		}
		for _, packet := range [][]byte{one, two, one} {
			if n := len(d.Decode(packet)); n > 1<<13 {
				t.Fatalf("%d samples", n)
			}
		}
	})
}
