package rtp

// SeqDiff returns how far a is ahead of b in sequence numbers, -32768..32767, across the wrap (RFC 1982).
// Hot path: no allocation, lock, clock or log.
func SeqDiff(a, b uint16) int { return int(int16(a - b)) }

// SeqLess reports whether sequence number a comes before b, across the wrap.
// Hot path: no allocation, lock, clock or log.
func SeqLess(a, b uint16) bool { return int16(a-b) < 0 }

// TimestampDiff returns how far a is ahead of b in clock-rate units, across the wrap.
// Hot path: no allocation, lock, clock or log.
func TimestampDiff(a, b uint32) int { return int(int32(a - b)) }
