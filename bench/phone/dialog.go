package phone

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// newCall opens the media of a call and files it. Runs on the actor.
func (p *Phone) newCall(callID string, incoming bool) (*Call, error) {
	media, err := p.openStream()
	if err != nil {
		return nil, err
	}
	c := &Call{
		phone: p, callID: callID, incoming: incoming, media: media, localTag: token(),
		session: uint64(media.ssrc), version: 1, want: direction{true, true},
	}
	if err := c.openSections(); err != nil {
		media.close()
		for _, ch := range c.channels {
			ch.conn.Close()
		}
		return nil, err
	}
	p.calls[callID] = c
	p.update(func() { p.all = append(p.all, c) })
	return c, nil
}

// inDialog builds a request of the established dialog (RFC 3261 section 12.2.1.1).
func (c *Call) inDialog(method sip.RequestMethod) *sip.Request {
	r := c.phone.request(method, c.target, c.local, c.localTag, c.remote, c.remoteTag, c.callID)
	for _, route := range c.routes {
		r.AppendHeader(sip.NewHeader("Route", route))
	}
	return r
}

// learn takes the dialog's remote half from the answer to our INVITE.
func (c *Call) learn(response *sip.Response) {
	if tag, ok := response.To().Params.Get("tag"); ok {
		c.remoteTag = tag
	}
	if contact := response.Contact(); contact != nil {
		c.target, c.focus = contact.Address, contact.Params.Has("isfocus")
	}
	if c.routes == nil {
		records := response.GetHeaders("Record-Route")
		for i := len(records) - 1; i >= 0; i-- {
			c.routes = append(c.routes, records[i].Value())
		}
	}
}

// acknowledge sends the ACK for a 2xx to our INVITE, the same one again for a repeated 2xx.
func (c *Call) acknowledge(sent *sip.Request, body []byte) {
	if c.ack == nil || c.inviteSequence != sent.CSeq().SeqNo {
		ack := c.inDialog(sip.ACK)
		ack.PrependHeader(c.phone.via())
		ack.AppendHeader(&sip.CSeqHeader{SeqNo: sent.CSeq().SeqNo, MethodName: sip.ACK})
		setBody(ack, "application/sdp", body)
		c.ack, c.inviteSequence = ack, sent.CSeq().SeqNo
	}
	c.phone.send(c.ack, c.destination)
}

// bye ends an answered call.
func (c *Call) bye(finish func(error)) {
	request := c.inDialog(sip.BYE)
	request.SetBody(nil)
	// Nobody is heard while the farewell is on its way.
	c.media.close()
	c.phone.exchange(&exchange{
		request: request, destination: c.destination, sequence: &c.sequence,
		final: func(_ *sip.Request, response *sip.Response) {
			c.end(Status{State: Ended, Code: 200, Reason: "hung up"})
			switch {
			case response != nil && (response.IsSuccess() || response.StatusCode == 481):
				finish(nil) // 481: both hung up at once
			default:
				finish(failure(sip.BYE, response))
			}
		},
	})
}

// Info sends an INFO within the call and returns a *Failure unless the peer took it.
func (c *Call) Info(ctx context.Context, contentType string, body []byte) error {
	return c.info(ctx, func(r *sip.Request) { setBody(r, contentType, body) })
}

// Record sends the INFO of a phone's record key: "Record: on" or "Record: off".
func (c *Call) Record(ctx context.Context, on bool) error {
	value := map[bool]string{true: "on", false: "off"}[on]
	return c.info(ctx, func(r *sip.Request) {
		r.AppendHeader(sip.NewHeader("Record", value))
		r.SetBody(nil)
	})
}

func (c *Call) info(ctx context.Context, fill func(*sip.Request)) error {
	err := c.phone.do(ctx, func(finish func(error)) {
		if c.Status().State != Answered {
			finish(fmt.Errorf("call is %s", c.Status().State))
			return
		}
		request := c.inDialog(sip.INFO)
		fill(request)
		c.phone.exchange(&exchange{
			request: request, destination: c.destination, sequence: &c.sequence,
			final: func(_ *sip.Request, response *sip.Response) {
				if response == nil || !response.IsSuccess() {
					finish(failure(sip.INFO, response))
					return
				}
				finish(nil)
			},
		})
	})
	if err != nil {
		return fmt.Errorf("phone %s: info: %w", c.phone.cfg.Tel, err)
	}
	return nil
}
