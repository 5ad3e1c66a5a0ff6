package phone

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// registration is the phone's standing with its server. Owned by the actor.
type registration struct {
	callID, tag string
	sequence    uint32
	refresh     *time.Timer
}

// Failure is a final answer other than 2xx, or none at all, which counts as 408.
type Failure struct {
	Method string
	Code   int
	Reason string
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %d %s", f.Method, f.Code, f.Reason) }

func failure(method sip.RequestMethod, r *sip.Response) *Failure {
	if r == nil {
		return &Failure{Method: string(method), Code: 408, Reason: "no answer"}
	}
	return &Failure{Method: string(method), Code: r.StatusCode, Reason: r.Reason}
}

// Register makes the phone known to its server, answers the challenge, and keeps the registration
// alive at half its time until Unregister. The error is a *Failure when the server refused.
func (p *Phone) Register(ctx context.Context) error {
	err := p.do(ctx, func(finish func(error)) { p.register(p.cfg.Expires, finish) })
	if err != nil {
		return fmt.Errorf("phone %s: register: %w", p.cfg.Tel, err)
	}
	return nil
}

// Unregister removes the registration.
func (p *Phone) Unregister(ctx context.Context) error {
	err := p.do(ctx, func(finish func(error)) { p.register(0, finish) })
	if err != nil {
		return fmt.Errorf("phone %s: unregister: %w", p.cfg.Tel, err)
	}
	return nil
}

// Registered returns for how long the server granted the present registration, 0 when there is none.
func (p *Phone) Registered() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.grant
}

func (p *Phone) register(expires time.Duration, finish func(error)) {
	r := &p.registration
	if p.cfg.Server == "" {
		finish(fmt.Errorf("no server"))
		return
	}
	if r.callID == "" {
		r.callID, r.tag = token(), token()
	}
	if r.refresh != nil {
		r.refresh.Stop()
	}
	registrar := p.identity("")
	me := p.identity(p.cfg.Tel)
	request := p.request(sip.REGISTER, registrar, me, r.tag, me, "", r.callID)
	seconds := sip.ExpiresHeader(expires / time.Second)
	request.AppendHeader(&seconds)
	p.exchange(&exchange{
		request:     request,
		destination: p.cfg.Server,
		sequence:    &r.sequence,
		final: func(_ *sip.Request, response *sip.Response) {
			switch {
			case response != nil && response.IsSuccess() && expires > 0:
				granted := p.granted(response, expires)
				p.update(func() { p.grant = granted })
				r.refresh = p.after(granted/2, func() {
					p.register(expires, func(err error) {
						if err != nil {
							p.log.Warn("registration not renewed", "err", err)
						}
					})
				})
				finish(nil)
			case response != nil && response.IsSuccess():
				p.update(func() { p.grant = 0 })
				finish(nil)
			case response != nil && response.StatusCode == sip.StatusIntervalToBrief:
				least, _ := strconv.Atoi(value(response, "Min-Expires"))
				if longer := time.Duration(least) * time.Second; longer > expires {
					p.register(longer, finish)
					return
				}
				finish(failure(sip.REGISTER, response))
			default:
				p.update(func() { p.grant = 0 })
				finish(failure(sip.REGISTER, response))
			}
		},
	})
}

// granted returns the lifetime the registrar gave to this phone's contact.
func (p *Phone) granted(response *sip.Response, asked time.Duration) time.Duration {
	granted := asked
	if n, err := strconv.Atoi(value(response, "Expires")); err == nil {
		granted = time.Duration(n) * time.Second
	}
	me := p.contact()
	for _, h := range response.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || c.Address.User != me.User || c.Address.Port != me.Port {
			continue
		}
		if s, ok := c.Params.Get("expires"); ok {
			if n, err := strconv.Atoi(s); err == nil {
				granted = time.Duration(n) * time.Second
			}
		}
	}
	return max(granted, time.Second)
}

func value(m *sip.Response, header string) string {
	if h := m.GetHeader(header); h != nil {
		return h.Value()
	}
	return ""
}
