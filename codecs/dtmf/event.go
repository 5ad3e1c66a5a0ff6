package dtmf

import "encoding/binary"

// EventSize is the length of an event's payload in octets.
const EventSize = 4

// Event is the payload of telephone-event (RFC 4733 section 2.3).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     event     |E|R| volume    |          duration             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type Event struct {
	Code     uint8
	End      bool
	Volume   uint8  // power of the tone, -dBm0, 0 to 63
	Duration uint16 // since the packet's timestamp, in units of the RTP clock
}

// ParseEvent reads the first event of a payload; false when it is too short.
// hot path: no allocation, lock, clock or log.
func ParseEvent(payload []byte) (Event, bool) {
	if len(payload) < EventSize {
		return Event{}, false
	}
	return Event{Code: payload[0], End: payload[1]&0x80 != 0, Volume: payload[1] & 0x3F,
		Duration: binary.BigEndian.Uint16(payload[2:])}, true
}

// Put writes the event to dst, which has room for EventSize octets, and gives EventSize.
// hot path: no allocation, lock, clock or log.
func (e Event) Put(dst []byte) int {
	_ = dst[EventSize-1]
	dst[0], dst[1] = e.Code, e.Volume&0x3F
	if e.End {
		dst[1] |= 0x80
	}
	binary.BigEndian.PutUint16(dst[2:], e.Duration)
	return EventSize
}
