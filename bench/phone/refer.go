package phone

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Refer asks the server to connect the peer of this call with a number (RFC 3515), or, when replaces is another call of
// this phone, with the peer of that one (RFC 3891). It returns the code of the answer; what becomes of it comes by
// NOTIFY (WaitTransfer).
func (c *Call) Refer(ctx context.Context, number string, replaces *Call) (code int, err error) {
	uri := c.phone.identity(number)
	target := "<" + uri.String()
	if replaces != nil {
		target += "?Replaces=" + url.QueryEscape(replaces.callID+";to-tag="+replaces.tag()+";from-tag="+replaces.localTag)
	}
	return c.ReferTo(ctx, target+">")
}

// tag is the peer's tag.
func (c *Call) tag() (tag string) {
	_ = c.phone.do(context.Background(), func(finish func(error)) { tag = c.remoteTag; finish(nil) })
	return tag
}

// ReferTo is Refer with a Refer-To header of the script's own.
func (c *Call) ReferTo(ctx context.Context, value string) (code int, err error) {
	err = c.phone.do(ctx, func(finish func(error)) {
		if c.Status().State != Answered {
			finish(fmt.Errorf("call is %s", c.Status().State))
			return
		}
		request := c.inDialog(sip.REFER)
		request.AppendHeader(sip.NewHeader("Refer-To", value))
		request.SetBody(nil)
		c.phone.exchange(&exchange{
			request: request, destination: c.destination, sequence: &c.sequence,
			final: func(_ *sip.Request, response *sip.Response) {
				if response == nil {
					finish(failure(sip.REFER, nil))
					return
				}
				code = response.StatusCode
				finish(nil)
			},
		})
	})
	if err != nil {
		return 0, fmt.Errorf("phone %s: refer: %w", c.phone.cfg.Tel, err)
	}
	return code, nil
}

// notified takes a NOTIFY of a transfer: a status line as body (RFC 3515 2.4.5).
func (c *Call) notified(request *sip.Request) {
	fields := strings.Fields(string(request.Body()))
	if len(fields) < 2 {
		return
	}
	code, err := strconv.Atoi(fields[1])
	if err != nil {
		return
	}
	c.phone.update(func() { c.transfer = append(c.transfer, code) })
}

// Transfer returns the codes that NOTIFYs have told of this call's transfers.
func (c *Call) Transfer() []int {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	return append([]int(nil), c.transfer...)
}

// WaitTransfer waits for a NOTIFY with a final code and returns it.
func (c *Call) WaitTransfer(ctx context.Context) (code int, err error) {
	err = c.phone.wait(ctx, func() bool {
		if n := len(c.transfer); n > 0 {
			code = c.transfer[n-1]
		}
		return code >= 200
	})
	if err != nil {
		return code, fmt.Errorf("phone %s: transfer at %d: %w", c.phone.cfg.Tel, code, err)
	}
	return code, nil
}

// Replace calls to take the place of another call (RFC 3891), which may be of another phone: confirmed, or ringing there.
func (p *Phone) Replace(ctx context.Context, other *Call, parameters string) (*Call, error) {
	value := other.callID + ";to-tag=" + other.tag() + ";from-tag=" + other.localTag + parameters
	return p.dialWith(ctx, "replace", sip.NewHeader("Replaces", value))
}

// Header returns a header of the INVITE that opened an incoming call, "" when it has none.
func (c *Call) Header(name string) (value string) {
	_ = c.phone.do(context.Background(), func(finish func(error)) {
		if c.first != nil {
			if h := c.first.GetHeader(name); h != nil {
				value = h.Value()
			}
		}
		finish(nil)
	})
	return value
}

// Provisional returns the codes of the provisional answers to the call's INVITE.
func (c *Call) Provisional() []int {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	return append([]int(nil), c.provisional...)
}

// Why returns the Reason header (RFC 3326) of the CANCEL or BYE that ended the call.
func (c *Call) Why() string {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	return c.why
}

// Opening returns the INVITE that opened an incoming call as text, with the body; "" for a call of the phone's own.
func (c *Call) Opening() (text string) {
	_ = c.phone.do(context.Background(), func(finish func(error)) {
		if c.first != nil {
			text = c.first.String()
		}
		finish(nil)
	})
	return text
}
