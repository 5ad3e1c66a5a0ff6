package media

import (
	"slices"
	"strings"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/amr"
	"sidetone/control/sdp"
	"sidetone/mixer"
	"sidetone/relay"
)

// offerable are the encodings that we offer of our own, in order: what costs least first, as a phone that has no preference takes
// the first.
var offerable = []string{"PCMA", "PCMU", "G722", "opus", "G726-32"}

// offering adds to a list what we can decode and encode besides, under payload types that are free, each with the telephone-event
// of its clock rate (RFC 4733 section 2.1) where events are wanted.
func offering(set codecs.Set, list []sdp.Codec, events bool) []sdp.Codec {
	list = slices.Clone(list)
	for _, name := range offerable {
		for _, c := range set.Codecs() {
			if strings.EqualFold(c.Name, name) && c.NewEncoder != nil {
				list = offer(list, sdp.Codec{PayloadType: c.PayloadType, Name: c.Name, ClockRate: c.ClockRate, Channels: max(c.Channels, 1), Fmtp: c.Parameters})
			}
		}
	}
	if !events {
		return list
	}
	for _, c := range slices.Clone(list) {
		if isVoice(c) && decodes(set, c) {
			list = offer(list, sdp.Codec{PayloadType: codecs.Dynamic, Name: sdp.TelephoneEvent, ClockRate: c.ClockRate, Channels: 1, Fmtp: "0-16"})
		}
	}
	return list
}

// offer adds a codec that the list has not, under its payload type if it has a static one that is free, else a dynamic one.
func offer(list []sdp.Codec, c sdp.Codec) []sdp.Codec {
	taken := func(pt uint8) bool {
		return slices.ContainsFunc(list, func(o sdp.Codec) bool { return o.PayloadType == pt })
	}
	if slices.ContainsFunc(list, c.Same) || c.PayloadType != codecs.Dynamic && taken(c.PayloadType) {
		return list
	}
	if c.PayloadType == codecs.Dynamic {
		free := usual(c)
		for ; taken(free); free++ {
			if free == 127 {
				return list
			}
		}
		c.PayloadType = free
	}
	return append(list, c)
}

// usual is where the search for a dynamic payload type begins: what most phones use.
func usual(c sdp.Codec) uint8 {
	switch {
	case c.IsEvent():
		return 101
	case strings.EqualFold(c.Name, "opus"):
		return 107
	}
	return 96
}

// decodes: rooms and tones can use the codec.
func decodes(set codecs.Set, c sdp.Codec) bool {
	k, ok := set.Find(format(c))
	return ok && k.Kind == codecs.Audio && k.NewEncoder != nil
}

// Everything is the offer to a phone of which nothing is known: all we decode,
// and telephone-event.
func (e *Engine) Everything() []sdp.Codec { return offering(e.cfg.Set, nil, true) }

// Extended is the offer for the second phone of a call: what the first one
// offered, under its payload types, and what we can transcode to besides.
func (e *Engine) Extended(offered []sdp.Codec) []sdp.Codec {
	offered = repacked(offered)
	if len(e.Mixable(offered)) == 0 {
		return slices.Clone(offered) // nothing to transcode from
	}
	return offering(e.cfg.Set, offered, slices.ContainsFunc(offered, sdp.Codec.IsEvent))
}

// repacked is a list with AMR and AMR-WB in the other packing behind those that are there, which we can bring together with no library.
func repacked(list []sdp.Codec) []sdp.Codec {
	out := slices.Clone(list)
	for _, c := range list {
		if !strings.EqualFold(c.Name, "AMR") && !strings.EqualFold(c.Name, "AMR-WB") {
			continue
		}
		f, err := amr.ParseFormat(strings.EqualFold(c.Name, "AMR-WB"), c.Fmtp)
		if err != nil {
			continue
		}
		f.OctetAligned = !f.OctetAligned
		out = offer(out, sdp.Codec{PayloadType: codecs.Dynamic, Name: c.Name, ClockRate: c.ClockRate, Channels: c.Channels, Fmtp: f.String()})
	}
	return out
}

// Bridged is what to tell one phone when the other one has said what it takes:
// the codecs of offered that can be relayed untouched, in the other's order; if
// there is none, those that can be transcoded. Comfort noise stays when both have
// it, and telephone-event when both have it and it has the clock of such a codec.
// Empty when the two cannot be brought together.
func (e *Engine) Bridged(offered, other []sdp.Codec) []sdp.Codec {
	var list, events []sdp.Codec
	for _, o := range other {
		c, ok := sdp.Find(offered, o)
		switch {
		case !ok:
		case isVoice(c):
			c.Fmtp = o.Fmtp // the parameters of who will receive it
			list = append(list, c)
		case c.IsComfortNoise():
			events = append(events, c)
		}
	}
	if len(list) == 0 {
		for _, c := range offered {
			if isVoice(c) && e.transcodes(c, other) {
				list = append(list, c)
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	if slices.ContainsFunc(other, sdp.Codec.IsEvent) {
		for _, c := range offered {
			if c.IsEvent() && slices.ContainsFunc(list, func(v sdp.Codec) bool { return v.ClockRate == c.ClockRate }) {
				events = append(events, c)
			}
		}
	}
	return append(list, events...)
}

// Widened is a list with what another party takes before it, for a phone that is brought together with that party in
// the middle of a call: what it has under a payload type keeps it, what is new gets a free one (RFC 3264 8.3.2).
func (e *Engine) Widened(list, other []sdp.Codec) []sdp.Codec {
	out := slices.Clone(list)
	var fresh []sdp.Codec
	for _, c := range e.Extended(other) {
		if _, ok := sdp.Find(list, c); ok {
			continue
		}
		taken := func(pt uint8) bool {
			return slices.ContainsFunc(slices.Concat(out, fresh), func(o sdp.Codec) bool { return o.PayloadType == pt })
		}
		for pt := uint8(96); taken(c.PayloadType) && pt < 128; pt++ {
			c.PayloadType = pt
		}
		if !taken(c.PayloadType) {
			fresh = append(fresh, c)
		}
	}
	return append(fresh, out...)
}

func (e *Engine) transcodes(from sdp.Codec, to []sdp.Codec) bool {
	for _, c := range to {
		if _, ok := e.cfg.Set.Transcoder(format(from), format(c)); isVoice(c) && ok {
			return true
		}
	}
	return false
}

// telephoneEvent is RFC 4733 as we offer it.
var telephoneEvent = sdp.Codec{PayloadType: 101, Name: sdp.TelephoneEvent, ClockRate: 8000, Channels: 1, Fmtp: "0-16"}

// HasEvents tells whether telephone-event is in a list.
func HasEvents(list []sdp.Codec) bool { return slices.ContainsFunc(list, sdp.Codec.IsEvent) }

// Events are the telephone-events of a list.
func Events(list []sdp.Codec) (events []sdp.Codec) {
	for _, c := range list {
		if c.IsEvent() {
			events = append(events, c)
		}
	}
	return events
}

// WithEvents is a list with telephone-event, under a payload type that is free in it.
func WithEvents(list []sdp.Codec) []sdp.Codec {
	if HasEvents(list) {
		return list
	}
	event := telephoneEvent
	for slices.ContainsFunc(list, func(c sdp.Codec) bool { return c.PayloadType == event.PayloadType }) {
		if event.PayloadType++; event.PayloadType > 127 {
			return list
		}
	}
	return append(slices.Clone(list), event)
}

// Mixable is what remains of a list for a room or a tone: one or more codecs we
// decode, with the parameters that we say in return, telephone-event and comfort noise. Empty when there is no such codec.
func (e *Engine) Mixable(list []sdp.Codec) []sdp.Codec {
	var out []sdp.Codec
	found := false
	for _, c := range list {
		if isVoice(c) {
			k, ok := e.cfg.Set.Find(format(c))
			if !ok || k.Kind != codecs.Audio || k.NewEncoder == nil {
				continue
			}
			if found = true; k.Negotiate != nil {
				c.Fmtp = k.Parameters
			}
		}
		out = append(out, c)
	}
	if !found {
		return nil
	}
	return out
}

// talk is how a leg is decoded and encoded when it is not relayed.
type talk struct {
	id      string
	receive map[uint8]codecs.Format
	send    codecs.Format
	sendPT  uint8
	ptime   time.Duration
	tap     relay.Tap // overhears the leg
	wish    *codecs.Wish
}

func (l *Leg) talk() talk {
	t := talk{id: l.relay.ID(), tap: l.tap(), wish: &l.wish, receive: make(map[uint8]codecs.Format, len(l.local))}
	for _, c := range l.local {
		t.receive[c.PayloadType] = format(c)
	}
	for _, c := range l.agreed.remote {
		if isVoice(c) && decodes(l.engine.cfg.Set, c) {
			t.send, t.sendPT = format(c), c.PayloadType
			t.ptime = l.engine.packetTime(c, l.agreed.theirs)
			break
		}
	}
	return t
}

func (t talk) listener(to mixer.Output) mixer.ListenerConfig {
	return mixer.ListenerConfig{Send: t.send, SendPayloadType: t.sendPT, Ptime: t.ptime, Output: to, Wish: t.wish}
}

func (t talk) participant(to mixer.Output) mixer.ParticipantConfig {
	return mixer.ParticipantConfig{ID: t.id, Receive: t.receive, Send: t.send, SendPayloadType: t.sendPT, Ptime: t.ptime, Output: to}
}

// packetTime is how much goes into a packet for a phone: what its description asks for, of what rooms and players make (RFC 8866
// section 6.4), and never more than it takes.
func (e *Engine) packetTime(c sdp.Codec, m *sdp.Media) time.Duration {
	want := m.Ptime()
	if want == 0 {
		want = ptime
	}
	if most := m.MaxPtime(); most > 0 {
		want = min(want, most)
	}
	want = min(max(want.Truncate(10*time.Millisecond), 10*time.Millisecond), 60*time.Millisecond)
	if strings.EqualFold(c.Name, "opus") && (want == 30*time.Millisecond || want == 50*time.Millisecond) {
		want -= 10 * time.Millisecond // frames are of 10, 20, 40 and 60 ms (RFC 6716 section 2.1.4)
	}
	if k, ok := e.cfg.Set.Find(format(c)); ok && k.Frame > 0 {
		want = max(want.Truncate(k.Frame), k.Frame)
	}
	return want
}

func format(c sdp.Codec) codecs.Format {
	return codecs.Format{Name: c.Name, ClockRate: c.ClockRate, Channels: max(c.Channels, 1), Fmtp: c.Fmtp}
}

func isVoice(c sdp.Codec) bool { return !c.IsEvent() && !c.IsComfortNoise() }

func hasVoice(list []sdp.Codec) bool { return slices.ContainsFunc(list, isVoice) }

func sameCodecs(a, b []sdp.Codec) bool { return slices.Equal(a, b) }
