package ng

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/srtp"
)

// offer takes one side's description to the other: ports are opened where there are none yet, the
// sender's leg learns where the sender is, and the description comes out with our ports in it.
func (c *call) offer(o *options, w *reply, now time.Time) error {
	s, err := c.parse(o)
	if err != nil {
		return err
	}
	if o.LoopProtect && c.engine.passed(s) {
		w.described(o.SDP)
		return nil
	}
	d, from := c.forOffer(o, now)
	fresh := !slices.Contains(c.dialogues, d)
	plan, err := c.plan(d, s, from, o)
	if err != nil {
		return err
	}
	if err := c.openAll(d, plan, from, o); err != nil {
		return err
	}
	if fresh {
		c.add(d)
		d.pending = time.AfterFunc(c.engine.cfg.OfferTimeout, func() { c.unanswered(d) })
	}
	d.keep()
	c.noteSide(d, from, o, now)
	for i, m := range s.Media {
		if err := c.offerSection(d.sections[i], m, from, o, plan[i]); err != nil {
			return err
		}
		d.answered = d.answered || d.sections[i].routed
	}
	c.lastSignal = now
	if d.answered { // a first offer's legs can be told after the reply: before its answer nobody sends to them
		c.apply()
	}
	w.described(c.rewrite(d, s, 1-from, o))
	return nil
}

// intent is what an offer wants of one section.
type intent struct {
	section *section
	live    bool
	places  [2]place
	proto   string // towards the other side
	theirs  []srtp.Crypto
	shared  bool // keys pass untouched
}

// plan looks at every section of an offer before anything is changed.
func (c *call) plan(d *dialogue, s *sdp.Session, from int, o *options) ([]intent, error) {
	to := 1 - from
	plan := make([]intent, len(s.Media))
	for i, m := range s.Media {
		p := intent{section: &section{}, live: !m.Rejected() && !overTCP(m.Proto), proto: m.Proto}
		if i < len(d.sections) {
			p.section = d.sections[i]
		}
		known := p.section
		if isRTP(m.Proto) {
			switch {
			case o.Protocol != "" && o.Protocol != "accept":
				p.proto = o.Protocol
			case isRTP(known.proto[to]):
				p.proto = known.proto[to]
			}
			if p.live {
				var err error
				if p.theirs, p.shared, err = protectable(m, p.proto, &o.SDES); err != nil {
					return nil, err
				}
			}
		}
		p.places[from] = c.engine.place(d, from, o.Direction[0], known.familyOf(from, m, o))
		wanted := o.Family
		if wanted == anyFamily {
			wanted = known.familyTowards(to, p.places[from])
		}
		p.places[to] = c.engine.place(d, to, o.Direction[1], wanted)
		plan[i] = p
	}
	return plan, nil
}

// overTCP reports whether a section is none of ours, since it does not go over UDP.
func overTCP(proto string) bool { return len(proto) >= 3 && strings.EqualFold(proto[:3], "TCP") }

// openAll opens what the plan wants and there is not yet, or leaves everything as it was. Legs that are
// not where they are wanted any more are replaced.
func (c *call) openAll(d *dialogue, plan []intent, from int, o *options) error {
	type seat struct {
		section *section
		side    int
		at      place
	}
	var seats []seat
	var configs []LegConfig
	for i, p := range plan {
		for side := range p.places {
			if s := p.section; p.live && (s.legs[side] == nil || s.at[side] != p.places[side]) {
				seats = append(seats, seat{s, side, p.places[side]})
				configs = append(configs, LegConfig{
					ID:        c.id + "/" + strconv.Itoa(i) + string("ab"[side]),
					Interface: p.places[side].iface, IPv6: p.places[side].v6, Shard: c.shard,
					Latching: c.engine.latching(o, side == from), NoRebind: o.StrictSource && !o.MediaHandover,
					NoMedia: s.patience(&c.engine.cfg),
					Stopped: func(failed bool, reason string) {
						if failed {
							c.mediaFailed(d, s, reason)
						} else {
							c.mediaStopped(d, s, reason)
						}
					},
				})
			}
		}
	}
	if len(configs) > 0 {
		legs, err := c.engine.cfg.Relay.Open(configs)
		if err != nil {
			c.log.Warn("ng request refused, no ports", "err", err)
			return noPorts
		}
		c.shard = legs[0].Shard()
		for i, t := range seats {
			if old := t.section.legs[t.side]; old != nil {
				c.changes.of(old).Close = true
			}
			t.section.legs[t.side], t.section.at[t.side] = legs[i], t.at
			t.section.remote[t.side], t.section.routed = relay.Remote{}, false
		}
	}
	for i, p := range plan {
		if i == len(d.sections) {
			d.sections = append(d.sections, p.section)
		}
		d.sides[0].iface, d.sides[1].iface = p.places[0].iface, p.places[1].iface
	}
	return nil
}

// offerSection applies an offer to one section and its m= line.
func (c *call) offerSection(s *section, m *sdp.Media, from int, o *options, p intent) error {
	s.kind, s.bypass, s.off = m.Kind, !m.Rejected() && overTCP(m.Proto), !p.live
	if s.off {
		return nil
	}
	to := 1 - from
	s.proto[from], s.proto[to] = m.Proto, p.proto
	s.offerMux(from, m, o.Mux)
	s.codecs.offer(from, m, o.Codecs, c.engine.cfg.Codecs, !p.shared)
	if err := s.offerKeys(from, m, p, &o.SDES, c.engine.random); err != nil {
		return err
	}
	s.held[from] = m.Direction() != sdp.SendRecv
	s.point(from, m, o, &c.changes)
	setProto(m, p.proto)
	s.ptime[to], s.ptime[from] = o.Ptime, o.PtimeReverse
	s.writePtime(m, to)
	if !s.routed && s.remote[to].RTP.IsValid() && s.keyed() { // each side has offered: some scripts call an answer so
		s.route(s.codecs.payloads(c.engine.cfg.Codecs), &c.changes)
	}
	return nil
}

// writePtime asks the side for packets of the length that the last offer wanted of it.
func (s *section) writePtime(m *sdp.Media, to int) {
	if s.ptime[to] > 0 && m.IsAudio() {
		m.SetAttribute("ptime", strconv.Itoa(s.ptime[to]))
	}
}

// setProto writes the transport protocol; feedback (RFC 4585) goes where the profile has none.
func setProto(m *sdp.Media, proto string) {
	if m.Proto == proto {
		return
	}
	m.Proto = proto
	if proto == "RTP/AVP" || proto == "RTP/SAVP" {
		m.RemoveAttribute("rtcp-fb")
	}
}

// noteSide keeps what a request says of its sender.
func (c *call) noteSide(d *dialogue, from int, o *options, now time.Time) {
	sender, other := &d.sides[from], &d.sides[1-from]
	sender.become(clone(sender.tag, o.FromTag), now)
	if o.ToTag != "" {
		other.become(clone(other.tag, o.ToTag), now)
	}
	if o.Label != "" {
		sender.label = clone(sender.label, o.Label)
	}
}

// unanswered ends a dialogue whose offer nobody answered.
func (c *call) unanswered(d *dialogue) {
	c.queue.post(func() {
		if !c.closed && !d.answered {
			c.log.Info("ng offer was never answered", "from", d.sides[0].tag)
			c.engine.totals.unanswered.Add(1)
			c.drop(d)
			c.end()
		}
	})
}
