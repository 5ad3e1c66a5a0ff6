package media

import (
	"errors"
	"math/rand/v2"

	"sidetone/codecs"
	"sidetone/codecs/dtmf"
	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/rtp"
)

// ErrNoDigits is returned for a leg that was agreed neither telephone-event nor a codec in which tones could be made.
var ErrNoDigits = errors.New("no way to send a key")

// splice puts keys into the stream that a leg's phone hears, and takes those of the other phone out of it. While a key is sent, the
// voice gives way to it. The relay numbers what leaves.
//
//	other leg ── Route.Edit ─► splice.EditRTP ─► this leg ─► its phone
//	SendDigit ─► queue ─► Tick ─► dtmf.Sender or dtmf.Tone ──┘
type splice struct {
	leg *relay.Leg // whose phone hears it

	// Owned by the shard.
	live    bool         // the other leg is routed here
	taken   payloadTypes // of the other leg's telephone-events that do not pass
	queue   []digit
	sending digit
	busy    bool   // sending is on its way
	resumed bool   // the next packet of voice is the first after a key
	start   uint32 // RTP timestamp of sending
	own     rtp.Header
	frame   []int16
	packet  [rtp.HeaderSize + largestPayload]byte
}

// largestPayload is more than 20 ms of any codec need.
const largestPayload = 2 * 960

// mostDigits is how many keys may wait to be sent.
const mostDigits = 32

// digit is one key on its way to a phone: as events, or as tones.
type digit struct {
	payloadType uint8
	events      dtmf.Sender
	tone        dtmf.Tone
	encoder     codecs.Encoder // of the tone; nil = events
	samples     int            // 20 ms of the tone
	clock       int            // of the RTP time, Hz
	step        uint32         // 20 ms of it
	made        uint32         // packets of the tone so far
}

func (d *digit) done() bool {
	if d.encoder == nil {
		return d.events.Done()
	}
	return d.tone.Done()
}

// SendDigit lets the leg's phone hear a key, after those before it: as telephone-event where that was agreed, unless
// inband, else as tones. Errors wrap ErrNoDigits.
func (l *Leg) SendDigit(p dtmf.Press, inband bool) error {
	d, err := l.digit(p, inband)
	if err != nil {
		return err
	}
	if l.splice == nil {
		l.splice = newSplice(l.relay)
		if l.from != nil {
			if err := l.from.rewire(); err != nil {
				return err
			}
		}
	}
	l.relay.Run(func() { l.splice.add(d) })
	return nil
}

func newSplice(leg *relay.Leg) *splice {
	s := &splice{leg: leg}
	s.own = rtp.Header{SSRC: rand.Uint32(), SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32()}
	return s
}

func (l *Leg) digit(p dtmf.Press, inband bool) (digit, error) {
	var voice, event sdp.Codec
	for _, c := range l.agreed.remote {
		switch {
		case isVoice(c) && voice.Name == "":
			voice = c
		case c.IsEvent() && (event.Name == "" || c.ClockRate == voice.ClockRate):
			event = c
		}
	}
	if event.Name != "" && !inband {
		return digit{payloadType: event.PayloadType, clock: event.ClockRate, events: dtmf.NewSender(p, event.ClockRate, ptime)}, nil
	}
	t := l.talk()
	k, ok := l.engine.cfg.Set.Find(t.send)
	if !ok || k.Kind != codecs.Audio {
		return digit{}, ErrNoDigits
	}
	d := digit{payloadType: t.sendPT, tone: dtmf.NewTone(p, k.SampleRate), encoder: k.NewEncoder(),
		samples: k.SampleRate / 50, clock: k.ClockRate, step: uint32(k.ClockRate / 50)}
	if f, ok := d.encoder.(codecs.Follower); ok {
		f.Follow(l.wish.Mode())
	}
	if d.tone.Done() || k.EncodedLen(d.samples) > largestPayload {
		return digit{}, ErrNoDigits
	}
	return d, nil
}

// add queues a key. More than mostDigits are somebody's mistake and dropped.
func (s *splice) add(d digit) {
	if len(s.queue) < mostDigits {
		s.queue = append(s.queue, d)
		if len(s.frame) < d.samples {
			s.frame = make([]int16, d.samples)
		}
		s.leg.AddTicker(s)
	}
}

// follow says which leg is routed here, nil for none, and what of its events does not pass. A nil splice has nothing to know.
func (s *splice) follow(l *Leg) {
	if s == nil {
		return
	}
	var taken payloadTypes
	if l != nil && l.poured.silent {
		taken = eventTypes(l.local)
	}
	s.leg.Run(func() { s.live, s.taken = l != nil, taken })
}

// EditRTP is for relay.Editor.
//
// hot path: no allocation, lock, clock or log
func (s *splice) EditRTP(p []byte, _ int64) bool {
	if s.busy || s.taken.has(rtp.PayloadType(p)) {
		return false
	}
	if s.resumed {
		s.resumed = false
		rtp.SetMarker(p, true)
	}
	return true
}

// Tick is for relay.Ticker: it sends the next packet of a key.
//
// hot path: no allocation, lock, clock or log
func (s *splice) Tick(now int64) {
	if s.busy && s.sending.done() {
		s.busy, s.resumed = false, true
	}
	if !s.busy {
		if len(s.queue) == 0 {
			s.leg.RemoveTicker(s)
			return
		}
		s.sending, s.busy = s.queue[0], true
		s.queue = s.queue[:copy(s.queue, s.queue[1:])]
		s.start = s.now(now)
	}
	d := &s.sending
	h := rtp.Header{PayloadType: d.payloadType}
	n := dtmf.EventSize
	payload := s.packet[rtp.HeaderSize:]
	if d.encoder == nil {
		var offset uint32
		offset, h.Marker = d.events.Next(payload)
		h.Timestamp = s.start + offset
	} else {
		h.Marker, h.Timestamp = d.made == 0, s.start+d.made*d.step
		d.tone.Read(s.frame[:d.samples])
		n = d.encoder.Encode(payload, s.frame[:d.samples])
		d.made++
	}
	p := s.packet[:rtp.HeaderSize+n]
	if h.Put(p); s.live && s.leg.Insert(p) {
		return
	}
	h.SSRC, h.SequenceNumber = s.own.SSRC, s.own.SequenceNumber
	s.own.SequenceNumber++
	h.Put(p)
	s.leg.WriteRTP(p)
}

// now is the timestamp that the stream has come to.
func (s *splice) now(now int64) uint32 {
	kHz := int64(s.sending.clock / 1000)
	if timestamp, at, ok := s.leg.Relayed(); ok && s.live {
		return timestamp + uint32(max(now-at, 0)*kHz/1e6)
	}
	return s.own.Timestamp + uint32(now*kHz/1e6)
}
