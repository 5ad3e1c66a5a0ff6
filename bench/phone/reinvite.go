package phone

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// HoldStyle is how a phone says that it holds.
type HoldStyle int

// The styles phones use: a=sendonly, a=inactive, and c=0.0.0.0 of RFC 2543.
const (
	SendOnly HoldStyle = iota
	Inactive
	ZeroAddress
)

// Hold puts the peer on hold. In the style SendOnly the phone goes on sending its tone, as a phone with
// music of its own does; what the peer hears is the server's decision.
func (c *Call) Hold(ctx context.Context, style HoldStyle) error {
	want := map[HoldStyle]direction{SendOnly: {send: true}, Inactive: {}, ZeroAddress: {send: true}}[style]
	return c.reinvite(ctx, "hold", want, style == ZeroAddress)
}

// Resume ends the hold.
func (c *Call) Resume(ctx context.Context) error {
	return c.reinvite(ctx, "resume", direction{true, true}, false)
}

// Rekey offers a new SRTP key to send with; the peer may keep its own.
func (c *Call) Rekey(ctx context.Context) error {
	err := c.phone.do(ctx, func(finish func(error)) {
		if c.keying.local.suite == "" {
			finish(errNoKeys)
			return
		}
		c.keying.fresh = true
		c.sendOffer(c.want, c.zero, 0, finish)
	})
	if err != nil {
		return fmt.Errorf("phone %s: re-key: %w", c.phone.cfg.Tel, err)
	}
	return nil
}

// reinvite offers a new direction. The error wraps a *Failure when the peer refused.
func (c *Call) reinvite(ctx context.Context, what string, want direction, zero bool) error {
	err := c.phone.do(ctx, func(finish func(error)) { c.sendOffer(want, zero, 0, finish) })
	if err != nil {
		return fmt.Errorf("phone %s: %s: %w", c.phone.cfg.Tel, what, err)
	}
	return nil
}

func (c *Call) sendOffer(want direction, zero bool, tries int, finish func(error)) {
	if state := c.Status().State; state != Answered || c.offering {
		finish(fmt.Errorf("call is %s, offer pending: %t", state, c.offering))
		return
	}
	before, beforeZero := c.want, c.zero
	c.want, c.zero, c.offering = want, zero, true
	c.version++
	request := c.inDialog(sip.INVITE)
	setBody(request, "application/sdp", c.offer())
	var number uint32
	c.phone.exchange(&exchange{
		request: request, destination: c.destination, sequence: &c.sequence,
		final: func(sent *sip.Request, response *sip.Response) {
			repeated := number != 0 && number == sent.CSeq().SeqNo
			number = sent.CSeq().SeqNo
			if repeated {
				c.acknowledge(sent, nil)
				return
			}
			c.offering = false
			if response != nil && response.IsSuccess() {
				c.shows(response)
				if contact := response.Contact(); contact != nil {
					c.target = contact.Address
				}
				c.acknowledge(sent, nil)
				err := c.accept(response.Body(), true, true)
				c.set(func(s *Status) { s.OnHold = !want.receive; s.Held = c.peer.held() && want.receive })
				finish(err)
				return
			}
			c.want, c.zero = before, beforeZero
			f := failure(sip.INVITE, response)
			switch {
			case f.Code == sip.StatusRequestPending && tries < 5:
				// Glare: the owner of the Call-ID waits longer (RFC 3261 section 14.1).
				pause := time.Duration(rand.IntN(200)) * 10 * time.Millisecond
				if !c.incoming {
					pause += 2100 * time.Millisecond
				}
				c.phone.after(pause, func() { c.sendOffer(want, zero, tries+1, finish) })
			case f.Code == 481 || f.Code == 408:
				c.end(Status{State: Ended, Code: f.Code, Reason: f.Reason, ByPeer: true})
				finish(f)
			default:
				finish(f)
			}
		},
	})
}

// offer is the SDP this phone offers now.
func (c *Call) offer() []byte {
	lines, proto := c.keying.offer(c.phone.cfg)
	return c.describe(c.phone.cfg.Codecs, 101, c.want, proto, lines, c.layout)
}

// describe is a description of which the lines are written by layout, of an offer, or replies.
func (c *Call) describe(formats []Codec, event int, d direction, proto string, lines []crypto, write func(voice string) []string) []byte {
	address := c.media.local
	origin := address.Addr()
	if c.zero {
		address = netip.AddrPortFrom(netip.IPv4Unspecified(), address.Port())
		d = direction{true, true} // the style of RFC 2543 knows no directions
	}
	own := description{address: address, formats: formats, event: event, direction: d, proto: proto, crypto: lines, metrics: c.phone.cfg.Metrics}
	return own.encode(c.phone.cfg.Tel, c.session, c.version, origin, write)
}

// accept takes the peer's description, an answer to an offer of ours or an offer of its own. Speech starts when the call is up.
func (c *Call) accept(body []byte, up bool, answer bool) error {
	on, err := c.acceptSections(body, answer)
	if err != nil {
		return err
	}
	d, err := parse(body, c.phone.cfg.Codecs)
	if on > 0 && (err != nil || d.address.Port() == 0) { // a fax
		c.silent = true
		c.media.agree(description{}, c.phone.cfg.Codecs[0], nil, -1, false)
		return nil
	}
	if err != nil {
		return err
	}
	if len(d.formats) == 0 || d.address.Port() == 0 {
		return fmt.Errorf("sdp: no common codec, or audio refused")
	}
	c.silent = false
	takeKeys := c.keying.takeOffer
	if answer {
		takeKeys = c.keying.takeAnswer
	}
	before := c.keying
	if err := takeKeys(c.phone.cfg, d); err != nil {
		c.keying = before
		return err
	}
	if err := c.media.secure(c.keying.local, c.keying.remote); err != nil {
		return err
	}
	c.peer = d
	send := up && c.want.send && !d.held()
	// What we offered may come with our numbers, what the peer lists with its own.
	formats := append(slices.Clone(c.phone.cfg.Codecs), d.formats...)
	c.media.agree(d, d.formats[0], formats, d.event, send)
	return nil
}

// respondSDP answers an INVITE or UPDATE with 200 and SDP: the answer to the peer's offer, or an offer
// when it made none.
func (c *Call) respondSDP(t *serverTransaction, response *sip.Response) {
	if len(t.request.Body()) == 0 {
		c.offered = true
		setBody(response, "application/sdp", c.offer())
		c.phone.respond(t, response)
		return
	}
	answer := direction{
		send:    c.want.send && !c.peer.held(),
		receive: c.want.receive && c.peer.direction.send,
	}
	formats, event := c.peer.formats, c.peer.event
	if !c.silent {
		formats = formats[:1]
		c.media.agree(c.peer, formats[0], append(slices.Clone(c.phone.cfg.Codecs), c.peer.formats...), event, answer.send)
	}
	var lines []crypto
	if c.keying.local.suite != "" {
		lines = []crypto{c.keying.local}
	}
	setBody(response, "application/sdp", c.describe(formats, event, answer, c.peer.proto, lines, c.replies))
	c.phone.respond(t, response)
}

// reoffered takes the peer's re-INVITE or UPDATE.
func (c *Call) reoffered(t *serverTransaction) {
	p := c.phone
	switch {
	case c.Status().State != Answered && t.request.IsInvite():
		p.respond(t, p.answerTo(t.request, sip.StatusInternalServerError))
		return
	case c.offering || c.offered:
		p.respond(t, p.answerTo(t.request, sip.StatusRequestPending))
		return
	}
	c.phone.update(func() { c.updates++ })
	c.shows(t.request)
	if contact := t.request.Contact(); contact != nil {
		c.target = contact.Address
	}
	if t.request.IsInvite() {
		c.invite, t.call = t, c
	}
	body := t.request.Body()
	if len(body) == 0 && !t.request.IsInvite() { // an UPDATE that only refreshes
		p.respond(t, c.withContact(p.answerTo(t.request, sip.StatusOK)))
		return
	}
	if len(body) > 0 {
		if err := c.accept(body, true, false); err != nil {
			p.log.Warn("offer refused", "call_id", c.callID, "err", err)
			p.respond(t, p.answerTo(t.request, sip.StatusNotAcceptableHere))
			return
		}
	}
	c.version++
	if len(body) > 0 {
		c.set(func(s *Status) { s.Held = c.peer.held() })
	}
	c.respondSDP(t, c.withContact(p.answerTo(t.request, sip.StatusOK)))
}
