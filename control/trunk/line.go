package trunk

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"sidetone/control/sip"
)

// line is one trunk as it stands.
type line struct {
	cfg          Config
	registration *sip.Registration // nil: we are known by our address

	mu    sync.Mutex // guards the following
	state state
}

// state is what is known of a trunk. A value; its slice is never changed.
type state struct {
	hops       []sip.Hop
	err        error // why the server was not found, the last time
	tried      bool  // a registration had an outcome
	registered sip.RegistrationState
	at         time.Time // of that outcome
}

func (l *line) snapshot() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// resolved notes where the server is; true when that is news.
func (l *line) resolved(hops []sip.Hop) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.state.err != nil || !slices.Equal(hops, l.state.hops)
	l.state.hops, l.state.err = hops, nil
	return news
}

// unresolved notes that the server was not found; where it was stands. True when that is news.
func (l *line) unresolved(err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.state.err == nil
	l.state.err = err
	return news
}

// setRegistration returns whether we were registered before.
func (l *line) setRegistration(st sip.RegistrationState) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.state.registered.Registered
	l.state.registered, l.state.tried, l.state.at = st, true, time.Now()
	return was
}

func (l *line) credentials() sip.Credentials {
	user := l.cfg.AuthUser
	if user == "" {
		user = l.cfg.User
	}
	return sip.Credentials{User: user, Password: l.cfg.Password}
}

// known are the hops of the server, the one we are registered at first.
func (s state) known() []sip.Hop {
	if !s.registered.Registered {
		return s.hops
	}
	list := []sip.Hop{s.registered.Hop}
	for _, h := range s.hops {
		if h != s.registered.Hop {
			list = append(list, h)
		}
	}
	return list
}

// down: it is known that calls over the trunk will not get through.
func (l *line) down(s state) bool {
	return len(s.known()) == 0 || l.registration != nil && s.tried && !s.registered.Registered
}

// Info is a trunk as it stood when it was asked for.
type Info struct {
	Name, Access, Server, User string
	// State is registered, registering, unregistered (Code and Err say why), peer (known by address) or unresolved.
	State   string
	Hops    []sip.Hop // the first is used first
	Since   time.Time // of the last registration or failure; zero for none
	Expires time.Duration
	Code    int
	Err     string
	// Networks its calls come from besides the server.
	Networks []netip.Prefix
}

// Infos lists the trunks in the order of the configuration.
func (t *Table) Infos() []Info {
	if t == nil {
		return nil
	}
	var list []Info
	for _, l := range t.lines {
		s := l.snapshot()
		i := Info{Name: l.cfg.Name, Access: l.cfg.Access, User: l.cfg.User, State: "peer", Hops: slices.Clone(s.known()), Since: s.at, Networks: l.cfg.Networks}
		if l.cfg.Server.Host != "" {
			i.Server = l.cfg.Server.HostPort()
		}
		err := s.err
		switch {
		case s.registered.Registered:
			i.State, i.Expires = "registered", s.registered.Expires
		case l.registration != nil && s.tried:
			i.State, i.Code, err = "unregistered", s.registered.Code, s.registered.Err
		case l.cfg.Server.Host != "" && len(s.hops) == 0:
			i.State = "unresolved"
		case l.registration != nil:
			i.State = "registering"
		}
		if err != nil {
			i.Err = err.Error()
		}
		list = append(list, i)
	}
	return list
}
