package receive

// Fetch reads a word of each line of the processor's cache that the next packet and the next Pull need, so that the processor waits
// for all that are missing at once and not for one after the other. What it returns is a sum that nobody needs.
// hot path: no allocation, lock, clock or log.
func (s *Stream) Fetch() (sum uint64) {
	sum = s.buffer.Fetch() + s.conceal.Fetch()
	sum += uint64(s.byType[0]) + uint64(s.byType[64]) + s.stats.Malformed
	if i := int(s.byType[s.spoken]); i > 0 {
		sum += uint64(s.formats[i-1].rate) + uint64(s.formats[i-1].clock)
	}
	for at := 0; at < len(s.queue.samples); at += line {
		sum += uint64(s.queue.samples[at])
	}
	return sum
}

const line = 32 // of the cache, samples
