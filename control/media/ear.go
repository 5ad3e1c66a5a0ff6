package media

import (
	"sidetone/codecs"
	"sidetone/codecs/dtmf"
	"sidetone/codecs/resample"
	"sidetone/control/sdp"
	"sidetone/mixer/receive"
	"sidetone/mixer/record"
	"sidetone/relay"
	"sidetone/relay/rtp"
)

// ear overhears what a leg's phone sends, whatever else becomes of it, and moves with the leg. While nobody wants to know
// anything it is not in the packets' way.
//
//	relay.Leg ── Route.Tap ─► ear ─┬─ telephone-event ─► dtmf.Receiver ─► pressed
//	                               ├─ a codec with modes ─► codecs.Wish, which what the phone hears is made by
//	                               └─► receive.Stream ── Tick ─┬─► record.Track
//	                                                           └─► dtmf.Detector ─► toned
type ear struct {
	// Owned by the leg's actor: what is wanted.
	digits func(dtmf.Press)
	tones  func(dtmf.Press)
	track  *record.Track
	tuned  []sdp.Codec // what the rest was made from
	asking []asking

	// Owned by the shard.
	events  payloadTypes // telephone-event
	asks    []asking
	wish    *codecs.Wish
	keys    dtmf.Receiver
	pressed func(dtmf.Press)
	stream  *receive.Stream // nil while nothing has to be decoded
	tape    *record.Track
	frame   []int16

	toned    func(dtmf.Press)
	detector *dtmf.Detector
	down     *resample.Resampler // to the detector's rate
	narrow   [dtmf.Rate / 50]int16
}

// asking is a payload type whose payloads say in which mode their sender wants to be sent to.
type asking struct {
	payloadType uint8
	mode        func(payload []byte) int
}

// asking are those that the leg's phone may send.
func (l *Leg) asking() (list []asking) {
	for _, c := range l.local {
		if k, ok := l.engine.cfg.Set.Find(format(c)); ok && k.Asked != nil && isVoice(c) {
			list = append(list, asking{c.PayloadType, k.Asked})
		}
	}
	return list
}

// payloadTypes is a set of them.
type payloadTypes [2]uint64

func (s *payloadTypes) add(pt uint8)      { s[pt>>6&1] |= 1 << (pt & 63) }
func (s *payloadTypes) has(pt uint8) bool { return s[pt>>6&1]&(1<<(pt&63)) != 0 }

// eventTypes are the payload types of telephone-event in a list.
func eventTypes(list []sdp.Codec) (s payloadTypes) {
	for _, c := range list {
		if c.IsEvent() {
			s.add(c.PayloadType)
		}
	}
	return s
}

// wanted: somebody wants to know something.
func (e *ear) wanted() bool {
	return e.digits != nil || e.tones != nil || e.track != nil || e.asking != nil
}

// ReceiveRTP is for relay.Sink.
//
// hot path: no allocation, lock, clock or log
func (e *ear) ReceiveRTP(p []byte, now int64) {
	if e.pressed != nil && e.events.has(rtp.PayloadType(p)) {
		if press, ok := e.keys.Receive(rtp.SSRC(p), rtp.Timestamp(p), rtp.Marker(p), rtp.Payload(p)); ok {
			e.pressed(press)
		}
	}
	for i := range e.asks {
		if e.asks[i].payloadType == rtp.PayloadType(p) {
			e.wish.Note(e.asks[i].mode(rtp.Payload(p)))
		}
	}
	if e.stream != nil {
		e.stream.ReceiveRTP(p, now)
	}
}

// Tick is for relay.Ticker.
//
// hot path: no allocation, lock, clock or log
func (e *ear) Tick(now int64) {
	e.stream.Pull(now, e.frame)
	if e.tape != nil {
		e.tape.Write(now, e.frame)
	}
	if e.toned != nil {
		n := e.down.Resample(e.narrow[:], e.frame)
		e.detector.Write(e.narrow[:n], e.toned)
	}
}

// OnDigit tells fn of each key that the phone presses and that arrives as telephone-event (RFC 4733), once, when it
// goes down; nil ends it. fn runs on the shard's thread and must not block: it posts to whoever acts on it.
func (l *Leg) OnDigit(fn func(dtmf.Press)) error {
	l.ear.digits = fn
	return l.attend()
}

// OnTone tells fn of each key that the phone presses and that is heard in its voice, as OnDigit does; for phones that send them so.
func (l *Leg) OnTone(fn func(dtmf.Press)) error {
	l.ear.tones = fn
	return l.attend()
}

// attend makes the ear hear what is wanted, and not more.
func (l *Leg) attend() error {
	e := &l.ear
	e.tuned, e.asking = l.local, l.asking()
	events, asks, stream, rate := eventTypes(l.local), e.asking, e.stream, 0
	switch {
	case e.track != nil:
		rate = e.track.Rate()
	case e.tones != nil:
		rate = dtmf.Rate
	}
	switch {
	case rate == 0:
		stream = nil
	case stream == nil || len(e.frame) != rate/50:
		stream = l.listener(rate)
	}
	detector, down := e.detector, e.down
	if e.tones == nil {
		detector, down = nil, nil
	} else if detector == nil || stream != e.stream {
		var err error
		if down, err = resample.New(rate, dtmf.Rate); err != nil {
			return err
		}
		detector = dtmf.NewDetector()
	}
	l.relay.Run(func() {
		e.pressed, e.events, e.tape = e.digits, events, e.track
		e.toned, e.detector, e.down = e.tones, detector, down
		e.asks, e.wish, e.stream = asks, &l.wish, stream
		if stream == nil {
			l.relay.RemoveTicker(e)
			return
		}
		e.frame = make([]int16, rate/50)
		l.relay.AddTicker(e)
	})
	return l.rewire()
}

// retune tells the ear what the phone's payload types mean, when that has changed.
func (l *Leg) retune() error {
	e := &l.ear
	if sameCodecs(e.tuned, l.local) {
		return nil
	}
	heard := e.wanted()
	e.tuned, e.asking = l.local, l.asking()
	if !heard && !e.wanted() {
		return nil
	}
	events, asks, formats := eventTypes(l.local), e.asking, l.talk().receive
	l.relay.Run(func() {
		e.events, e.asks, e.wish = events, asks, &l.wish
		if e.stream != nil {
			e.stream.SetFormats(formats)
		}
	})
	return l.rewire()
}

// tap is the ear where it has to hear: everything, or only what keys and wishes come in.
func (l *Leg) tap() relay.Tap {
	e := &l.ear
	if e.tones != nil || e.track != nil {
		return relay.Tap{Sink: e}
	}
	var types payloadTypes
	if e.digits != nil {
		types = eventTypes(l.local)
	}
	for _, a := range e.asking {
		types.add(a.payloadType)
	}
	if types == (payloadTypes{}) {
		return relay.Tap{}
	}
	return relay.Tap{Sink: e, Types: types}
}

// rewire puts what the leg's packets pass through into force.
func (l *Leg) rewire() error {
	if l.seat != nil {
		return l.seat.change(l.talk())
	}
	r := relay.Route{Tap: l.tap()}
	if l.to != nil {
		r.To, r.Map = l.to.relay, l.poured.how
		if s := l.to.splice; s != nil {
			r.Edit = s
			s.follow(l)
		}
	}
	return l.relay.SetRoute(r)
}
