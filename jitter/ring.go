package jitter

// slot keeps one packet.
type slot struct {
	index     int64 // unwrapped sequence number; of the packet last kept here
	media     int64 // unwrapped timestamp, in units of the clock rate
	arrival   int64
	timestamp uint32
	samples   int32
	length    int32 // of the payload
	kind      uint8 // payload type
	marker    bool
	filled    bool
	onset     bool // the source's time line broke before this packet
}

// ring keeps packets by their index; all memory is made with it.
type ring struct {
	slots    []slot // a power of two
	payloads []byte // a stride for each slot
	stride   int
	count    int // filled
}

func newRing(packets, stride int) ring {
	size := 32
	for size < packets {
		size *= 2
	}
	r := ring{slots: make([]slot, size), payloads: make([]byte, size*stride), stride: stride}
	for i := range r.slots {
		r.slots[i].index = -1
	}
	return r
}

func (r *ring) at(index int64) *slot { return &r.slots[index&int64(len(r.slots)-1)] }

// payload gives the octets kept in the slot of an index.
func (r *ring) payload(index int64) []byte {
	i := int(index & int64(len(r.slots)-1))
	return r.payloads[i*r.stride:][:r.slots[i].length]
}

// free forgets the packet of a slot; the slot still knows which index was there.
func (r *ring) free(s *slot) {
	if s.filled {
		s.filled = false
		r.count--
	}
}
