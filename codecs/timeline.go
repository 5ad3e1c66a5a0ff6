package codecs

// Timeline converts the RTP timestamps of one stream from one clock rate to another. What wraps around on one side wraps
// around on the other by itself; a packet out of order has its place. The zero Timeline has no rates and must not be used.
type Timeline struct {
	from, to int64
	begun    bool
	last     uint32 // as it came
	extended int64  // last without wrapping
}

// NewTimeline makes a timeline between two clock rates, Hz.
func NewTimeline(from, to int) *Timeline { return &Timeline{from: int64(from), to: int64(to)} }

// Scale converts a timestamp.
// hot path: no allocation, lock, clock or log.
func (t *Timeline) Scale(timestamp uint32) uint32 {
	if !t.begun {
		t.begun, t.last, t.extended = true, timestamp, int64(timestamp)+1<<32
	}
	t.extended += int64(int32(timestamp - t.last))
	t.last = timestamp
	return uint32(t.extended * t.to / t.from)
}
