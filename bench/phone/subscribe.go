package phone

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Notice is a NOTIFY outside of calls.
type Notice struct {
	Event, State string // Event and Subscription-State
	Body         string
}

// Subscribe asks to be told of a resource's state (RFC 6665), "" being the phone's own number, and returns the code of the answer;
// what is told comes to Notices.
func (p *Phone) Subscribe(ctx context.Context, event, resource string) (code int, err error) {
	err = p.do(ctx, func(finish func(error)) {
		to := p.identity(resource)
		if resource == "" {
			to = p.identity(p.cfg.Tel)
		}
		request := p.request(sip.SUBSCRIBE, to, p.identity(p.cfg.Tel), token(), to, "", token())
		request.AppendHeader(sip.NewHeader("Event", event))
		request.AppendHeader(sip.NewHeader("Expires", "600"))
		request.SetBody(nil)
		var sequence uint32
		p.exchange(&exchange{
			request: request, destination: p.cfg.Server, sequence: &sequence,
			final: func(_ *sip.Request, response *sip.Response) {
				if response == nil {
					finish(failure(sip.SUBSCRIBE, nil))
					return
				}
				code = response.StatusCode
				finish(nil)
			},
		})
	})
	if err != nil {
		return 0, fmt.Errorf("phone %s: subscribe: %w", p.cfg.Tel, err)
	}
	return code, nil
}

// told keeps a NOTIFY outside of calls.
func (p *Phone) told(request *sip.Request) {
	header := func(name string) string {
		if h := request.GetHeader(name); h != nil {
			return h.Value()
		}
		return ""
	}
	n := Notice{Event: header("Event"), State: header("Subscription-State"), Body: string(request.Body())}
	p.update(func() { p.notices = append(p.notices, n) })
}

// Notices returns what came of an event, the oldest first.
func (p *Phone) Notices(event string) (list []Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range slices.Clone(p.notices) {
		if strings.EqualFold(n.Event, event) {
			list = append(list, n)
		}
	}
	return list
}

// Contact is the user part of the other side's Contact, and whether it is the focus of a conference (RFC 4579).
func (c *Call) Contact() (user string, focus bool) {
	_ = c.phone.do(context.Background(), func(finish func(error)) {
		user, focus = c.target.User, c.focus
		finish(nil)
	})
	return user, focus
}
