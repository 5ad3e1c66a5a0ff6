package resample

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"math"
	"os"
	"testing"
)

// equiripple designs the linear-phase low-pass of an odd number of taps whose largest error is least
// (Parks and McClellan; Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.7). Edges are
// in cycles a sample; an error in the stopband counts weight times.
func equiripple(taps int, pass, stop, weight float64) []float64 {
	order := (taps - 1) / 2 // the response is a polynomial of this order in the cosine
	const density = 24      // frequencies judged for each of the order
	var grid []point
	step := (pass + 0.5 - stop) / float64(density*order)
	for f := 0.0; f < pass; f += step {
		grid = append(grid, point{math.Cos(2 * math.Pi * f), 1, 1})
	}
	grid = append(grid, point{math.Cos(2 * math.Pi * pass), 1, 1})
	for f := stop; f < 0.5; f += step {
		grid = append(grid, point{math.Cos(2 * math.Pi * f), 0, weight})
	}
	grid = append(grid, point{-1, 0, weight})

	at := make([]int, order+2) // the extremes
	for i := range at {
		at[i] = i * (len(grid) - 1) / (order + 1)
	}
	var p *polynomial
	for range 100 {
		p = interpolate(grid, at)
		next := extremes(grid, p, order+2)
		same := true
		for i := range at {
			same = same && at[i] == next[i]
		}
		at = next
		if same {
			break
		}
	}
	// The taps are the inverse transform of the response at equally spaced frequencies.
	h := make([]float64, taps)
	for n := range h {
		for k := range taps {
			f := float64(k) / float64(taps)
			h[n] += p.at(math.Cos(2*math.Pi*f)) * math.Cos(2*math.Pi*f*float64(n-order)) / float64(taps)
		}
	}
	return h
}

// point is one of the frequencies at which a design is judged.
type point struct{ x, want, weight float64 }

// polynomial is a response in barycentric form: it goes through want by ripple, in turn above and below.
type polynomial struct {
	x, y, beta []float64
	ripple     float64
}

func interpolate(grid []point, at []int) *polynomial {
	n := len(at)
	weight := make([]float64, n)
	for i := range at {
		logw, sign := 0.0, 1.0
		for k := range at {
			if k != i {
				d := 2 * (grid[at[i]].x - grid[at[k]].x)
				if d < 0 {
					sign = -sign
				}
				logw += math.Log(math.Abs(d))
			}
		}
		weight[i] = sign * math.Exp(-logw)
	}
	var num, den float64
	turn := 1.0
	for i, g := range at {
		num += weight[i] * grid[g].want
		den += weight[i] * turn / grid[g].weight
		turn = -turn
	}
	p := &polynomial{ripple: num / den}
	turn = 1
	for i, g := range at[:n-1] {
		p.x = append(p.x, grid[g].x)
		p.y = append(p.y, grid[g].want-turn*p.ripple/grid[g].weight)
		p.beta = append(p.beta, weight[i]*(grid[g].x-grid[at[n-1]].x))
		turn = -turn
	}
	return p
}

func (p *polynomial) at(x float64) float64 {
	var num, den float64
	for i := range p.x {
		d := x - p.x[i]
		if math.Abs(d) < 1e-14 {
			return p.y[i]
		}
		num += p.beta[i] / d * p.y[i]
		den += p.beta[i] / d
	}
	return num / den
}

// extremes finds the frequencies of the largest errors, n of them with signs in turn.
func extremes(grid []point, p *polynomial, n int) []int {
	e := make([]float64, len(grid))
	for i, g := range grid {
		e[i] = (p.at(g.x) - g.want) * g.weight
	}
	var found []int
	for i := range e {
		left := i == 0 || math.Abs(e[i]) >= math.Abs(e[i-1]) || e[i]*e[i-1] < 0 || grid[i].want != grid[i-1].want
		right := i == len(e)-1 || math.Abs(e[i]) > math.Abs(e[i+1]) || e[i]*e[i+1] < 0 || grid[i].want != grid[i+1].want
		if !left || !right {
			continue
		}
		if last := len(found) - 1; last >= 0 && e[found[last]]*e[i] > 0 {
			if math.Abs(e[i]) > math.Abs(e[found[last]]) {
				found[last] = i
			}
			continue
		}
		found = append(found, i)
	}
	for len(found) > n {
		if len(found) == n+1 {
			if math.Abs(e[found[0]]) < math.Abs(e[found[n]]) {
				found = found[1:]
			} else {
				found = found[:n]
			}
			break
		}
		// drop the smallest pair of neighbours
		least, where := math.Inf(1), 0
		for i := range len(found) - 1 {
			if m := max(math.Abs(e[found[i]]), math.Abs(e[found[i+1]])); m < least {
				least, where = m, i
			}
		}
		found = append(found[:where], found[where+2:]...)
	}
	return found
}

// The stopband counts 36 times, which puts it 62 dB down and leaves 0.24 dB to the passband.
const stopWeight = 36

// design gives the first half of a prototype's taps and its middle one, in 2^-prototypeBits.
func design(ratio int) []int32 {
	h := equiripple(perPhase*ratio-1, 0.425/float64(ratio), 0.5/float64(ratio), stopWeight)
	half := make([]int32, (len(h)+1)/2)
	for i := range half {
		half[i] = int32(math.Round(h[i] * (1 << prototypeBits)))
	}
	return half
}

// The taps in the source are the design's; another machine's arithmetic may differ in the last bit.
func TestTapsAreTheDesign(t *testing.T) {
	if *update {
		writeTaps(t)
	}
	for _, ratio := range []int{2, 3, 4, 6} {
		want := design(ratio)
		got := prototypes[ratio]
		if len(got) != len(want) {
			t.Fatalf("ratio %d: %d taps, the design has %d", ratio, len(got), len(want))
		}
		for i := range want {
			if d := got[i] - want[i]; d < -2 || d > 2 {
				t.Errorf("ratio %d: tap %d is %d, the design has %d", ratio, i, got[i], want[i])
			}
		}
	}
}

var update = flag.Bool("update", false, "write taps.go from the design")

func writeTaps(t *testing.T) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprint(&b, `// Code generated by go test -run TestTapsAreTheDesign -update; DO NOT EDIT.

package resample

// prototypeBits is the number of binary places of the prototypes.
const prototypeBits = 24

// prototypes are the low-passes by the ratio of the higher rate, at which they run, to the lower: the
// taps up to the middle one, after which they come again from the end.
var prototypes = [7][]int32{
`)
	for _, ratio := range []int{2, 3, 4, 6} {
		fmt.Fprintf(&b, "%d: {", ratio)
		for i, tap := range design(ratio) {
			if i%12 == 0 {
				fmt.Fprintln(&b)
			}
			fmt.Fprintf(&b, "%d,", tap)
		}
		fmt.Fprint(&b, "\n},\n")
	}
	fmt.Fprint(&b, "}\n")
	source, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("taps.go", source, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log("written; the next run compares")
}
