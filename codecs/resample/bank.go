package resample

import "fmt"

// rates are what can be converted from and to, Hz.
var rates = [...]int{8000, 16000, 32000, 48000}

// perPhase is how many taps a prototype has for each sample of the lower rate.
const perPhase = 32

// mostTaps is the width of the widest bank, 48 to 8 kHz.
const mostTaps = 6 * perPhase

// bank is the low-pass between two rates: up phases, of width taps each, of a filter at up times the input
// rate. Output n lies n*down of that rate's samples after the first input. It is immutable.
type bank struct {
	from, to int
	up, down int
	width    int     // a multiple of 16
	shift    uint    // binary places of the taps
	taps     []int16 // by phase, the one for the oldest sample first
}

// banks holds every pair of different rates, by their places in rates.
var banks = func() (b [len(rates)][len(rates)]*bank) {
	for i, from := range rates {
		for k, to := range rates {
			if from != to {
				b[i][k] = newBank(from, to)
			}
		}
	}
	return b
}()

// bankBetween finds the bank, nil between a rate and itself.
func bankBetween(from, to int) (*bank, error) {
	i, k := -1, -1
	for n, rate := range rates {
		if rate == from {
			i = n
		}
		if rate == to {
			k = n
		}
	}
	if i < 0 || k < 0 {
		return nil, fmt.Errorf("resample %d Hz to %d Hz: %w", from, to, ErrRate)
	}
	return banks[i][k], nil
}

func newBank(from, to int) *bank {
	common := divisor(from, to)
	b := &bank{from: from, to: to, up: to / common, down: from / common}
	ratio := max(b.up, b.down)
	b.width = ratio * perPhase / b.up
	b.taps = make([]int16, b.up*b.width)
	b.shift = 15
	if b.up == 1 {
		b.shift = 16 // the taps are small enough
	}
	half, places := prototypes[ratio], prototypeBits-b.shift
	for n := range 2*len(half) - 1 {
		tap := half[min(n, 2*len(half)-2-n)] * int32(b.up)
		phase, age := n%b.up, n/b.up
		b.taps[phase*b.width+b.width-1-age] = int16((tap + 1<<(places-1)) >> places)
	}
	return b
}

// phase gives the taps of one phase.
func (b *bank) phase(n int) []int16 { return b.taps[n*b.width : (n+1)*b.width] }

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
