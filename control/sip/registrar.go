package sip

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// RegistrarConfig is the policy of the registrar; zero values mean the defaults stated.
type RegistrarConfig struct {
	Expires    time.Duration // granted by default and at most; 600 s
	NATExpires time.Duration // the same for phones behind NAT, which are asked three times within it (qualify.go); 60 s
	MinExpires time.Duration // less is answered 423; 30 s
	// NATCheckPort is nat_check: ip_port.
	NATCheckPort bool
	// MaxContacts bounds the contacts of one station; default 1. The newest replaces the oldest.
	MaxContacts int
	// MaxStations bounds the stations registered at once, as the licence did; 0 means no limit.
	MaxStations int
	// OnChange hears of every change, on the goroutine that caused it: it must not block.
	OnChange func(RegistrationEvent)
}

// RegistrationKind says what happened to a registration.
type RegistrationKind string

const (
	Registered   RegistrationKind = "registered"
	Refreshed    RegistrationKind = "refreshed"
	Unregistered RegistrationKind = "unregistered" // by the phone
	Expired      RegistrationKind = "expired"
	Replaced     RegistrationKind = "replaced"     // by a newer contact
	Disconnected RegistrationKind = "disconnected" // the connection of a phone behind NAT has closed
	Unreachable  RegistrationKind = "unreachable"  // behind NAT, and silent
	Rejected     RegistrationKind = "rejected"
)

// RegistrationEvent is a change, or a rejection; then only Tel and Source of the binding are set.
type RegistrationEvent struct {
	Kind    RegistrationKind
	Binding Binding
	Reason  string
}

// Registrar knows where the stations are (RFC 3261 10). Safe for concurrent use.
type Registrar struct {
	config RegistrarConfig
	ask    func(b Binding, answered func(bool)) // OPTIONS to a phone; set before Run, nil asks nobody

	mu     sync.Mutex // guards the following
	closed bool
	tels   map[string][]*Binding // newest last
}

func newRegistrar(c RegistrarConfig) *Registrar {
	c.Expires = or(c.Expires, 600*time.Second)
	c.NATExpires = or(c.NATExpires, 60*time.Second)
	c.MinExpires = min(or(c.MinExpires, 30*time.Second), c.Expires, c.NATExpires)
	c.MaxContacts = or(c.MaxContacts, 1)
	if c.OnChange == nil {
		c.OnChange = func(RegistrationEvent) {}
	}
	return &Registrar{config: c, tels: make(map[string][]*Binding)}
}

// Lookup returns a station's contacts, the newest first; nil when it is not registered.
func (r *Registrar) Lookup(tel string) []Binding {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.tels[tel]
	out := make([]Binding, 0, len(list))
	for _, b := range slices.Backward(list) {
		out = append(out, *b)
	}
	return out
}

// Registered says whether the station is registered from that address.
func (r *Registrar) Registered(tel string, source netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.tels[tel], func(b *Binding) bool { return b.Source.Addr() == source.Unmap() })
}

// Serves says whether any station is registered from the flow's very address and port, or over that connection.
func (r *Registrar) Serves(f Flow) bool {
	return r.any(func(b *Binding) bool { return b.Source == f.Remote && b.Flow.Transport == f.Transport })
}

// ServesAddress says whether any station is registered from that address.
func (r *Registrar) ServesAddress(source netip.Addr) bool {
	return r.any(func(b *Binding) bool { return b.Source.Addr() == source.Unmap() })
}

func (r *Registrar) any(fits func(*Binding) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.tels {
		if slices.ContainsFunc(list, fits) {
			return true
		}
	}
	return false
}

// owns says whether the station is registered from that very address and port, or over that connection.
func (r *Registrar) owns(tel string, f Flow) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.tels[tel], func(b *Binding) bool { return b.Source == f.Remote && b.Flow.Transport == f.Transport })
}

// Snapshot returns a row for each registered contact, sorted by Tel.
func (r *Registrar) Snapshot() []Status {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Status
	for _, list := range r.tels {
		for _, b := range list {
			out = append(out, Status{
				Tel: b.Tel, UserAgent: b.UserAgent, Transport: b.Flow.Transport, Registered: true,
				Public: b.Source, SignalPort: uint16(port(b.Registered)), BehindNAT: b.BehindNAT,
				Expires: max(0, b.Expires.Sub(now)),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Status) int {
		switch {
		case len(a.Tel) != len(b.Tel):
			return len(a.Tel) - len(b.Tel)
		case a.Tel < b.Tel:
			return -1
		case a.Tel > b.Tel:
			return 1
		}
		return 0
	})
	return out
}

func (r *Registrar) bindings() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, list := range r.tels {
		n += len(list)
	}
	return n
}

// wish is one Contact of a REGISTER and the time it asks for.
type wish struct {
	uri   gosip.Uri
	asked time.Duration
}

// refusal is a REGISTER not granted.
type refusal struct {
	code    int
	reason  string
	headers []Header
}

// update applies a REGISTER that has been authenticated, wholly or not at all (RFC 3261 10.3), and returns the
// contacts now bound. all removes every contact (Contact: *).
func (r *Registrar) update(acc Account, req *gosip.Request, f Flow, wishes []wish, all bool) (bound []Header, no *refusal) {
	now := time.Now()
	id, seq := callID(req), req.CSeq().SeqNo
	agent := value(req, "user-agent")
	var events []RegistrationEvent
	defer func() { // after the lock
		for _, e := range events {
			r.config.OnChange(e)
		}
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, &refusal{code: 503}
	}
	list := slices.Clone(r.tels[acc.Tel])
	// Nothing that a later REGISTER of the same phone has already said is undone by an earlier one.
	late := func(b *Binding) bool { return b.callID == id && seq <= b.seq }
	if all {
		if slices.ContainsFunc(list, late) {
			return nil, &refusal{code: 500, reason: "CSeq Out Of Order"}
		}
		for _, b := range list {
			events = append(events, r.drop(b, Unregistered))
		}
		delete(r.tels, acc.Tel)
		return nil, nil
	}
	type change struct {
		old, new *Binding
	}
	var changes []change
	for _, w := range wishes {
		var c change
		for _, b := range list {
			if same(b.Registered, w.uri) {
				c.old = b
			}
		}
		if c.old != nil && late(c.old) {
			return nil, &refusal{code: 500, reason: "CSeq Out Of Order"}
		}
		if w.asked > 0 {
			if len(list) == 0 && r.config.MaxStations > 0 && len(r.tels) >= r.config.MaxStations {
				events = append(events, RegistrationEvent{Rejected, Binding{Tel: acc.Tel, Source: f.Remote}, "too many stations"})
				return nil, &refusal{code: 403, reason: "Too Many Stations"}
			}
			b := &Binding{
				Tel: acc.Tel, Registered: w.uri, UserAgent: agent, Since: now,
				callID: id, seq: seq,
			}
			b.place(f, acc.NAT, r.config.NATCheckPort)
			most := r.config.Expires
			if b.BehindNAT {
				most = r.config.NATExpires
			}
			if w.asked < r.config.MinExpires {
				least := strconv.Itoa(int((r.config.MinExpires + time.Second - 1) / time.Second))
				return nil, &refusal{code: 423, headers: []Header{{"Min-Expires", least}}}
			}
			b.Expires = now.Add(min(w.asked, most))
			c.new = b
		}
		changes = append(changes, c)
	}
	for _, c := range changes {
		switch {
		case c.old != nil && c.new != nil:
			c.new.Since = c.old.Since
			c.old.stop()
			c.new.qualifying.heard = c.old.qualifying.heard
			list = slices.DeleteFunc(list, func(b *Binding) bool { return b == c.old })
			events = append(events, RegistrationEvent{Kind: Refreshed, Binding: *c.new})
		case c.new != nil:
			events = append(events, RegistrationEvent{Kind: Registered, Binding: *c.new})
		case c.old != nil:
			list = slices.DeleteFunc(list, func(b *Binding) bool { return b == c.old })
			events = append(events, r.drop(c.old, Unregistered))
		}
		if c.new != nil {
			list = append(list, c.new)
			r.arm(c.new, now)
		}
	}
	for len(list) > r.config.MaxContacts {
		events = append(events, r.drop(list[0], Replaced))
		list = list[1:]
	}
	r.keep(acc.Tel, list)
	for _, b := range list {
		bound = append(bound, b.contact(now))
	}
	return bound, nil
}

// keep stores a station's contacts; mu is held.
func (r *Registrar) keep(tel string, list []*Binding) {
	if len(list) == 0 {
		delete(r.tels, tel)
		return
	}
	r.tels[tel] = list
}

// drop stops a binding's timer and says what to tell; mu is held.
func (r *Registrar) drop(b *Binding, kind RegistrationKind) RegistrationEvent {
	b.stop()
	return RegistrationEvent{Kind: kind, Binding: *b}
}

// arm starts a binding's timers; mu is held.
func (r *Registrar) arm(b *Binding, now time.Time) {
	b.timer = time.AfterFunc(b.Expires.Sub(now), func() { r.remove(b, Expired, "") })
	r.qualify(b)
}

// remove takes one binding out, if it is still in.
func (r *Registrar) remove(b *Binding, kind RegistrationKind, reason string) {
	r.mu.Lock()
	list := r.tels[b.Tel]
	i := slices.Index(list, b)
	if i < 0 || r.closed {
		r.mu.Unlock()
		return
	}
	r.keep(b.Tel, slices.Concat(list[:i], list[i+1:]))
	e := r.drop(b, kind)
	e.Reason = reason
	r.mu.Unlock()
	r.config.OnChange(e)
}

// flowClosed lets go of phones behind NAT whose connection has closed: nothing else leads to them (RFC 5626 4.2.2).
func (r *Registrar) flowClosed(l link) {
	var gone []*Binding
	r.mu.Lock()
	for _, list := range r.tels {
		for _, b := range list {
			if b.Flow.link == l && b.BehindNAT {
				gone = append(gone, b)
			}
		}
	}
	r.mu.Unlock()
	for _, b := range gone {
		r.remove(b, Disconnected, "")
	}
}

// close stops the timers; nothing is told any more.
func (r *Registrar) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, list := range r.tels {
		for _, b := range list {
			b.stop()
		}
	}
}

// seconds reads delta-seconds (RFC 3261 20.19); what does not parse counts as absent, as 10.3 recommends.
func seconds(s string, def time.Duration) time.Duration {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return math.MaxInt32 * time.Second
		}
		return def
	}
	return time.Duration(min(n, math.MaxInt32)) * time.Second
}
