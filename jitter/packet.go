package jitter

// Packet is one arrival, as its header and its codec describe it.
type Packet struct {
	SSRC           uint32
	Timestamp      uint32
	SequenceNumber uint16
	PayloadType    uint8
	Marker         bool
	// Samples is the packet's length in units of the clock rate. Zero means that it spans no time of
	// its own (comfort noise, events): it keeps its place in the order and has no part in timing.
	Samples int
	Payload []byte // copied
}

// Kind is what Next gives.
type Kind uint8

const (
	Wait Kind = iota // nothing is due: fill with concealment, noise or silence and ask again
	Play             // the next packet
	Lost             // a packet that did not come: conceal Samples and ask again
)

// Item is the next piece of the stream in playout order.
type Item struct {
	Kind        Kind
	PayloadType uint8 // of Payload
	Marker      bool
	Timestamp   uint32
	Samples     int    // Play, Lost: length in units of the clock rate
	Payload     []byte // Play: the packet's, Lost: of the packet behind it where that is there; valid until the next Put
	// Onset marks a packet that does not continue the one before it: the first of all, the first
	// after a silence, the first after audio was skipped or the source changed.
	Onset bool
}
