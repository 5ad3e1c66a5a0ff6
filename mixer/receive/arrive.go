package receive

import (
	"sidetone/codecs"
	"sidetone/jitter"
	"sidetone/relay/rtp"
)

// ReceiveRTP takes a packet that arrived at now. Anything may be in p; it is valid only during the call.
// hot path: no allocation, lock, clock or log.
func (s *Stream) ReceiveRTP(p []byte, now int64) {
	if !rtp.Valid(p) {
		s.stats.Malformed++
		return
	}
	pt := rtp.PayloadType(p)
	f := s.find(pt)
	if f == nil {
		s.stats.UnknownPayloadType++
		return
	}
	payload := rtp.Payload(p)
	samples := f.duration(payload)
	switch {
	case f.kind == codecs.Event:
		s.stats.Events++
	case f.kind == codecs.Audio && (samples == 0 || int64(samples) > int64(longest)/1e3*int64(f.clock)/1e6):
		s.stats.Malformed++
		return
	}
	timestamp := rtp.Timestamp(p)
	if f.timeline != nil {
		timestamp, samples = f.timeline.Scale(timestamp), max(samples*s.clock/f.clock, 1)
	}
	s.buffer.Put(jitter.Packet{
		SSRC: rtp.SSRC(p), Timestamp: timestamp, SequenceNumber: rtp.SequenceNumber(p),
		PayloadType: pt, Marker: rtp.Marker(p), Samples: samples, Payload: payload,
	}, now)
}
