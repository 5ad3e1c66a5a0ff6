package sip

import (
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// Invite is an INVITE outside a dialog, given to Config.OnInvite, which answers it before it returns: with Reply, or
// by Accept, which makes a Dialog of it. Authenticate comes first.
type Invite struct {
	s        *Stack
	req      *gosip.Request
	flow     Flow
	tag      string
	answered bool
}

// receiveInvite hands a new INVITE to the owner of calls.
func (s *Stack) receiveInvite(req *gosip.Request, f Flow) {
	s.mu.Lock()
	late := s.cancels.take(requestKey(req, gosip.INVITE), time.Now())
	draining := s.draining
	s.mu.Unlock()
	in := &Invite{s: s, req: req, flow: f, tag: token(8)}
	switch {
	case late:
		in.Refuse(487, "")
	case draining:
		in.Refuse(503, "", Header{"Retry-After", "10"})
	case s.config.OnInvite == nil:
		in.Refuse(480, "")
	default:
		s.config.OnInvite(in)
		if !in.answered {
			in.Refuse(500, "")
		}
	}
}

// From is who calls, as the From header says; nobody has proved it before Authenticate.
func (in *Invite) From() Identity {
	h := in.req.From()
	return party{name: h.DisplayName, uri: h.Address}.identity()
}

// To is the To header; what was dialled is Target.
func (in *Invite) To() Identity {
	h := in.req.To()
	return party{name: h.DisplayName, uri: h.Address}.identity()
}

// Target is the Request-URI; its User, percent-encoding undone, is what was dialled. A tel URI's number is its User.
func (in *Invite) Target() gosip.Uri {
	u := *in.req.Recipient.Clone()
	if u.Scheme == "tel" {
		return gosip.Uri{Scheme: "tel", User: userOf(u)}
	}
	u.User = userOf(u)
	return u
}

// SDP is the offer, nil when the INVITE has none (the offer is then ours to make, in Answer).
func (in *Invite) SDP() []byte { return sdp(in.req) }

// Hops is how many lie behind it, as far as its Max-Forwards tells.
func (in *Invite) Hops() int {
	if m := in.req.MaxForwards(); m != nil {
		return max(0, hops-int(m.Val()))
	}
	return 0
}

// CallID is the Call-ID.
func (in *Invite) CallID() string { return callID(in.req) }

// Flow is where the INVITE came from.
func (in *Invite) Flow() Flow { return in.flow }

// Header returns the first header of that name, long or compact form, or "".
func (in *Invite) Header(name string) string { return value(in.req, name) }

// Headers returns all headers of that name.
func (in *Invite) Headers(name string) []string { return values(in.req, name) }

// Reply rejects the INVITE with a final response of 300 and above; anything else becomes 480. Only the first answer counts.
func (in *Invite) Reply(code int, reason string, headers ...Header) {
	if in.answered {
		return
	}
	in.answered = true
	if code < 300 || code > 699 {
		code, reason = 480, ""
	}
	if tx, created := in.s.newServerTx(in.req, in.flow, in.tag); created {
		tx.respond(in.s.newResponse(in.req, code, reason, in.tag, headers...))
	}
}

// Refuse is Reply to who has proved nothing: one response for each request, and nothing kept.
func (in *Invite) Refuse(code int, reason string, headers ...Header) {
	if !in.answered {
		in.answered = true
		in.s.stateless(in.req, in.flow, code, reason, headers...)
	}
}

// Accept takes the call: 100 Trying is sent, the transaction begins, and everything else about it comes through notify
// on the actor, which may be running other things at this moment. nil when the INVITE has been answered or the stack
// is closed.
func (in *Invite) Accept(a Actor, notify func(Event)) *Dialog {
	if in.answered {
		return nil
	}
	in.answered = true
	req := in.req
	tx, created := in.s.newServerTx(req, in.flow, in.tag)
	if !created {
		return nil
	}
	from, to := req.From(), req.To()
	d := &Dialog{s: in.s, uas: true, notify: notify}
	d.inbox.actor = a
	d.callID = callID(req)
	d.local = party{name: to.DisplayName, uri: to.Address, tag: in.tag}
	d.remote = party{name: from.DisplayName, uri: from.Address, tag: fromTag(req)}
	d.local.uri.Headers, d.remote.uri.Headers = nil, nil
	d.routes = recordRoutes(req)
	d.target = gosip.Uri{Scheme: "sip", User: from.Address.User, Host: host(in.flow.Remote.Addr()), Port: int(in.flow.Remote.Port())}
	d.source = in.flow
	d.refresh(req)
	d.remoteSeq, d.heardSeq = req.CSeq().SeqNo, true
	d.in = uasInvite{req: req, tx: tx}
	d.session.theirs = sdp(req)
	if !in.s.enter(d) {
		tx.terminate()
		return nil
	}
	tx.onCancel(func(cancel *gosip.Request) { d.post(func() { d.receiveCancel(cancel) }) })
	tx.respond(in.s.newResponse(req, 100, "", ""))
	if wait := inviteExpires(req); wait > 0 {
		d.post(func() { // timers are the actor's
			if d.state == early {
				d.after(wait, d.expire)
			}
		})
	}
	return d
}
