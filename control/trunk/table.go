package trunk

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"

	"sidetone/control/sip"
)

// Config is one trunk.
type Config struct {
	Name string
	// Access is dialled before the numbers that go there; "" is none.
	Access string
	// Server is where it is; no Host: its calls come, none go.
	Server gosip.Uri
	// User is our account there, "" when we are known by our address; AuthUser "" is User.
	User, AuthUser, Password string
	// Expires is how long a registration is asked for.
	Expires time.Duration
	// Networks are where its calls come from besides the server.
	Networks []netip.Prefix
	// Incoming gets calls for numbers of nobody; "" refuses them.
	Incoming string
	// AuthCodes, when there are any: one of them opens the trunk.
	AuthCodes []string
}

// Table is all trunks, in the order of the configuration. A nil Table has none.
type Table struct {
	stack    *sip.Stack
	authCode string
	log      *slog.Logger
	lines    []*line
	mu       sync.Mutex // one at a time tells the stack whom to admit
}

// New checks the trunks and starts nothing; authCode is dialled before an auth code, "" for never.
func New(stack *sip.Stack, authCode string, trunks []Config, log *slog.Logger) (*Table, error) {
	t := &Table{stack: stack, authCode: authCode, log: log}
	for _, c := range trunks {
		l := &line{cfg: c}
		if c.User != "" && c.Server.Host != "" {
			var err error
			l.registration, err = stack.NewRegistration(sip.RegistrationConfig{
				Servers: []gosip.Uri{c.Server}, AOR: gosip.Uri{Scheme: "sip", User: c.User, Host: c.Server.Host},
				Credentials: l.credentials(), Expires: c.Expires,
				OnChange: func(st sip.RegistrationState) { t.registered(l, st) },
			})
			if err != nil {
				return nil, fmt.Errorf("trunk %s: %w", c.Name, err)
			}
		}
		t.lines = append(t.lines, l)
	}
	return t, nil
}

// Run registers and looks names up until ctx ends; then it unregisters, for which the stack must still run.
func (t *Table) Run(ctx context.Context) error {
	if t == nil {
		return nil
	}
	var wg sync.WaitGroup
	for _, l := range t.lines {
		if l.cfg.Server.Host == "" {
			continue
		}
		wg.Go(func() { t.look(ctx, l) }) // ends with ctx, waited for below
		if l.registration != nil {
			wg.Go(func() { _ = l.registration.Run(ctx) }) // likewise; its error is always nil
		}
	}
	wg.Wait()
	return nil
}

// How often names are looked up, and again when that failed.
const (
	lookEvery = time.Minute
	lookAgain = 10 * time.Second
)

// look keeps the hops of a trunk's server.
func (t *Table) look(ctx context.Context, l *line) {
	for ctx.Err() == nil {
		hops, err := t.stack.Resolve(ctx, l.cfg.Server)
		wait := lookEvery
		if err != nil {
			wait = lookAgain
			if ctx.Err() == nil && l.unresolved(err) {
				t.log.Warn("trunk server not found", "trunk", l.cfg.Name, "err", err)
			}
		} else if l.resolved(hops) {
			t.log.Info("trunk server", "trunk", l.cfg.Name, "hops", fmt.Sprint(hops))
			t.admit()
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// admit tells the stack the addresses of all servers.
func (t *Table) admit() {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []netip.Addr
	for _, l := range t.lines {
		for _, h := range l.snapshot().known() {
			list = append(list, h.Addr.Addr())
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	t.stack.Admit(slices.Compact(list))
}

// registered notes an outcome of a registration.
func (t *Table) registered(l *line, st sip.RegistrationState) {
	was := l.setRegistration(st)
	if st.Registered {
		t.admit()
	}
	switch {
	case st.Registered && !was:
		t.log.Info("trunk registered", "trunk", l.cfg.Name, "peer", st.Hop.String(), "expires", st.Expires)
	case !st.Registered && was:
		t.log.Warn("trunk no longer registered", "trunk", l.cfg.Name, "code", st.Code, "err", st.Err)
	}
}
