package sip

import (
	"strconv"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// provisionalRefresh repeats a provisional response so that proxies on the way do not give up (RFC 3261 13.3.1.1).
const provisionalRefresh = time.Minute

// uasInvite is what a dialog they opened keeps of its INVITE.
type uasInvite struct {
	req     *gosip.Request
	tx      *serverTx
	refresh *timer

	rseq    uint32    // of the last reliable provisional response
	unacked *reliable // it, until its PRACK
	waiting []func()  // those behind it
	answer  func()    // Answer, held back by unacked
	agreed  bool      // a PRACK has acknowledged our answer to their offer
}

// ackWait is a 2xx of ours to an INVITE that has not been acknowledged. The transaction does not retransmit it, the
// dialog does: T1, doubling to T2, on every transport, until the ACK or for 64*T1 (RFC 3261 13.3.1.4).
type ackWait struct {
	seq       uint32
	bytes     []byte
	flow      Flow
	interval  time.Duration
	resend    *timer
	giveUp    *timer
	lateOffer bool   // the answer comes in the ACK
	bye       string // Reason header for the BYE that waits for the ACK
}

// Ring sends a provisional response: 180, 183 (with SDP for early media), 181, 182.
func (d *Dialog) Ring(code int, sdp []byte, headers ...Header) {
	if !d.uas || d.state != early || code <= 100 || code >= 200 {
		return
	}
	d.in.refresh.stop()
	if d.reliably(sdp) {
		d.ringReliably(code, sdp, headers)
	} else {
		d.respondInvite(code, "", sdp, headers...)
	}
	d.session.ours = orBytes(sdp, d.session.ours)
	d.in.refresh = d.after(provisionalRefresh, func() { d.Ring(code, sdp, headers...) })
}

// Answer sends 200 with the answer, or with an offer when the INVITE had none (the answer comes in Acked).
func (d *Dialog) Answer(sdp []byte, headers ...Header) {
	if !d.uas || d.state != early {
		return
	}
	d.in.refresh.stop()
	if r := d.in.unacked; r != nil && (r.sdp || len(d.in.waiting) > 0) { // RFC 3262 3: no 2xx before that PRACK
		d.in.answer = func() { d.Answer(sdp, headers...) }
		return
	} else if r != nil {
		r.resend.stop()
		r.giveUp.stop()
	}
	d.session.ours = orBytes(sdp, d.session.ours)
	req := d.in.req
	res := d.dialogResponse(req, 200, "", sdp, headers...)
	if !d.in.tx.respond(res) {
		return
	}
	d.state = answered
	d.awaitACK(req, res, d.in.tx.flow)
}

// Reject answers the INVITE with a final response of 300 and above (anything else becomes 480). Terminated follows.
func (d *Dialog) Reject(code int, reason string, headers ...Header) {
	if !d.uas || d.state != early {
		return
	}
	if code < 300 || code > 699 {
		code, reason = 480, ""
	}
	d.respondInvite(code, reason, nil, headers...)
	d.release()
	d.finish(Terminated{Reason: "rejected"}, true)
}

func (d *Dialog) respondInvite(code int, reason string, sdp []byte, headers ...Header) {
	d.in.tx.respond(d.dialogResponse(d.in.req, code, reason, sdp, headers...))
}

// dialogResponse builds a response to INVITE or UPDATE with our tag; those that make or keep a dialog carry Contact.
func (d *Dialog) dialogResponse(req *gosip.Request, code int, reason string, body []byte, headers ...Header) *gosip.Response {
	res := d.s.newResponse(req, code, reason, d.local.tag, headers...)
	if code > 100 && code < 300 {
		res.AppendHeader(d.contact())
		res.AppendHeader(gosip.NewHeader("Allow", d.s.allow))
		d.assert(res, code >= 200 && req.Method != gosip.PRACK)
		if code >= 200 && req.Method != gosip.PRACK {
			res.AppendHeader(gosip.NewHeader("Supported", supported))
			addHeaders(res, d.grantSession(req))
		}
	}
	setBody(res, sdpType, body)
	return res
}

// awaitACK starts the 2xx's own retransmission.
func (d *Dialog) awaitACK(req *gosip.Request, res *gosip.Response, f Flow) {
	w := &ackWait{
		seq: req.CSeq().SeqNo, bytes: []byte(res.String()), flow: f, interval: d.s.timers.T1,
		lateOffer: sdp(req) == nil,
	}
	d.await = w
	w.resend = d.after(w.interval, func() { d.resend2xx(w) })
	w.giveUp = d.after(64*d.s.timers.T1, func() { d.noACK(w) })
}

func (d *Dialog) resend2xx(w *ackWait) {
	if d.await != w {
		return
	}
	_ = w.flow.send(w.bytes) // noACK ends what never gets through
	w.interval = min(2*w.interval, d.s.timers.T2)
	w.resend = d.after(w.interval, func() { d.resend2xx(w) })
}

// noACK ends a call whose 2xx was never acknowledged, with BYE (RFC 3261 13.3.1.4).
func (d *Dialog) noACK(w *ackWait) {
	if d.await != w {
		return
	}
	d.stopAwait()
	d.answer487()
	d.sendBye(w.bye)
	d.finish(Terminated{Reason: "no ack"}, false)
}

func (d *Dialog) stopAwait() {
	if w := d.await; w != nil {
		w.resend.stop()
		w.giveUp.stop()
		d.await = nil
	}
}

// receiveACK is an ACK to a 2xx; only the first one for a 2xx says anything.
func (d *Dialog) receiveACK(req *gosip.Request, _ Flow) {
	w := d.await
	if w == nil || req.CSeq().SeqNo != w.seq || fromTag(req) != d.remote.tag {
		return
	}
	d.acknowledged(sdp(req))
}

func (d *Dialog) acknowledged(answer []byte) {
	w := d.await
	d.stopAwait()
	if d.state == closing {
		d.sendBye(w.bye)
		return
	}
	if !w.lateOffer {
		answer = nil
	}
	d.state = confirmed
	d.session.theirs = orBytes(answer, d.session.theirs)
	d.tell(Acked{SDP: answer})
	d.nextOffer()
}

// receiveCancel is a CANCEL of the INVITE, answered already; it means nothing once a final response was sent.
func (d *Dialog) receiveCancel(req *gosip.Request) {
	if d.state != early {
		return
	}
	d.respondInvite(487, "", nil)
	d.release()
	d.finish(Cancelled{Reason: value(req, "reason")}, false)
}

// expire is the INVITE's own Expires running out (RFC 3261 13.3.1).
func (d *Dialog) expire() {
	if d.state != early {
		return
	}
	d.respondInvite(487, "", nil)
	d.release()
	d.finish(Cancelled{Reason: "expired"}, false)
}

// inviteExpires returns the INVITE's Expires, 0 when it has none that makes sense.
func inviteExpires(req *gosip.Request) time.Duration {
	n, err := strconv.ParseUint(value(req, "expires"), 10, 32)
	if err != nil || n > 24*3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
