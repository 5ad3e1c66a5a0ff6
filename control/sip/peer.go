package sip

import (
	"fmt"
	"slices"

	gosip "github.com/emiago/sipgo/sip"
)

// hops is how many a request of ours may take (RFC 3261 8.1.1.6).
const hops = 70

// Identity is a name and an address, as in From and To.
type Identity struct {
	// Name is the display name without quotes, "" for none.
	Name string
	// User is the user part of the URI, without percent-encoding.
	User string
	// Host "" means our own address towards the peer (From) or the target's host (To).
	Host string
}

// party is one end as From or To shows it.
type party struct {
	name string // as inside the quotes: escapes kept
	uri  gosip.Uri
	tag  string
}

func (p party) identity() Identity {
	return Identity{Name: unquoted(p.name), User: userOf(p.uri), Host: p.uri.Host}
}

// userOf is the user part of a SIP URI without percent-encoding, or a tel URI's number.
func userOf(u gosip.Uri) string {
	if u.Scheme == "tel" {
		number, _, _ := cutAny(u.Raw(), ";?")
		return number
	}
	return unescapeUser(u.User)
}

func (p party) params() gosip.HeaderParams {
	var hp gosip.HeaderParams
	if p.tag != "" {
		hp.Add("tag", p.tag)
	}
	return hp
}

// peer is the state RFC 3261 12 calls a dialog's: who the two ends are and how a request reaches the other. A value;
// early dialogs of one forked INVITE are copies of it that differ in remote tag, target and routes.
type peer struct {
	callID        string
	local, remote party
	target        gosip.Uri   // remote target: the other side's Contact
	routes        []gosip.Uri // route set, first hop first
	flow          Flow        // as aim chose it
	source        Flow        // where the other side was last heard, or the flow it registered from
	auth          *clientAuth // answers its challenges; nil answers none
	focus         string      // user part of our Contact, which is a conference's focus (RFC 4579); "" = none
}

// contact is our Contact in the dialog.
func (p *peer) contact() *gosip.ContactHeader {
	h := p.flow.contact(or(p.focus, p.local.identity().User))
	if p.focus != "" {
		h.Params.Add("isfocus", "")
	}
	return h
}

// refresh takes a new remote target from a Contact (RFC 3261 12.2: target refresh requests and their 2xx).
func (p *peer) refresh(msg gosip.Message) {
	for _, c := range contacts(msg) {
		if !c.Address.Wildcard && c.Address.Host != "" {
			p.target = *c.Address.Clone()
			p.target.Headers = nil
			break
		}
	}
	p.aim(p.source)
}

// aim decides where requests go. A stream is the only way through NATs and firewalls, so it is kept; a datagram peer
// is sent to the port of its Contact (or first route) when that has the very address it sends from, else to where it
// sends from: a Contact that names another address is a NATed phone's.
func (p *peer) aim(source Flow) {
	p.source, p.flow = source, source
	if source.Reliable() || source.nat {
		return
	}
	next := p.target
	if len(p.routes) > 0 {
		next = p.routes[0]
	}
	if addr, ok := uriAddr(next); ok && addr.Addr() == source.Remote.Addr() {
		p.flow = source.to(addr)
	}
}

// recordRoutes returns the Record-Route set in order of appearance.
func recordRoutes(msg gosip.Message) []gosip.Uri {
	var out []gosip.Uri
	for _, h := range msg.GetHeaders("record-route") {
		if r, ok := h.(*gosip.RecordRouteHeader); ok {
			out = append(out, *r.Address.Clone())
		}
	}
	return out
}

// answeredBy returns the early or confirmed dialog a response to our INVITE makes (RFC 3261 12.1.2).
func (p peer) answeredBy(res *gosip.Response) peer {
	p.remote.tag = toTag(res)
	if to := res.To(); to != nil {
		p.remote.uri, p.remote.name = to.Address, to.DisplayName
	}
	p.routes = recordRoutes(res)
	slices.Reverse(p.routes)
	p.refresh(res)
	return p
}

// request builds a request inside the dialog (RFC 3261 12.2.1.1) with a fresh branch.
func (p *peer) request(s *Stack, method gosip.RequestMethod, seq uint32) *gosip.Request {
	target, routes := p.target, p.routes
	if len(routes) > 0 {
		if _, loose := param(routes[0].UriParams, "lr"); !loose {
			// A strict router wants itself as Request-URI and the target as last Route.
			target, routes = routes[0], append(slices.Clone(routes[1:]), target)
		}
	}
	req := gosip.NewRequest(method, *target.Clone())
	req.AppendHeader(p.flow.via(branch()))
	for _, r := range routes {
		req.AppendHeader(gosip.NewHeader("Route", fmt.Sprintf("<%s>", r.String())))
	}
	forwards := gosip.MaxForwardsHeader(hops)
	req.AppendHeader(&forwards)
	req.AppendHeader(&gosip.FromHeader{DisplayName: p.local.name, Address: p.local.uri, Params: p.local.params()})
	req.AppendHeader(&gosip.ToHeader{DisplayName: p.remote.name, Address: p.remote.uri, Params: p.remote.params()})
	id := gosip.CallIDHeader(p.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&gosip.CSeqHeader{SeqNo: seq, MethodName: method})
	switch method {
	case gosip.INVITE, gosip.UPDATE, gosip.REFER, gosip.SUBSCRIBE, gosip.NOTIFY: // target refresh, RFC 3261 12.2.1.1
		req.AppendHeader(p.contact())
	}
	if method == gosip.INVITE || method == gosip.UPDATE {
		req.AppendHeader(gosip.NewHeader("Allow", s.allow))
		req.AppendHeader(gosip.NewHeader("Supported", "timer, replaces, norefersub"))
	}
	if method != gosip.ACK {
		req.AppendHeader(gosip.NewHeader("User-Agent", s.config.UserAgent))
	}
	req.SetBody(nil)
	p.auth.authorize(req)
	return req
}
