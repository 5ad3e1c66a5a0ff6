package media

import (
	"slices"

	"sidetone/codecs"
	"sidetone/control/sdp"
	"sidetone/mixer"
	"sidetone/relay"
)

// voice is what we offer of our own: audio that rooms and tones can use, under
// its static payload type.
func voice(set codecs.Set) []sdp.Codec {
	var list []sdp.Codec
	for _, c := range set.Codecs() {
		if c.Kind == codecs.Audio && c.SampleRate == ProgramRate && c.PayloadType != codecs.Dynamic {
			list = append(list, sdp.Codec{PayloadType: c.PayloadType, Name: c.Name, ClockRate: c.ClockRate, Channels: 1})
		}
	}
	return list
}

// decodes: rooms and tones can use the codec.
func decodes(set codecs.Set, c sdp.Codec) bool {
	k, ok := set.Find(format(c))
	return ok && k.Kind == codecs.Audio && k.SampleRate == ProgramRate
}

// Everything is the offer to a phone of which nothing is known: all we decode,
// and telephone-event.
func (e *Engine) Everything() []sdp.Codec {
	return WithEvents(voice(e.cfg.Set))
}

// Extended is the offer for the second phone of a call: what the first one
// offered, under its payload types, and what we can transcode to besides.
func (e *Engine) Extended(offered []sdp.Codec) []sdp.Codec {
	list := slices.Clone(offered)
	if len(e.Mixable(offered)) == 0 {
		return list // nothing to transcode from
	}
	for _, c := range voice(e.cfg.Set) {
		taken := slices.ContainsFunc(list, func(o sdp.Codec) bool { return o.PayloadType == c.PayloadType })
		if _, ok := sdp.Find(list, c); !ok && !taken {
			list = append(list, c)
		}
	}
	return list
}

// Bridged is what to tell one phone when the other one has said what it takes:
// the codecs of offered that can be relayed untouched, in the other's order; if
// there is none, those that can be transcoded. telephone-event and comfort noise
// stay when both have them. Empty when the two cannot be brought together.
func (e *Engine) Bridged(offered, other []sdp.Codec) []sdp.Codec {
	var list, events []sdp.Codec
	for _, o := range other {
		c, ok := sdp.Find(offered, o)
		switch {
		case !ok:
		case isVoice(c):
			c.Fmtp = o.Fmtp // the parameters of who will receive it
			list = append(list, c)
		default:
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
	return append(list, events...)
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
// decode, telephone-event and comfort noise. Empty when there is no such codec.
func (e *Engine) Mixable(list []sdp.Codec) []sdp.Codec {
	var out []sdp.Codec
	found := false
	for _, c := range list {
		if isVoice(c) {
			if !decodes(e.cfg.Set, c) {
				continue
			}
			found = true
		}
		out = append(out, c)
	}
	if !found {
		return nil
	}
	return out
}

// translate is what becomes of each payload type of one leg on its way to the
// other: relayed under the other's number, transcoded, or dropped because the
// other never asked for it.
func translate(set codecs.Set, from, to []sdp.Codec) *relay.PayloadMap {
	var m relay.PayloadMap
	for i := range m {
		m[i].Drop = true
	}
	for _, f := range from {
		if t, ok := sdp.Find(to, f); ok {
			m[f.PayloadType] = relay.Action{PayloadType: t.PayloadType}
			continue
		}
		for _, t := range to {
			if tr, ok := set.Transcoder(format(f), format(t)); isVoice(f) && isVoice(t) && ok {
				m[f.PayloadType] = relay.Action{PayloadType: t.PayloadType, Transform: tr}
				break
			}
		}
	}
	return &m
}

// talk is how a leg is decoded and encoded when it is not relayed.
type talk struct {
	id      string
	receive map[uint8]codecs.Format
	send    codecs.Format
	sendPT  uint8
	tap     relay.Sink // overhears the leg; nil = nobody
}

func (l *Leg) talk() talk {
	t := talk{id: l.relay.ID(), tap: l.tap(), receive: make(map[uint8]codecs.Format, len(l.local))}
	for _, c := range l.local {
		t.receive[c.PayloadType] = format(c)
	}
	for _, c := range l.agreed.remote {
		if isVoice(c) && decodes(l.engine.cfg.Set, c) {
			t.send, t.sendPT = format(c), c.PayloadType
			break
		}
	}
	return t
}

func (t talk) listener(to mixer.Output) mixer.ListenerConfig {
	return mixer.ListenerConfig{Send: t.send, SendPayloadType: t.sendPT, Output: to}
}

func (t talk) participant(to mixer.Output) mixer.ParticipantConfig {
	return mixer.ParticipantConfig{ID: t.id, Receive: t.receive, Send: t.send, SendPayloadType: t.sendPT, Output: to}
}

func format(c sdp.Codec) codecs.Format {
	return codecs.Format{Name: c.Name, ClockRate: c.ClockRate, Channels: max(c.Channels, 1)}
}

func isVoice(c sdp.Codec) bool { return !c.IsEvent() && !c.IsComfortNoise() }

func hasVoice(list []sdp.Codec) bool { return slices.ContainsFunc(list, isVoice) }

func sameCodecs(a, b []sdp.Codec) bool { return slices.Equal(a, b) }
