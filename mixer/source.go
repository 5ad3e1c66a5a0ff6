package mixer

// Source is endless audio at a rate that its maker stated: a tone.Generator, a moh.Cursor.
type Source interface {
	// Read fills dst, which holds 20 ms, with the next samples.
	// It must not allocate, lock, log or read a clock: it is called on the shard's tick.
	Read(dst []int16)
}

// FiniteSource is a Source with an end, after which it gives silence.
type FiniteSource interface {
	Source
	Ended() bool
}

// Output takes the packets of one listener; *relay.Leg is one. The packet is the caller's again
// when WriteRTP returns.
type Output interface {
	WriteRTP(p []byte)
}

// fetcher is an Output that can read a word of each line of the processor's cache that its next packet needs; *relay.Leg is one.
type fetcher interface{ Fetch() uint64 }
