package jitter

// histogram is a decaying distribution of relative delays. Instead of every bin shrinking with
// every packet, each packet weighs a little more than the one before it.
type histogram struct {
	bins   [histogramBins]float32
	total  float32
	weight float32 // of the next packet
	seen   int     // packets, until the forgetting starts
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
	*h = histogram{weight: 1, total: startWeight}
	h.bins[bin(guess)] = startWeight
}

func bin(delay int64) int {
	return int(min(max(delay, 0)/binWidth, histogramBins-1))
}

func (h *histogram) add(delay int64) {
	h.bins[bin(delay)] += h.weight
	h.total += h.weight
	if h.seen < learn {
		h.seen++
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
	}
}

// quantile gives the delay that a share of 1-tail of the packets stay below: the upper edge of the bin.
func (h *histogram) quantile(tail float32) int64 {
	above, limit := float32(0), tail*h.total
	for i := histogramBins - 1; i > 0; i-- {
		if above += h.bins[i]; above > limit {
			return int64(i+1) * binWidth
		}
	}
	return binWidth
}

// shift moves the whole distribution by whole bins when the delay that it is relative to moves the
// other way; what falls off an end stays in the last bin there.
func (h *histogram) shift(bins int) {
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
}
