package phone

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// HoldWith puts the peer on hold with the music that answers at a number, as RFC 7088 says: the peer's own description is offered
// there, and what answers is the peer's answer. It returns the call to the music, which lasts until it is hung up, after Resume.
//
//	phone ── re-INVITE, no offer ──► peer ── 200, offer ──► phone
//	phone ── INVITE, the offer ────► music ── 200, answer ─► phone
//	phone ── ACK, the answer ──────► peer
func (c *Call) HoldWith(ctx context.Context, number string) (music *Call, err error) {
	err = c.phone.do(ctx, func(finish func(error)) {
		if state := c.Status().State; state != Answered || c.offering {
			finish(fmt.Errorf("call is %s, offer pending: %t", state, c.offering))
			return
		}
		c.offering = true
		var answer []byte
		c.phone.exchange(&exchange{
			request: c.inDialog(sip.INVITE), destination: c.destination, sequence: &c.sequence,
			final: func(sent *sip.Request, response *sip.Response) {
				switch {
				case response == nil || !response.IsSuccess():
					c.offering = false
					finish(failure(sip.INVITE, response))
				case music == nil:
					music, err = c.phone.lend(number, response.Body(), func(body []byte, err error) {
						c.offering, answer = false, body
						c.acknowledge(sent, answer)
						c.set(func(s *Status) { s.OnHold = true })
						finish(err)
					})
					if err != nil {
						finish(err)
					}
				case answer != nil: // the 200 is repeated
					c.acknowledge(sent, answer)
				}
			},
		})
	})
	if err != nil {
		return nil, fmt.Errorf("phone %s: hold with %s: %w", c.phone.cfg.Tel, number, err)
	}
	return music, nil
}

// lend dials a number with somebody else's offer; taken gets the answer. It runs on the actor.
func (p *Phone) lend(number string, offer []byte, taken func(answer []byte, err error)) (*Call, error) {
	c, err := p.dial(number, nil, offer)
	if err == nil {
		c.lent = taken
	}
	return c, err
}
