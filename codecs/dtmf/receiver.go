package dtmf

// Receiver turns the packets of telephone-event of one RTP session into key presses, each once: with its first packet that
// arrives, whichever of them were lost, came twice or in another order. The zero value is ready.
type Receiver struct {
	recent [8]heard // the newest events, a ring
	next   int
}

// heard is one event that was reported.
type heard struct {
	used        bool
	ended       bool
	code        uint8
	ssrc        uint32
	first, last uint32 // timestamps of its first and its newest segment
	duration    uint16 // the longest seen of the newest
}

// segment is the longest an event can say it lasts; a longer one goes on under a new timestamp (RFC 4733 section
// 2.5.1.3).
const segment = 0xFFFF

// Receive takes a packet and reports the press that began with it, if one did. The duration of a press is not known then.
// hot path: no allocation, lock, clock or log.
func (r *Receiver) Receive(ssrc, timestamp uint32, marker bool, payload []byte) (Press, bool) {
	e, ok := ParseEvent(payload)
	if !ok {
		return Press{}, false
	}
	key, ok := Key(e.Code)
	if !ok {
		return Press{}, false
	}
	for i := range r.recent {
		if h := &r.recent[i]; h.goesOn(ssrc, timestamp, marker, e) {
			h.take(timestamp, e)
			return Press{}, false
		}
	}
	r.recent[r.next] = heard{used: true, ended: e.End, code: e.Code, ssrc: ssrc, first: timestamp, last: timestamp, duration: e.Duration}
	r.next = (r.next + 1) % len(r.recent)
	return Press{Key: key}, true
}

// goesOn tells whether a packet is another of the same event: one of a segment known, the first of the next
// segment, or, from a phone that wrongly counts the timestamp up within an event, one later by as much as it is longer.
func (h *heard) goesOn(ssrc, timestamp uint32, marker bool, e Event) bool {
	if !h.used || h.ssrc != ssrc || h.code != e.Code {
		return false
	}
	ahead := int32(timestamp - h.last)
	switch {
	case ahead <= 0:
		return int32(timestamp-h.first) >= 0
	case marker || h.ended:
		return false
	}
	return ahead == segment || ahead == int32(e.Duration)-int32(h.duration)
}

// take notes a packet of the event.
func (h *heard) take(timestamp uint32, e Event) {
	ahead := int32(timestamp - h.last)
	if ahead > 0 {
		h.last, h.duration = timestamp, 0
	}
	if ahead >= 0 {
		h.duration, h.ended = max(h.duration, e.Duration), h.ended || e.End
	}
}
