package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// RegistrationConfig is an account of ours at a registrar, a carrier's or another PBX's; zero values mean the defaults
// stated.
type RegistrationConfig struct {
	// Servers are asked in order; each may lead to several hops (RFC 3263), asked in their order.
	Servers []gosip.Uri
	// AOR is the address of record, To and From: sip:user@domain.
	AOR         gosip.Uri
	Credentials Credentials
	// Contact is the user part of our Contact; default AOR's.
	Contact string
	Expires time.Duration // asked for; 3600 s
	// Timeout is how long one hop may take to answer; 8 s.
	Timeout time.Duration
	// Retry is waited after all servers have failed, doubling up to RetryMax (RFC 5626 4.5); 30 s and 30 min.
	Retry, RetryMax time.Duration
	// KeepAlive is the time between double CRLFs that keep NATs and connections open; 25 s, negative for none.
	KeepAlive time.Duration
	// OnChange hears of every outcome, on Run's goroutine; it must not block.
	OnChange func(RegistrationState)
}

// RegistrationState is how a registration of ours stands.
type RegistrationState struct {
	Registered bool
	// Server and Flow are where we are registered: requests to the server go down this flow.
	Server gosip.Uri
	Hop    Hop
	Flow   Flow
	// Expires is how long the server granted.
	Expires time.Duration
	// Code and Err say why it failed: the last response, 0 when there was none.
	Code int
	Err  error
	// Retry is how long the next attempt is away.
	Retry time.Duration
}

// Registration keeps us registered with one of several servers. Made by NewRegistration; Run does the work.
//
//	first server ──fails──► second ──fails──► wait, twice as long each time
//	     └── 200 ──► wait for 4/5 of its time, or for the connection to break ──► from the first server again
type Registration struct {
	s      *Stack
	config RegistrationConfig
	auth   *clientAuth
	callID string
	tag    string
	seq    uint32
}

// NewRegistration checks the configuration and starts nothing.
func (s *Stack) NewRegistration(c RegistrationConfig) (*Registration, error) {
	if len(c.Servers) == 0 || c.AOR.User == "" || c.AOR.Host == "" {
		return nil, errors.New("registration: a server and an address of record are wanted")
	}
	c.Contact = or(c.Contact, c.AOR.User)
	c.Expires = or(c.Expires, time.Hour)
	c.Timeout = or(c.Timeout, 8*time.Second)
	c.Retry = or(c.Retry, 30*time.Second)
	c.RetryMax = max(or(c.RetryMax, 30*time.Minute), c.Retry)
	c.KeepAlive = or(c.KeepAlive, 25*time.Second)
	if c.OnChange == nil {
		c.OnChange = func(RegistrationState) {}
	}
	return &Registration{s: s, config: c, auth: newClientAuth(&c.Credentials), callID: token(16), tag: token(8)}, nil
}

// Run registers, refreshes, fails over and tries again until ctx ends; then it unregisters, for which the stack must
// still run, and returns nil.
func (r *Registration) Run(ctx context.Context) error {
	wait := time.Duration(0)
	for ctx.Err() == nil {
		st := r.attempt(ctx)
		if ctx.Err() != nil {
			r.leave(ctx, st)
			return nil
		}
		if st.Registered {
			wait = 0
			r.config.OnChange(st)
			if ctx.Err() == nil {
				r.rest(ctx, st)
			}
			if ctx.Err() != nil {
				r.leave(ctx, st)
			}
			continue
		}
		wait = min(max(r.config.Retry, 2*wait), r.config.RetryMax)
		st.Retry = max(st.Retry, wait/2+rand.N(wait/2+1)) // spread, so that not all come back at once
		r.config.OnChange(st)
		r.s.limit.warn("registration failed", "aor", clean(r.config.AOR.Addr()), "code", st.Code, "err", st.Err)
		pause(ctx, st.Retry)
	}
	return nil
}

// pause waits, but not longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// rest waits until the registration is due again: at 4/5 of its time, or when its connection breaks.
func (r *Registration) rest(ctx context.Context, st RegistrationState) {
	ctx, cancel := context.WithTimeout(ctx, st.Expires*4/5)
	defer cancel()
	unwatch := st.Flow.link.watch(cancel)
	defer unwatch()
	if r.config.KeepAlive < 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(r.config.KeepAlive)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = st.Flow.send([]byte("\r\n\r\n")) // what is broken shows in the watch or the next refresh
		case <-ctx.Done():
			return
		}
	}
}

// attempt asks one server after the other and returns the first success, or the last failure.
func (r *Registration) attempt(ctx context.Context) RegistrationState {
	st := RegistrationState{Err: errNoRoute}
	var after time.Duration
	for _, server := range r.config.Servers {
		hops, err := r.s.Resolve(ctx, server)
		if err != nil {
			st = RegistrationState{Server: server, Err: err}
			continue
		}
		for _, hop := range hops {
			st = r.register(ctx, server, hop, r.config.Expires)
			if st.Registered || ctx.Err() != nil {
				return st
			}
			after = max(after, st.Retry)
		}
	}
	st.Retry = after
	return st
}

// farewell is how long an unregistering may take: who stops does not wait for a server that is gone.
const farewell = 2 * time.Second

// leave unregisters from where we are registered.
func (r *Registration) leave(ctx context.Context, st RegistrationState) {
	if !st.Registered {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	out := r.register(ctx, st.Server, st.Hop, 0)
	out.Registered = false
	r.config.OnChange(out)
}

// register sends one REGISTER to one hop, again when it is challenged or its time is too short for the server (423).
func (r *Registration) register(ctx context.Context, server gosip.Uri, hop Hop, expires time.Duration) RegistrationState {
	st := RegistrationState{Server: server, Hop: hop}
	if st.Flow, st.Err = r.s.FlowTo(hop); st.Err != nil {
		return st
	}
	for range 2 {
		res, err := r.exchange(ctx, server, st.Flow, expires)
		if err != nil {
			st.Err = err
			return st
		}
		st.Code = res.StatusCode
		switch {
		case res.StatusCode < 300:
			st.Registered, st.Err = expires > 0, nil
			st.Expires = r.granted(res, st.Flow, expires)
			return st
		case res.StatusCode == 423:
			least := seconds(value(res, "min-expires"), 0)
			if least <= expires {
				st.Err = fmt.Errorf("423 without a Min-Expires to follow")
				return st
			}
			expires = least
			st.Err = errors.New("423 again")
			continue
		}
		st.Err = fmt.Errorf("%d %s", res.StatusCode, clean(res.Reason))
		text, _, _ := cutAny(value(res, "retry-after"), " ;(")
		st.Retry = min(seconds(text, 0), r.config.RetryMax)
		return st
	}
	return st
}

// granted is how long our contact lasts by a 200 (RFC 3261 10.2.4).
func (r *Registration) granted(res *gosip.Response, f Flow, asked time.Duration) time.Duration {
	ours := f.contact(r.config.Contact).Address
	out := seconds(value(res, "expires"), asked)
	for _, c := range contacts(res) {
		if e, ok := param(c.Params, "expires"); ok && c.Address.User == ours.User && c.Address.Host == ours.Host && port(c.Address) == port(ours) {
			out = seconds(e, out)
		}
	}
	return max(out, time.Second)
}

// exchange sends a REGISTER and waits for its final response.
func (r *Registration) exchange(ctx context.Context, server gosip.Uri, f Flow, expires time.Duration) (*gosip.Response, error) {
	type outcome struct {
		res *gosip.Response
		err error
	}
	done := make(chan outcome, 1) // one outcome; what comes after the timeout is nobody's
	tell := func(o outcome) {
		select {
		case done <- o:
		default:
		}
	}
	r.s.ask(r.auth, atOnce, f, func() *gosip.Request { return r.request(server, f, expires) },
		func(res *gosip.Response) {
			if res.StatusCode >= 200 {
				tell(outcome{res: res})
			}
		},
		func(err error) { tell(outcome{err: err}) })
	t := time.NewTimer(r.config.Timeout)
	defer t.Stop()
	select {
	case o := <-done:
		return o.res, o.err
	case <-t.C:
		return nil, errTimeout
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// request builds a REGISTER (RFC 3261 10.2).
func (r *Registration) request(server gosip.Uri, f Flow, expires time.Duration) *gosip.Request {
	r.auth.mu.Lock()
	r.seq++
	seq := r.seq
	r.auth.mu.Unlock()
	target := gosip.Uri{Scheme: "sip", Host: server.Host, Port: server.Port}
	aor := gosip.Uri{Scheme: "sip", User: escapeUser(r.config.AOR.User), Host: cleanHost(r.config.AOR.Host), Port: r.config.AOR.Port}
	p := peer{callID: r.callID, flow: f, target: target, local: party{uri: aor, tag: r.tag}, remote: party{uri: aor}, auth: r.auth}
	req := p.request(r.s, gosip.REGISTER, seq)
	contact := f.contact(r.config.Contact)
	contact.Params.Add("expires", strconv.Itoa(int(expires/time.Second)))
	req.AppendHeader(contact)
	addHeaders(req, []Header{{"Expires", strconv.Itoa(int(expires / time.Second))}})
	return req
}
