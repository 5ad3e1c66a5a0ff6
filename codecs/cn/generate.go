package cn

import "math"

// Generator makes the comfort noise of one stream. The zero value is silent.
type Generator struct {
	now, next description
	blend     float64 // how far now still is from next: 1 right after Update
	state     [maxOrder]float64
	random    uint64
}

// Update takes a new description; any octets are allowed.
// hot path: no allocation, lock, clock or log.
func (g *Generator) Update(payload []byte) {
	g.next = parse(payload)
	g.blend = 1
	if g.now.amplitude == 0 {
		g.now.filter, g.now.order = g.next.filter, g.next.order
	}
}

// Generate fills dst with noise.
// hot path: no allocation, lock, clock or log.
func (g *Generator) Generate(dst []int16) {
	const step = 1.0 / 80
	for i := range dst {
		if g.blend > 0 {
			if g.blend -= step; g.blend <= 0 {
				g.now, g.blend = g.next, 0
			}
		}
		amplitude := g.now.amplitude*g.blend + g.next.amplitude*(1-g.blend)
		filter := g.next.filter[:g.next.order]
		if g.blend > 0.5 {
			filter = g.now.filter[:g.now.order]
		}
		v := g.synthesise(g.white()*amplitude, filter)
		dst[i] = int16(math.Round(min(max(v, math.MinInt16), math.MaxInt16)))
	}
}

// synthesise runs one sample through the lattice form of 1/A(z), stable whenever every |k| < 1.
func (g *Generator) synthesise(v float64, filter []float64) float64 {
	if len(filter) == 0 {
		return v
	}
	for i := len(filter) - 1; i >= 0; i-- {
		v -= filter[i] * g.state[i]
		if i+1 < len(filter) {
			g.state[i+1] = g.state[i] + filter[i]*v
		}
	}
	g.state[0] = v
	return v
}

// white gives noise of variance 1, evenly distributed, from a xorshift generator.
func (g *Generator) white() float64 {
	if g.random == 0 {
		g.random = 0x9E3779B97F4A7C15
	}
	g.random ^= g.random << 13
	g.random ^= g.random >> 7
	g.random ^= g.random << 17
	return (float64(g.random>>11)/(1<<52) - 1) * math.Sqrt2 * 1.2247448713915890
}
