package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Dial calls a number of the server, or a SIP URI, on a fresh line and returns without waiting.
func (p *Phone) Dial(ctx context.Context, number string) (*Call, error) {
	return p.dialWith(ctx, number)
}

// dialWith is Dial with further headers in the INVITE.
func (p *Phone) dialWith(ctx context.Context, number string, headers ...sip.Header) (*Call, error) {
	var call *Call
	err := p.do(ctx, func(finish func(error)) {
		c, err := p.dial(number, headers, nil)
		call = c
		finish(err)
	})
	if err != nil {
		return nil, fmt.Errorf("phone %s: dial %s: %w", p.cfg.Tel, number, err)
	}
	return call, nil
}

// Call dials and waits for the answer. The error wraps a *Failure when there was another one.
func (p *Phone) Call(ctx context.Context, number string) (*Call, error) {
	c, err := p.Dial(ctx, number)
	if err != nil {
		return nil, err
	}
	if err := c.WaitAnswered(ctx); err != nil {
		return c, fmt.Errorf("phone %s: call %s: %w", p.cfg.Tel, number, err)
	}
	return c, nil
}

// Feature dials a feature code, which is always answered 480 Temporarily Unavailable; any other end is
// an error.
func (p *Phone) Feature(ctx context.Context, code string) error {
	c, err := p.Call(ctx, code)
	if err == nil {
		_ = c.Hangup(ctx)
		return fmt.Errorf("phone %s: feature %s was answered, want 480", p.cfg.Tel, code)
	}
	var refused *Failure
	if errors.As(err, &refused) && refused.Code == sip.StatusTemporarilyUnavailable {
		return nil
	}
	return err
}

// dial runs on the actor. body is what is offered; nil is the phone's own offer.
func (p *Phone) dial(number string, headers []sip.Header, body []byte) (*Call, error) {
	to, destination, err := p.resolve(number)
	if err != nil {
		return nil, err
	}
	c, err := p.newCall(token(), false)
	if err != nil {
		return nil, err
	}
	c.local, c.remote, c.target, c.destination = p.identity(p.cfg.Tel), to, to, destination
	if p.cfg.Anonymous {
		c.local = sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
		headers = append(headers, sip.NewHeader("Privacy", "id"))
	}
	request := p.request(sip.INVITE, to, c.local, c.localTag, to, "", c.callID)
	for _, h := range headers {
		request.AppendHeader(h)
	}
	if body == nil {
		body = c.offer()
	}
	setBody(request, "application/sdp", body)
	c.offering = true
	c.dialling = &exchange{
		request: request, destination: destination, sequence: &c.sequence,
		provisional: c.progress,
		final:       c.answered,
	}
	p.exchange(c.dialling)
	return c, nil
}

// resolve turns what was dialled into a URI and the address it is sent to.
func (p *Phone) resolve(number string) (uri sip.Uri, destination string, err error) {
	if !strings.Contains(number, "@") {
		if p.cfg.Server == "" {
			return uri, "", fmt.Errorf("no server to know the number")
		}
		return p.identity(number), p.cfg.Server, nil
	}
	if !strings.HasPrefix(number, "sip:") {
		number = "sip:" + number
	}
	if err := sip.ParseUri(number, &uri); err != nil {
		return uri, "", err
	}
	if p.cfg.Server != "" {
		return uri, p.cfg.Server, nil
	}
	port := uri.Port
	if port == 0 {
		port = 5060
	}
	return uri, net.JoinHostPort(strings.Trim(uri.Host, "[]"), fmt.Sprint(port)), nil
}

// progress takes a provisional answer to the first INVITE.
func (c *Call) progress(response *sip.Response) {
	c.shows(response)
	c.set(func(s *Status) {
		if s.State < Ringing {
			s.State = Ringing
		}
		s.Code, s.Reason = response.StatusCode, response.Reason
		c.provisional = append(c.provisional, response.StatusCode)
	})
	if tag, ok := response.To().Params.Get("tag"); ok && c.remoteTag == "" {
		c.remoteTag = tag
	}
	if len(response.Body()) > 0 && c.accept(response.Body(), false, true) == nil {
		c.set(func(s *Status) { s.Early = true })
	}
	if c.cancelled && !c.cancelOut {
		c.sendCancel()
	}
}

// answered takes the final answer to the first INVITE, again each time a 2xx is repeated.
func (c *Call) answered(sent *sip.Request, response *sip.Response) {
	if response == nil || !response.IsSuccess() {
		f := failure(sip.INVITE, response)
		if c.lent != nil {
			c.lent(nil, f)
		}
		c.end(Status{State: Ended, Code: f.Code, Reason: f.Reason, ByPeer: true})
		return
	}
	if c.dialling == nil {
		c.acknowledge(sent, nil)
		return
	}
	c.dialling, c.offering = nil, false
	c.shows(response)
	c.learn(response)
	c.acknowledge(sent, nil)
	if c.cancelled { // the answer crossed our CANCEL
		c.bye(func(error) {})
		return
	}
	if c.lent != nil {
		c.lent(response.Body(), nil)
	} else if err := c.accept(response.Body(), true, true); err != nil {
		c.phone.log.Warn("answer without usable audio", "call_id", c.callID, "err", err)
		c.bye(func(error) {})
		return
	}
	c.set(func(s *Status) {
		s.State, s.Code, s.Reason = Answered, response.StatusCode, response.Reason
		s.Held = c.peer.held()
	})
}

// cancel withdraws the INVITE, once the peer has said anything (RFC 3261 section 9.1).
func (c *Call) cancel() {
	c.cancelled = true
	if c.Status().State == Ringing && !c.cancelOut {
		c.sendCancel()
	}
}

func (c *Call) sendCancel() {
	c.cancelOut = true
	invite := c.dialling.current
	cancel := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	cancel.AppendHeader(invite.Via().Clone())
	for _, name := range []string{"Route", "From", "To", "Call-ID"} {
		sip.CopyHeaders(name, invite, cancel)
	}
	cancel.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	cancel.AppendHeader(maxForwards())
	cancel.SetBody(nil)
	// What counts is the 487 to the INVITE, or its 200.
	c.phone.transact(cancel, c.destination, func(*sip.Response) {})
}
