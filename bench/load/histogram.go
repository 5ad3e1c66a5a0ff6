package load

import (
	"math/bits"
	"time"
)

// Values up to 2^precision ns are exact; above, a bucket is at most 1/2^(precision-1) of its value wide: 1.6 %.
const (
	precision = 7
	half      = 1 << (precision - 1)
	buckets   = (64 - precision + 1) * half
)

// Histogram counts durations in buckets whose width grows with the value. The zero value is ready. It holds no
// more memory than its 15 kB, whatever is recorded.
type Histogram struct {
	counts [buckets + half]uint32
	n      int
	max    int64
}

// bucket returns where ns is counted. Hot path: no allocation, lock, clock or log.
func bucket(ns int64) int {
	v := uint64(max(ns, 0))
	shift := max(bits.Len64(v)-precision, 0)
	return shift*half + int(v>>shift)
}

// lowest returns the least value of a bucket, which is the inverse of bucket.
func lowest(b int) int64 {
	shift := max(b/half-1, 0)
	return int64(b-shift*half) << shift
}

// Record counts one duration in ns; a negative one counts as zero. Hot path: no allocation, lock, clock or log.
func (h *Histogram) Record(ns int64) {
	h.counts[bucket(ns)]++
	h.n++
	h.max = max(h.max, ns)
}

// N returns how many durations were recorded.
func (h *Histogram) N() int { return h.n }

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max) }

// Percentile returns the duration that the share q (0 to 1) of all does not exceed, to 1.6 %; 0 when nothing was
// recorded.
func (h *Histogram) Percentile(q float64) time.Duration {
	rank := int(q * float64(h.n))
	if float64(rank) < q*float64(h.n) {
		rank++ // the least number of values that is at least the share
	}
	rank = min(max(rank, 1), h.n)
	seen := 0
	for b, c := range h.counts {
		if seen += int(c); c > 0 && seen >= rank {
			return time.Duration(min(lowest(b+1)-1, h.max))
		}
	}
	return 0
}

// Reset forgets everything.
func (h *Histogram) Reset() { *h = Histogram{} }
