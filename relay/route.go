package relay

// Route says what becomes of the packets that arrive at a leg. The zero Route counts and drops them.
// With To and a Sink, the Sink sees each RTP packet first, as it came.
type Route struct {
	Sink Sink        // who consumes RTP here; RTCP counts as life and ends here, unless there is a To
	Tap  Tap         // sees RTP before all others, as it came
	To   *Leg        // where they are sent from; on the same shard
	Map  *PayloadMap // what is done to RTP on its way to To; nil = nothing
	Edit Editor      // sees RTP on its way to To, before Map; nil = nobody
}

// Tap is a Sink that consumes nothing, and moves with the leg. It may be for some payload types only: what waits for telephone-event is
// not in the way of the voice.
type Tap struct {
	Sink            // nil = nobody
	Types [2]uint64 // the payload types that it sees: bit pt%64 of element pt/64; all zero = all
}

// sees reports whether there is somebody who sees a payload type.
// Hot path: no allocation, lock, clock or log.
func (t *Tap) sees(pt uint8) bool { return t.Sink != nil && has(&t.Types, pt) }

// Sink consumes RTP. It is called on the shard's thread. Hot path: no allocation, lock, clock or log.
type Sink interface {
	// ReceiveRTP takes a valid RTP packet of the peer that arrived at time now. p is valid during the call only,
	// and must not be changed.
	ReceiveRTP(p []byte, now int64)
}

// Read is a Sink whose packets only a Ticker reads, as those of a room: a leg with it fails when that one does.
type Read interface {
	Sink
	ReadBy() any // the Ticker
}

// Fetcher is a Sink that can read a word of each line of the processor's cache that its next packet needs, so that the processor waits for
// those that are missing at once and not for one after the other. What Fetch returns is a sum that nobody needs. Hot path: no
// allocation, lock, clock or log.
type Fetcher interface{ Fetch() uint64 }

// Editor puts packets into a stream that is relayed, with Insert, or takes some out; the others are numbered accordingly. It is called on the shard's thread and moves with the legs. Hot path: no allocation, lock, clock or log.
type Editor interface {
	// EditRTP takes a packet on its way to To and may change it within its length. False: it does not leave.
	EditRTP(p []byte, now int64) bool
}

// PayloadMap says for each payload type what is done to a packet. Do not change it once a route has it.
type PayloadMap [128]Action

// Action is what is done to the packets of one payload type. Marker, SSRC, CSRCs and extension are kept, and the timestamp where there is no
// Clock. The sequence number is kept but for what an Editor takes out or puts in, and where there is a Transform for what is dropped or
// goes with the next packet (Framer): that leaves no gap (numbers).
type Action struct {
	PayloadType uint8     // what the packet leaves with
	Drop        bool      // it does not leave
	Transform   Transform // what the payload goes through; nil = unchanged
	Clock       Clock     // what the timestamp goes through, one for all payload types of a stream; nil = unchanged
}

// Clock converts the timestamps of one stream to another clock rate. It is called on the shard's thread. Hot path: no allocation,
// lock, clock or log.
type Clock interface{ Scale(timestamp uint32) uint32 }

// Transform turns the payload of one codec into that of another, packet by packet. It is called on the shard's
// thread, for one flow or several of one shard. Hot path: no allocation, lock, clock or log.
type Transform interface {
	// Transform writes what becomes of payload into dst and returns its length. dst has room for at least 1400
	// bytes and does not overlap payload. 0 or less drops the packet.
	Transform(dst, payload []byte) int
}

// Framer is a Transform to a codec of frames that packets need not be a whole number of.
type Framer interface {
	Transform
	// Framing tells how much earlier than its packet the last payload begins, as it begins with what was kept of the packet before, and how
	// much is kept now; in RTP time of what is transformed. Where something is kept, a packet of which nothing was made is no bad one.
	Framing() (behind, kept uint32)
}

// transforms reports whether any payload is changed. A nil map changes none.
func (m *PayloadMap) transforms() bool {
	if m == nil {
		return false
	}
	for pt := range m {
		if m[pt].Transform != nil {
			return true
		}
	}
	return false
}

// clock is what the timestamps of a stream go through that has come to a payload type; of one that stays behind itself, what another has.
// Hot path: no allocation, lock, clock or log.
func (m *PayloadMap) clock(pt uint8) Clock {
	if m == nil {
		return nil
	}
	if c := m[pt&0x7f].Clock; c != nil || !m[pt&0x7f].Drop {
		return c
	}
	for pt := range m {
		if c := m[pt].Clock; c != nil {
			return c
		}
	}
	return nil
}

// NewPayloadMap returns a map that leaves every packet as it is.
func NewPayloadMap() *PayloadMap {
	m := new(PayloadMap)
	for pt := range m {
		m[pt].PayloadType = uint8(pt)
	}
	return m
}
