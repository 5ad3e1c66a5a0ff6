package phone

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// handle takes a new request. Runs on the actor.
func (p *Phone) handle(t *serverTransaction) {
	request := t.request
	c := p.calls[request.CallID().Value()]
	if c != nil {
		tag, _ := request.To().Params.Get("tag")
		from, _ := request.From().Params.Get("tag")
		if tag != c.localTag || c.remoteTag != "" && from != c.remoteTag {
			c = nil
		}
	}
	switch {
	case request.Method == sip.OPTIONS:
		p.respond(t, p.answerTo(request, sip.StatusOK))
	case c == nil && request.Method == sip.INVITE && !request.To().Params.Has("tag"):
		p.invited(t)
	case c == nil && request.Method == sip.NOTIFY:
		p.told(request)
		p.respond(t, p.answerTo(request, sip.StatusOK))
	case c == nil:
		p.respond(t, p.answerTo(request, 481))
	case request.CSeq().SeqNo < c.remoteSequence:
		p.respond(t, p.answerTo(request, sip.StatusInternalServerError))
	default:
		c.remoteSequence = request.CSeq().SeqNo
		c.handle(t)
	}
}

// handle takes a request within the call.
func (c *Call) handle(t *serverTransaction) {
	switch t.request.Method {
	case sip.BYE:
		if c.invite != nil && !c.invite.acked && c.invite.last != nil && !c.invite.last.IsProvisional() {
			c.invite.acknowledge()
		}
		c.told(t.request)
		c.end(Status{State: Ended, Code: 200, Reason: "the other side hung up", ByPeer: true})
		c.phone.respond(t, c.phone.answerTo(t.request, sip.StatusOK))
	case sip.INVITE, sip.UPDATE:
		c.reoffered(t)
	case sip.INFO:
		c.noted(t.request)
		c.phone.respond(t, c.phone.answerTo(t.request, sip.StatusOK))
	case sip.NOTIFY:
		c.notified(t.request)
		c.phone.respond(t, c.phone.answerTo(t.request, sip.StatusOK))
	default:
		c.phone.respond(t, c.phone.answerTo(t.request, sip.StatusMethodNotAllowed))
	}
}

// invited takes a new call.
func (p *Phone) invited(t *serverTransaction) {
	request := t.request
	if Policy(p.policy.Load()) == Busy {
		p.respond(t, p.answerTo(request, sip.StatusBusyHere))
		return
	}
	c, err := p.newCall(request.CallID().Value(), true)
	if err != nil {
		p.log.Error("no media for a call", "err", err)
		p.respond(t, p.answerTo(request, sip.StatusInternalServerError))
		return
	}
	setTag(request.To(), c.localTag)
	c.invite, t.call, c.first = t, c, request
	c.local, c.remote, c.destination = request.To().Address, request.From().Address, t.source
	c.remoteTag, _ = request.From().Params.Get("tag")
	c.remoteSequence = request.CSeq().SeqNo
	c.target = request.From().Address
	if contact := request.Contact(); contact != nil {
		c.target, c.focus = contact.Address, contact.Params.Has("isfocus")
	}
	for _, h := range request.GetHeaders("Record-Route") {
		c.routes = append(c.routes, h.Value())
	}
	if len(request.Body()) > 0 {
		if err := c.accept(request.Body(), false, false); err != nil {
			p.log.Warn("call without usable audio", "call_id", c.callID, "err", err)
			c.reject(488)
			return
		}
	}
	p.update(func() { p.arrived = append(p.arrived, c) })
	c.set(func(s *Status) { s.State, s.Code, s.Reason = Ringing, 180, reason(180) })
	p.respond(t, c.withContact(p.answerTo(request, sip.StatusRinging)))
	if Policy(p.policy.Load()) == Auto {
		p.after(p.cfg.RingFor, func() { c.answer(func(error) {}) })
	}
}

// told notes why the other side ends the call.
func (c *Call) told(request *sip.Request) {
	if h := request.GetHeader("Reason"); h != nil {
		c.phone.update(func() { c.why = h.Value() })
	}
}

func (c *Call) withContact(r *sip.Response) *sip.Response {
	r.AppendHeader(&sip.ContactHeader{Address: *c.phone.contact(), Params: sip.NewParams()})
	return r
}

// Answer takes a ringing call.
func (c *Call) Answer(ctx context.Context) error {
	if err := c.phone.do(ctx, c.answer); err != nil {
		return fmt.Errorf("phone %s: answer: %w", c.phone.cfg.Tel, err)
	}
	return nil
}

func (c *Call) answer(finish func(error)) {
	if state := c.Status().State; !c.incoming || state != Ringing {
		finish(fmt.Errorf("call is %s", state))
		return
	}
	c.set(func(s *Status) {
		s.State, s.Code, s.Reason = Answered, 200, reason(200)
		s.Held = len(c.peer.formats) > 0 && c.peer.held()
	})
	c.respondSDP(c.invite, c.withContact(c.phone.answerTo(c.invite.request, sip.StatusOK)))
	finish(nil)
}

// Reject refuses a ringing call with a final answer such as 486.
func (c *Call) Reject(ctx context.Context, code int) error { return c.refuse(ctx, code) }

// Deflect answers a ringing call 302 with these as Contacts.
func (c *Call) Deflect(ctx context.Context, contacts ...string) error {
	return c.refuse(ctx, sip.StatusMovedTemporarily, contacts...)
}

func (c *Call) refuse(ctx context.Context, code int, contacts ...string) error {
	err := c.phone.do(ctx, func(finish func(error)) {
		if state := c.Status().State; !c.incoming || state != Ringing {
			finish(fmt.Errorf("call is %s", state))
			return
		}
		c.reject(code, contacts...)
		finish(nil)
	})
	if err != nil {
		return fmt.Errorf("phone %s: reject: %w", c.phone.cfg.Tel, err)
	}
	return nil
}

func (c *Call) reject(code int, contacts ...string) {
	response := c.phone.answerTo(c.invite.request, code)
	for _, v := range contacts {
		response.AppendHeader(sip.NewHeader("Contact", v))
	}
	c.phone.respond(c.invite, response)
	c.end(Status{State: Ended, Code: code, Reason: "rejected"})
}

// receiveAck takes the ACK of a 2xx, with the answer to an offer that our 2xx made.
func (c *Call) receiveAck(ack *sip.Request) {
	if c.invite == nil || ack.CSeq().SeqNo != c.invite.request.CSeq().SeqNo {
		return
	}
	c.invite.acknowledge()
	if !c.offered {
		return
	}
	c.offered = false
	if err := c.accept(ack.Body(), true, true); err != nil {
		c.phone.log.Warn("acknowledgement without usable audio", "call_id", c.callID, "err", err)
		c.hangup(nil)
		return
	}
	c.set(func(s *Status) { s.Held = c.peer.held() })
}
