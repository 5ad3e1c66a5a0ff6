package sip

import (
	"slices"
	"strings"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// EventPackage is a kind of state that phones subscribe to (RFC 6665 section 4).
type EventPackage struct {
	// Name is the Event header's: "message-summary".
	Name string
	// ContentType is what State returns.
	ContentType string
	// Expires is granted by default and at most; 3600 s.
	Expires time.Duration
	// State is what a station is told of a resource, the user part it subscribed to. version counts what this
	// subscription has been told, from 0. ok false: there is no such resource for this station. It must not block.
	State func(tel, resource string, version uint32) (body []byte, ok bool)
}

const (
	// maxSubscriptions bounds a station's subscriptions: BLF keys of a phone with side consoles, a few times over.
	maxSubscriptions   = 200
	minSubscribeExpiry = 30 * time.Second
)

// notifier knows who subscribed to what.
//
//	SUBSCRIBE ──► Stack.receiveSubscribe ──► subscription (subscribe.go) ──► NOTIFY, now
//	Stack.Notify(package, resource) ────────────────┴──────────────────────► NOTIFY, at each change
type notifier struct {
	packages []*EventPackage

	mu         sync.Mutex // guards the following
	closed     bool
	byDialog   map[dialogKey]*subscription
	byResource map[string][]*subscription // package and resource
	byTel      map[string]int
}

func newNotifier(packages []EventPackage) *notifier {
	n := &notifier{byDialog: make(map[dialogKey]*subscription), byResource: make(map[string][]*subscription), byTel: make(map[string]int)}
	for _, p := range packages {
		p.Expires = or(p.Expires, time.Hour)
		n.packages = append(n.packages, &p)
	}
	return n
}

// find is the package of an Event header, and its id parameter (RFC 6665 4.5.2).
func (n *notifier) find(event string) (p *EventPackage, id string) {
	name, rest, _ := strings.Cut(event, ";")
	for _, kv := range strings.Split(rest, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(kv), "="); strings.EqualFold(k, "id") && validToken(v) {
			id = v
		}
	}
	i := slices.IndexFunc(n.packages, func(p *EventPackage) bool { return strings.EqualFold(p.Name, strings.TrimSpace(name)) })
	if i < 0 {
		return nil, ""
	}
	return n.packages[i], id
}

// allowed is an Allow-Events header; none when nothing can be subscribed to.
func (n *notifier) allowed() []Header {
	if len(n.packages) == 0 {
		return nil
	}
	names := make([]string, 0, len(n.packages))
	for _, p := range n.packages {
		names = append(names, p.Name)
	}
	return []Header{{"Allow-Events", strings.Join(names, ", ")}}
}

// enter adds a subscription; false when the station has too many.
func (n *notifier) enter(sub *subscription) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.byTel[sub.tel] >= maxSubscriptions {
		return false
	}
	n.byTel[sub.tel]++
	n.byDialog[sub.key()] = sub
	n.byResource[sub.about()] = append(n.byResource[sub.about()], sub)
	return true
}

// leave takes a subscription out.
func (n *notifier) leave(sub *subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byDialog[sub.key()] != sub {
		return
	}
	delete(n.byDialog, sub.key())
	if n.byTel[sub.tel]--; n.byTel[sub.tel] == 0 {
		delete(n.byTel, sub.tel)
	}
	rest := slices.DeleteFunc(n.byResource[sub.about()], func(s *subscription) bool { return s == sub })
	if len(rest) == 0 {
		delete(n.byResource, sub.about())
		return
	}
	n.byResource[sub.about()] = rest
}

func (n *notifier) dialog(key dialogKey) *subscription {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byDialog[key]
}

func (n *notifier) subscribers(pkg, resource string) []*subscription {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.byResource[pkg+" "+resource])
}

// close forgets everything without a word: phones subscribe again when their next refresh gets 481.
func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	all := n.byDialog
	n.byDialog = nil
	n.mu.Unlock()
	for _, sub := range all {
		sub.stop()
	}
}

// Notify tells everybody who subscribed to a resource of a package that its state has changed. It does not block.
func (s *Stack) Notify(pkg, resource string) {
	for _, sub := range s.notifier.subscribers(pkg, resource) {
		sub.changed()
	}
}

// Subscribed says whether a station has a subscription to the resource of a package.
func (s *Stack) Subscribed(tel, pkg, resource string) bool {
	return slices.ContainsFunc(s.notifier.subscribers(pkg, resource), func(sub *subscription) bool { return sub.tel == tel })
}

// NotifyUnsolicited sends a station's contacts a NOTIFY that nobody subscribed to, as phones expect it of message
// waiting (RFC 3842 leaves that to configuration). It does not block; what becomes of it is not told.
func (s *Stack) NotifyUnsolicited(tel, event, contentType string, body []byte) {
	for _, b := range s.registrar.Lookup(tel) {
		f := s.revive(b.Flow, b.Contact)
		own := gosip.Uri{Scheme: "sip", User: escapeUser(tel), Host: host(f.Local.Addr())}
		p := peer{
			callID: token(16), target: b.Contact, flow: f, source: f,
			local: party{uri: own, tag: token(8)}, remote: party{uri: own},
		}
		req := p.request(s, gosip.NOTIFY, 1)
		addHeaders(req, []Header{{"Event", event}, {"Subscription-State", "terminated;reason=noresource"}})
		setBody(req, contentType, body)
		s.request(req, f, func(*gosip.Response) {}, func(error) {})
	}
}
