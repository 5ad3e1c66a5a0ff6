package jitter

// slot keeps one packet.
type slot struct {
	index     int64 // unwrapped sequence number; of the packet last kept here
	media     int64 // unwrapped timestamp, in units of the clock rate
	arrival   int64
	timestamp uint32
	samples   int32
	length    int32 // of the payload
	room      int32 // which of the ring's rooms has the payload, while filled
	kind      uint8 // payload type
	marker    bool
	filled    bool
	onset     bool // the source's time line broke before this packet
}

// ring keeps packets by their index; all memory is made with it. The room for a payload that was given back last is taken first: few are
// in use at a time, and those stay in the processor's cache.
type ring struct {
	slots    []slot  // a power of two
	payloads []byte  // a stride for each slot
	spare    []int32 // rooms of payloads without a packet, a stack
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
		r.spare = append(r.spare, int32(size-1-i))
	}
	return r
}

func (r *ring) at(index int64) *slot { return &r.slots[index&int64(len(r.slots)-1)] }

// put keeps a packet in the slot of its index, which must be free.
func (r *ring) put(p slot, payload []byte) {
	last := len(r.spare) - 1
	p.room, r.spare = r.spare[last], r.spare[:last]
	p.length, p.filled = int32(len(payload)), true
	copy(r.payloads[int(p.room)*r.stride:], payload)
	*r.at(p.index) = p
	r.count++
}

// payload gives the octets kept in a slot, valid until the next put.
func (r *ring) payload(s *slot) []byte {
	return r.payloads[int(s.room)*r.stride:][:s.length]
}

// free forgets the packet of a slot; the slot still knows which index was there.
func (r *ring) free(s *slot) {
	if s.filled {
		s.filled = false
		r.spare = append(r.spare, s.room)
		r.count--
	}
}
