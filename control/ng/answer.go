package ng

import (
	"strings"
	"time"

	"sidetone/control/sdp"
)

// answer takes the description of the side that was offered one back to the offerer, and joins the
// legs. The same answer again, or another fork's, does the same again.
func (c *call) answer(o *options, w *reply, now time.Time) error {
	if o.ToTag == "" {
		return noToTag
	}
	s, err := c.parse(o)
	if err != nil {
		return err
	}
	if o.LoopProtect && c.engine.passed(s) {
		w.described(o.SDP)
		return nil
	}
	d, from := c.forAnswer(o)
	if d == nil {
		return noDialogue
	}
	if len(s.Media) > len(d.sections) {
		return badSDP
	}
	to := 1 - from
	keys := make([]agreed, len(s.Media))
	for i, m := range s.Media {
		if sec := d.sections[i]; !m.Rejected() && sec.live() && isRTP(m.Proto) {
			if keys[i], err = sec.agree(from, m, o.SDES.OffererPref, c.engine.random); err != nil {
				return err
			}
		}
	}
	d.sides[from].become(clone(d.sides[from].tag, o.ToTag), now)
	if o.Label != "" {
		d.sides[from].label = clone(d.sides[from].label, o.Label)
	}
	for i, m := range s.Media {
		c.answerSection(d.sections[i], m, from, o, keys[i])
	}
	for _, left := range d.sections[len(s.Media):] { // not answered is refused
		left.close(&c.changes)
	}
	d.answered = true
	d.pending.Stop()
	d.keep()
	c.lastSignal = now
	w.described(c.rewrite(d, s, to, o))
	return nil
}

// answerSection applies an answer to one section and its m= line.
func (c *call) answerSection(s *section, m *sdp.Media, from int, o *options, keys agreed) {
	to := 1 - from
	if s.bypass {
		return
	}
	if s.off || m.Rejected() || !s.live() {
		s.close(&c.changes)
		m.Port = 0
		return
	}
	s.codecs.answer(from, m, o.Codecs, o.SingleCodec, c.engine.cfg.Codecs)
	s.answerMux(from, m)
	s.answerKeys(to, m, keys)
	s.point(from, m, o, &c.changes)
	s.refine(to, &c.changes)
	s.held[from] = m.Direction() != sdp.SendRecv
	s.setHold(&c.engine.cfg, &c.changes)
	s.route(s.codecs.payloads(c.engine.cfg.Codecs), &c.changes)
	if isRTP(m.Proto) && o.Protocol != "accept" {
		setProto(m, s.proto[to])
	}
	s.writePtime(m, to)
}

// refine tells the offerer's leg what only the answer decided: rtcp-mux, the payload types that the
// offerer may send, its codec, and the keys.
func (s *section) refine(side int, ch *changes) {
	r := s.remote[side]
	r.Mux, r.PayloadTypes, r.Keys = s.mux[side].agreed, s.codecs.types(side), s.secure.sides[side].keys
	s.sound(side, &r)
	s.tell(side, r, ch)
}

// setHold gives the legs the time they may be silent: longer while one side does not want media.
func (s *section) setHold(cfg *Config, ch *changes) {
	if hold := s.held[0] || s.held[1]; hold != s.patient {
		s.patient = hold
		limit := s.patience(cfg)
		for _, l := range s.legs {
			ch.of(l).NoMedia = &limit
		}
	}
}

// patience is how long the legs may be silent.
func (s *section) patience(cfg *Config) time.Duration {
	if s.patient {
		return cfg.HoldTimeout
	}
	return cfg.MediaTimeout
}

// clone returns a copy of text that does not hold on to the datagram, or the one there is.
func clone(have, text string) string {
	if have == text {
		return have
	}
	return strings.Clone(text)
}
