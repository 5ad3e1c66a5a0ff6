package jitter

// histogram is a decaying distribution of relative delays. Instead of every bin shrinking with
// every packet, each packet weighs a little more than the one before it.
type histogram struct {
	bins   [histogramBins]float32
	total  float32
	weight float32 // of the next packet
	seen   int     // packets, until the forgetting starts

	guess int     // the bin of the first guess, until it is forgotten
	edge  int     // the bin the quantile is in
	above float32 // what all bins beyond it hold
}

const (
	binWidth      = 2 * millisecond
	histogramBins = 256
	histogramSpan = histogramBins * binWidth

	// forget is the growth of the weight a packet: a time constant of 400 packets, 8 s at 50 a second.
	forget = 1 + 1.0/400
	// learn is for how many packets every one weighs the same, so that the start is learnt fast.
	learn = 200
	// startWeight is how many packets the first guess is worth: it yields to what is seen after 40 packets.
	startWeight = 1.2
	renormalise = 1 << 40
)

func (h *histogram) reset(guess int64) {
	*h = histogram{weight: 1, total: startWeight, edge: bin(guess), guess: bin(guess)}
	h.bins[h.edge] = startWeight
}

func bin(delay int64) int {
	return int(min(max(delay, 0)/binWidth, histogramBins-1))
}

func (h *histogram) add(delay int64) {
	at := bin(delay)
	h.bins[at] += h.weight
	h.total += h.weight
	if at > h.edge {
		h.above += h.weight
	}
	if h.seen < learn {
		if h.seen++; h.seen == learn { // the guess has done its part
			h.bins[h.guess] = max(h.bins[h.guess]-startWeight, 0)
			h.total -= startWeight
			h.recount()
		}
		return
	}
	if h.weight *= forget; h.weight > renormalise {
		scale := 1 / h.weight
		h.total = 0
		for i := range h.bins {
			h.bins[i] *= scale
			h.total += h.bins[i]
		}
		h.weight = 1
		h.recount()
	}
}

// quantile gives the delay that a share of 1-tail of the packets stay below: the upper edge of the
// bin. It moves with the distribution by a bin or two a packet, so it is found from where it was.
func (h *histogram) quantile() int64 {
	limit := tail * h.total
	for h.edge < histogramBins-1 && h.above > limit {
		h.edge++
		h.above -= h.bins[h.edge]
	}
	for h.edge > 0 && h.above+h.bins[h.edge] <= limit {
		h.above += h.bins[h.edge]
		h.edge--
	}
	return int64(h.edge+1) * binWidth
}

// What lateness costs against delay, by the E-model (ITU-T G.107) for G.711 with concealment: a hundredth of the packets lost
// costs 3.8 of R, as much as 155 ms of delay that nobody notices, or 35 ms beyond where conversation suffers.
const (
	latenessCost   = 15_500 * millisecond // for all packets late
	noticedAfter   = 100 * millisecond    // here, with as much for the way and the phones
	noticedCosting = 4.5                  // times as much
)

// worthwhile gives the delay, at least the quantile and at most most, at which delay and packets that come later cost
// least.
func (h *histogram) worthwhile(most int64) int64 {
	best := h.quantile()
	if h.seen < learn {
		return best
	}
	above, lowest := h.above, cost(best)+float64(latenessCost)*float64(h.above/h.total)
	for at := h.edge + 1; at < histogramBins && above > 1e-4*h.total; at++ {
		delay := int64(at+1) * binWidth
		if delay > most {
			break
		}
		above -= h.bins[at]
		if c := cost(delay) + float64(latenessCost)*float64(above/h.total); c < lowest {
			best, lowest = delay, c
		}
	}
	return best
}

func cost(delay int64) float64 {
	return float64(delay) + (noticedCosting-1)*float64(max(delay-noticedAfter, 0))
}

// recount sums up what is beyond the edge, which gathers rounding errors and moves with a shift.
func (h *histogram) recount() {
	h.above = 0
	for _, b := range h.bins[h.edge+1:] {
		h.above += b
	}
}

// shift moves the whole distribution by whole bins when the delay that it is relative to moves the
// other way; what falls off an end stays in the last bin there.
func (h *histogram) shift(bins int) {
	h.guess = min(max(h.guess+bins, 0), histogramBins-1)
	switch {
	case bins > 0:
		bins = min(bins, histogramBins-1)
		var over float32
		for _, b := range h.bins[histogramBins-bins:] {
			over += b
		}
		copy(h.bins[bins:], h.bins[:histogramBins-bins])
		clear(h.bins[:bins])
		h.bins[histogramBins-1] += over
	case bins < 0:
		bins = min(-bins, histogramBins-1)
		var under float32
		for _, b := range h.bins[:bins] {
			under += b
		}
		copy(h.bins[:], h.bins[bins:])
		clear(h.bins[histogramBins-bins:])
		h.bins[0] += under
	}
	h.recount()
}
