package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sidetone/control/api"
)

// interopRow is one line of the manual's checklist.
type interopRow struct {
	feature string
	none    string // why it does not apply here
	steps   []interopStep
}

// interopStep is something to do, which the server sees, or something to ask, which it does not.
type interopStep struct {
	do      string
	seen    func(*interopView) bool
	never   func(*interopView) bool // once seen, the row has failed
	already bool                    // nothing need be done where it is so
	note    func(*interopView) string
	ask     string
}

// interopRows are the lines of the checklist in its order, and one more for keys, which a relay passes on without looking.
func interopRows(v *interopView) []interopRow {
	t, o, x := v.tel, v.other, v.third
	say := fmt.Sprintf
	calls := func(from, to string) interopStep {
		return interopStep{do: say("From %s call %s, and answer there.", from, to), seen: func(v *interopView) bool { return v.talk(from, to) }}
	}
	rings := func(from, to string) interopStep {
		return interopStep{do: say("From %s call %s, and do not answer.", from, to), seen: func(v *interopView) bool { return v.rings(to) && v.engaged(from) }}
	}
	holds := func(tel string) interopStep {
		return interopStep{do: say("Press hold at %s.", tel), seen: func(v *interopView) bool { return v.holds(tel) }}
	}
	resumes := func(tel, peer string) interopStep {
		return interopStep{do: say("At %s take %s off hold.", tel, peer), seen: func(v *interopView) bool { return v.talk(tel, peer) }}
	}
	talks := func(do, a, b string) interopStep {
		return interopStep{do: do, seen: func(v *interopView) bool { return v.talk(a, b) }}
	}
	ask := func(question string) interopStep { return interopStep{ask: question} }
	hear := func(a, b string) interopStep { return ask(say("Do %s and %s hear each other?", a, b)) }
	idle := func(do string) interopStep { return interopStep{do: do, seen: (*interopView).idle} }
	dials := func(code string) interopStep {
		return ask(say("Dial %s at %s. Does it say 480, or that the number is not available? That is how a code is accepted.", code, t))
	}
	sets := func(code string, seen func(api.Settings) bool) interopStep {
		return interopStep{do: say("Dial %s at %s. It says 480, or that the number is not available: that is how a code is accepted.", code, t),
			seen: func(v *interopView) bool { return seen(v.station(t).Settings) }}
	}
	clears := sets(v.codes.ForwardClear, func(set api.Settings) bool { return set == api.Settings{DND: set.DND} })
	shown := func(a, b string) interopStep {
		return ask(say("Do %s and %s show each other now (say y where they cannot)?", a, b))
	}
	off := func(row interopRow, code string) interopRow {
		if code == "" {
			row.none = "its feature code is switched off"
		}
		return row
	}
	all := func(set api.Settings) bool { return set.ForwardAll == o }
	forward := func(feature, code string, seen func(api.Settings) bool, ready ...interopStep) interopRow {
		steps := append([]interopStep{sets(code+o, seen)}, ready...)
		return off(interopRow{feature: feature, steps: append(steps,
			interopStep{do: say("From %s call %s, and answer at %s.", x, t, o), seen: func(v *interopView) bool { return v.talk(x, o) && v.dialled(t) }},
			ask(say("Does %s show that the call was forwarded by %s (say y where it cannot)?", o, t)),
			idle("Hang up everywhere."), clears)}, code)
	}
	return []interopRow{
		{feature: "Registration", steps: []interopStep{{do: say("Register the phone as %s.", t), already: true, seen: func(v *interopView) bool { return v.station(t).Status == "registered" },
			note: func(v *interopView) string {
				s := v.station(t)
				return fmt.Sprintf("%s by %s from %s, %d s", s.PhoneType, s.Protocol, s.PublicIP, s.Expires)
			}}}},
		{feature: "Basic Call - SIP Phone to SIP Phone", steps: []interopStep{
			calls(t, o), {do: "Speak.", already: true, seen: func(v *interopView) bool { return v.flows(t, o) }, note: func(v *interopView) string { return v.agreed(t) }},
			ask(say("Did %s play ringback, and do both hear each other?", t)), idle(say("Hang up at %s.", t)),
			calls(o, t), hear(o, t), idle(say("Hang up at %s.", o))}},
		{feature: "Basic Call - SIP Phone to Digital Phone", none: "no digital phones here"},
		{feature: "Calling Name & Number Display", steps: []interopStep{rings(o, t), ask(say("Does %s show name and number of %s?", t, o))}},
		{feature: "Hold/Resume - Station to Station", steps: []interopStep{
			calls(t, o), holds(t), ask(say("Does %s hear that it is on hold, and nothing of %s?", o, t)), resumes(t, o), hear(t, o),
			holds(o), ask(say("Does %s hear that it is on hold?", t)), resumes(o, t), hear(t, o)}},
		{feature: "Hold recall", steps: []interopStep{
			calls(t, o), holds(t), {do: say("Wait until %s is rung again (calls.hold_recall; s when it is off), and answer.", t), seen: func(v *interopView) bool {
				return v.talk(t, o) && v.anyLeg(t, func(l *api.Leg) bool { return l.Direction == "out" })
			}},
			hear(t, o)}},
		{feature: "Music on Hold", steps: []interopStep{calls(o, t), holds(o), ask(say("Does %s hear music or the hold tone?", t))}},
		{feature: "Consultation Call - Return to original caller", steps: []interopStep{
			calls(o, t), holds(t), calls(t, x), {do: say("Take %s off hold, and only then end the call with %s (to hang up with somebody on hold is to transfer).", o, x), seen: func(v *interopView) bool { return v.talk(t, o) && !v.engaged(x) }}, hear(t, o)}},
		{feature: "Consultation Call - Toggle between members", steps: []interopStep{
			calls(o, t), holds(t), calls(t, x), {do: say("Put %s on hold, and take %s off.", x, o), seen: func(v *interopView) bool { return v.talk(t, o) && v.together(t, x) && !v.talk(t, x) }},
			hear(t, o), {do: "And the other way round.", seen: func(v *interopView) bool { return v.talk(t, x) && v.together(t, o) && !v.talk(t, o) }}, hear(t, x)}},
		{feature: "Consultation Transfer - Complete transfer", steps: []interopStep{
			calls(o, t), holds(t), calls(t, x), talks(say("At %s complete the transfer.", t), o, x), hear(o, x), shown(o, x), ask(say("Is %s idle?", t))}},
		{feature: "Consultation Transfer - Cancel transfer", steps: []interopStep{
			calls(o, t), holds(t), rings(t, x), {do: say("Take %s off hold, and only then end the call with %s, before it answers.", o, x), seen: func(v *interopView) bool { return v.talk(t, o) && !v.engaged(x) }}, hear(t, o)}},
		{feature: "Blind Transfer - Call Answered", steps: []interopStep{
			calls(o, t), talks(say("At %s transfer the call to %s without waiting, and answer there.", t, x), o, x), hear(o, x), shown(o, x), ask(say("Is %s idle?", t))}},
		{feature: "Blind Transfer - Unanswered Recall", steps: []interopStep{
			calls(o, t), {do: say("At %s transfer the call to %s, which does not answer.", t, x), seen: func(v *interopView) bool { return v.rings(x) && v.engaged(o) }},
			{do: say("Wait until %s is rung again or has the call back, and answer.", t), seen: func(v *interopView) bool { return v.together(t, o) && v.answered(t) && !v.rings(x) }}, hear(t, o)}},
		off(interopRow{feature: "Call Pickup", steps: []interopStep{
			rings(o, x), talks(say("At %s dial %s.", t, v.codes.PickupDirected+x), t, o), hear(t, o)}}, v.codes.PickupDirected),
		forward("Call Forward All", v.codes.ForwardAll, all),
		forward("Call Forward Busy", v.codes.ForwardBusy, func(set api.Settings) bool { return set.ForwardBusy == o }, ask(say("Make %s busy, with a call or by its own setting. Done?", t))),
		forward("Call Forward No Answer", v.codes.ForwardNoAnswer, func(set api.Settings) bool { return set.ForwardNoAnswer == o }),
		off(interopRow{feature: "Call Forward clear", steps: []interopStep{sets(v.codes.ForwardAll+o, all), clears, calls(o, t)}}, v.codes.ForwardClear),
		off(interopRow{feature: "Conference", steps: []interopStep{
			calls(t, o), holds(t), dials(v.codes.Conference), talks(say("From %s call %s on another line, and answer there.", t, x), t, x), holds(t), dials(v.codes.Conference),
			dials(v.codes.Conference), {do: say("At %s take the call off hold.", t), seen: func(v *interopView) bool { return v.confer(t, o, x) }}, ask("Do all three hear each other?")}}, v.codes.Conference),
		off(interopRow{feature: "Call Park (System Hold)", steps: []interopStep{
			calls(t, o), holds(t), {do: say("At %s dial %s.", t, v.codes.Park), seen: func(v *interopView) bool { return v.engaged(o) && !v.engaged(t) }},
			{do: say("At %s dial %s.", x, v.codes.Retrieve+t), seen: func(v *interopView) bool { return v.talk(x, o) }}, hear(x, o)}}, v.codes.Park),
		off(interopRow{feature: "DND", steps: []interopStep{
			sets(v.codes.DND+"1", func(set api.Settings) bool { return set.DND }), {ask: say("Call %s from %s. Is it busy, and does %s stay silent?", t, o, t), never: func(v *interopView) bool { return v.rings(t) }}, sets(v.codes.DND+"0", func(set api.Settings) bool { return !set.DND }), calls(o, t)}}, v.codes.DND),
		off(interopRow{feature: "Voice Mail Indication", steps: []interopStep{
			sets(v.codes.ForwardBusyNoAnswer+v.codes.VoiceMail, func(set api.Settings) bool { return set.ForwardNoAnswer == v.codes.VoiceMail }),
			{do: say("From %s call %s, do not answer, and leave a message.", o, t), seen: func(v *interopView) bool { return v.station(t).Messages.New > v.began.Messages.New }},
			ask(say("Does %s show that one waits?", t)), clears}}, v.codes.VoiceMail),
		off(interopRow{feature: "Voice mail retrieve", steps: []interopStep{
			{do: say("At %s dial %s, and listen to the message.", t, v.codes.VoiceMail), seen: func(v *interopView) bool { return v.station(t).Messages.New < v.began.Messages.New }},
			ask("Is the message heard, and do the keys of the menu work?"), ask(say("Does %s stop showing it?", t))}}, v.codes.VoiceMail),
		{feature: "DTMF", steps: []interopStep{calls(t, o), ask(say("Press 1, 5 and # at %s. Does %s hear or show each once, and the other way round?", t, o))}},
	}
}

func (v *interopView) station(tel string) *api.Station {
	i := slices.IndexFunc(v.stations, func(s api.Station) bool { return s.Tel == tel })
	if i < 0 {
		return nil
	}
	return &v.stations[i]
}

// leg is a station's leg of a call, nil for none.
func leg(c api.Call, tel string) *api.Leg {
	i := slices.IndexFunc(c.Legs, func(l api.Leg) bool { return l.Tel == tel })
	if i < 0 {
		return nil
	}
	return &c.Legs[i]
}

// anyLeg says whether a station has a leg that is so.
func (v *interopView) anyLeg(tel string, so func(l *api.Leg) bool) bool {
	return slices.ContainsFunc(v.calls, func(c api.Call) bool { l := leg(c, tel); return l != nil && so(l) })
}

func (v *interopView) engaged(tel string) bool {
	return v.anyLeg(tel, func(*api.Leg) bool { return true })
}

func (v *interopView) answered(tel string) bool {
	return v.anyLeg(tel, func(l *api.Leg) bool { return l.Answered })
}

func (v *interopView) holds(tel string) bool {
	return v.anyLeg(tel, func(l *api.Leg) bool { return l.Holding })
}

// rings: somebody calls the station, and it has not answered.
func (v *interopView) rings(tel string) bool {
	return v.anyLeg(tel, func(l *api.Leg) bool { return l.Direction == "out" && !l.Answered })
}

// idle: none of the three is in a call.
func (v *interopView) idle() bool {
	return !v.engaged(v.tel) && !v.engaged(v.other) && !v.engaged(v.third)
}

// together: one call has them all.
func (v *interopView) together(tels ...string) bool {
	return slices.ContainsFunc(v.calls, func(c api.Call) bool {
		return !slices.ContainsFunc(tels, func(tel string) bool { return leg(c, tel) == nil })
	})
}

// talk: two are in one call, both have answered, and neither holds.
func (v *interopView) talk(a, b string) bool {
	return slices.ContainsFunc(v.calls, func(c api.Call) bool {
		la, lb := leg(c, a), leg(c, b)
		return la != nil && lb != nil && la.Answered && lb.Answered && !la.Holding && !lb.Holding
	})
}

// flows: media of two has come in.
func (v *interopView) flows(tels ...string) bool {
	return !slices.ContainsFunc(tels, func(tel string) bool { return !v.anyLeg(tel, func(l *api.Leg) bool { return l.Received.Packets > 0 }) })
}

// dialled: somebody called the number.
func (v *interopView) dialled(number string) bool {
	return slices.ContainsFunc(v.calls, func(c api.Call) bool { return c.To == number })
}

// confer: a room has them all, and nobody holds.
func (v *interopView) confer(tels ...string) bool {
	return slices.ContainsFunc(v.rooms, func(r api.Room) bool {
		return !slices.ContainsFunc(tels, func(tel string) bool {
			return !slices.ContainsFunc(r.Members, func(m api.Member) bool { return m.Tel == tel && !m.Holding })
		})
	})
}

// agreed is what a station's first leg has agreed on.
func (v *interopView) agreed(tel string) string {
	for _, c := range v.calls {
		if l := leg(c, tel); l != nil {
			return strings.Join([]string{l.Codec, cmp.Or(l.SRTP, "no SRTP")}, ", ")
		}
	}
	return ""
}
