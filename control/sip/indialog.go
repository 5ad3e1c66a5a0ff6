package sip

import (
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// receiveRequest is a request inside the dialog other than ACK and CANCEL (RFC 3261 12.2.2).
func (d *Dialog) receiveRequest(req *gosip.Request, f Flow, tx *serverTx) {
	switch {
	case !d.from(fromTag(req)):
		d.respond(req, tx, 481, "")
		return
	case d.state == ended && req.Method == gosip.BYE: // it crossed ours
		d.respond(req, tx, 200, "")
		return
	case d.state == ended:
		d.respond(req, tx, 481, "")
		return
	}
	seq := req.CSeq().SeqNo
	if d.heardSeq && seq < d.remoteSeq {
		d.respond(req, tx, 500, "CSeq Out Of Order")
		return
	}
	d.remoteSeq, d.heardSeq = seq, true
	if f.link != d.source.link || f.Remote != d.source.Remote { // a NAT that rebound, a phone that connected again
		f.nat = d.source.nat
		d.peer.aim(f)
	}
	switch req.Method {
	case gosip.BYE:
		d.receiveBye(req, tx)
	case gosip.INVITE:
		d.receiveOffer(req, tx, false)
	case gosip.UPDATE:
		d.receiveUpdate(req, tx)
	case gosip.OPTIONS:
		d.respond(req, tx, 200, "", d.s.capabilities()...)
	case gosip.PRACK:
		d.receivePRACK(req, tx)
	case gosip.REGISTER, gosip.PUBLISH:
		d.respond(req, tx, 405, "", Header{"Allow", d.s.allow})
	default:
		d.surface(req, tx)
	}
}

// from checks the other side's tag; before an answer every early branch of a fork is the other side.
func (d *Dialog) from(tag string) bool {
	return tag == d.remote.tag || !d.uas && d.state == early && d.out.early[tag]
}

func (d *Dialog) respond(req *gosip.Request, tx *serverTx, code int, reason string, headers ...Header) {
	tx.respond(d.s.newResponse(req, code, reason, d.local.tag, headers...))
}

// receiveBye ends the dialog from the other side, whatever its state (RFC 3261 15.1.2). A caller may end an early
// dialog with it; a called phone may not, but some do: then the INVITE is given up. The 200 comes last: who has it
// may call again at once and must not meet what is left of this call.
func (d *Dialog) receiveBye(req *gosip.Request, tx *serverTx) {
	defer d.respond(req, tx, 200, "")
	if d.state == early && !d.uas {
		d.giveUp(Failed{Code: 487, Reason: "Terminated By Callee"}, nil)
		return
	}
	if d.state == early {
		d.respondInvite(487, "", nil)
	}
	d.answer487()
	d.stopAwait()
	d.release()
	d.finish(Terminated{Reason: "bye", Remote: true, Header: value(req, "reason")}, false)
}

// receiveUpdate is UPDATE (RFC 3311): with a body an offer, without one a sign of life and a new Contact.
func (d *Dialog) receiveUpdate(req *gosip.Request, tx *serverTx) {
	if d.state == early && !d.uas && fromTag(req) != d.remote.tag { // another branch of a fork, which may yet win
		d.respond(req, tx, 491, "")
		return
	}
	if sdp(req) != nil {
		d.receiveOffer(req, tx, true)
		return
	}
	d.peer.refresh(req)
	tx.respond(d.dialogResponse(req, 200, "", nil))
}

// surface hands a request to the owner; what the owner does not answer at once is answered here.
func (d *Dialog) surface(req *gosip.Request, tx *serverTx) {
	r := &Request{
		Method:      string(req.Method),
		ContentType: value(req, "content-type"),
		Body:        req.Body(),
		header:      func(name string) string { return value(req, name) },
		reply: func(code int, reason string, headers []Header) {
			if code < 200 || code > 699 {
				code = 500
			}
			d.respond(req, tx, code, reason, headers...)
		},
	}
	d.tell(r)
	switch req.Method {
	case gosip.INFO, gosip.NOTIFY:
		r.Reply(200, "")
	case gosip.MESSAGE: // a 200 would say that somebody reads it
		r.Reply(405, "", Header{"Allow", d.s.allow})
	default:
		r.Reply(501, "", Header{"Allow", d.s.allow})
	}
}

// Send sends a request inside the dialog: INFO, NOTIFY, MESSAGE, REFER, OPTIONS. done, if not nil, gets the final
// code on the actor: 408 when none came, 503 when it could not be sent. What the code means for the dialog is the
// owner's to say.
func (d *Dialog) Send(method, contentType string, body []byte, headers []Header, done func(code int)) {
	if done == nil {
		done = func(int) {}
	}
	m := gosip.RequestMethod(strings.ToUpper(method))
	if d.state == closing || d.state == ended || d.remote.tag == "" || !validToken(method) ||
		m == gosip.INVITE || m == gosip.ACK || m == gosip.CANCEL || m == gosip.BYE {
		d.post(func() { done(481) })
		return
	}
	d.flow = d.s.revive(d.flow, d.target)
	d.s.ask(d.auth, d.post, d.flow,
		func() *gosip.Request {
			req := d.peer.request(d.s, m, d.nextSeq())
			addHeaders(req, headers)
			setBody(req, contentType, body)
			return req
		},
		func(res *gosip.Response) {
			if res.StatusCode >= 200 {
				done(res.StatusCode)
			}
		},
		func(err error) {
			code := 408
			if err == errTransport {
				code = 503
			}
			done(code)
		})
}
