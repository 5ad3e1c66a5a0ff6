package sip

import (
	"math/rand/v2"
	"strconv"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// offerGuard ends a re-INVITE that is neither answered nor refused.
const offerGuard = time.Minute

// ourOffer is a Reinvite, from the call of it to its final response.
type ourOffer struct {
	sdp     []byte
	req     *gosip.Request
	refresh bool // of the session timer: nobody has asked for it
	running bool // on the wire; false: waits for its turn, or for its retry after 491
	owesACK bool // answered with an offer, which Ack is to answer
	ack     []byte
	guard   *timer
	retry   *timer
}

// theirOffer is a re-INVITE or UPDATE of the other side without a final response.
type theirOffer struct {
	req    *gosip.Request
	tx     *serverTx
	update bool // or PRACK: answered by a 2xx without ACK
}

// Reinvite offers a new session description (RFC 3261 14.1); nil asks the other side for an offer. It waits for its
// turn behind transactions that are running in either direction. OfferAnswered or OfferFailed comes for each.
func (d *Dialog) Reinvite(sdp []byte) {
	if d.state == closing || d.state == ended {
		return
	}
	d.queue = append(d.queue, &ourOffer{sdp: sdp})
	d.nextOffer()
}

// nextOffer sends the next queued offer if no INVITE is running either way (RFC 3261 14.1).
func (d *Dialog) nextOffer() {
	if d.state != confirmed || d.ours != nil || d.their != nil || d.await != nil {
		return
	}
	if len(d.queue) == 0 {
		d.announce()
		return
	}
	d.ours = d.queue[0]
	d.queue = d.queue[1:]
	d.sendOffer(d.ours)
}

func (d *Dialog) sendOffer(o *ourOffer) {
	d.flow = d.s.revive(d.flow, d.target)
	d.session.ours = orBytes(o.sdp, d.session.ours)
	o.running = true
	o.guard = d.after(offerGuard, func() { d.offerUnanswered(o) })
	d.s.ask(d.auth, d.post, d.flow,
		func() *gosip.Request {
			o.req = d.peer.request(d.s, gosip.INVITE, d.nextSeq())
			d.askSession(o.req)
			d.assert(o.req, true)
			setBody(o.req, sdpType, o.sdp)
			return o.req
		},
		func(res *gosip.Response) { d.receiveOfferResponse(o, res) },
		func(error) { d.offerUnanswered(o) })
}

// receiveOfferResponse is a response to our re-INVITE.
func (d *Dialog) receiveOfferResponse(o *ourOffer, res *gosip.Response) {
	code := res.StatusCode
	switch {
	case code < 200:
		return
	case code < 300:
		d.offerAnswered(o, res)
		return
	case d.ours != o || d.state == ended:
		return
	}
	o.running = false
	o.guard.stop()
	if code == 491 {
		o.retry = d.after(d.glareWait(), func() {
			if d.ours == o && d.state == confirmed {
				d.retryOffer(o)
			}
		})
		return
	}
	if d.session.raise(res) {
		d.sendOffer(o)
		return
	}
	d.ours = nil
	if !o.refresh {
		d.tell(OfferFailed{Code: code})
	}
	if (code == 481 || code == 408) && d.state != ended { // RFC 3261 12.2.1.2: the dialog is gone over there
		d.lost("timeout")
		return
	}
	d.nextOffer()
}

// retryOffer sends an offer again after 491, once the other side's own is through.
func (d *Dialog) retryOffer(o *ourOffer) {
	o.retry = nil
	if d.their != nil || d.await != nil {
		d.ours = nil
		d.queue = append([]*ourOffer{o}, d.queue...)
		return
	}
	d.sendOffer(o)
}

// glareWait is how long to wait after 491 (RFC 3261 14.1): the owner of the Call-ID 2.1 to 4 s, the other side up to
// 2 s, in steps of 10 ms. Scaled with T1 so that tests with short timers stay short.
func (d *Dialog) glareWait() time.Duration {
	step := d.s.timers.T1 / 50
	if d.uas {
		return step * time.Duration(rand.IntN(201))
	}
	return step * time.Duration(210+rand.IntN(191))
}

// offerAnswered is a 2xx to our re-INVITE, new or retransmitted. Even after the dialog's end it is acknowledged.
func (d *Dialog) offerAnswered(o *ourOffer, res *gosip.Response) {
	if o.ack != nil {
		_ = d.flow.send(o.ack)
		return
	}
	if o.owesACK {
		return
	}
	if d.ours != o || d.state == ended {
		d.ackOffer(o, nil)
		return
	}
	o.running = false
	o.guard.stop()
	d.peer.refresh(res)
	d.sessionGranted(res)
	if o.sdp == nil {
		o.owesACK = true
		d.tell(OfferAnswered{SDP: sdp(res)})
		return
	}
	d.ackOffer(o, nil)
	d.ours = nil
	if o.refresh {
		d.refreshed(o, sdp(res))
	} else {
		d.session.theirs = orBytes(sdp(res), d.session.theirs)
		d.tell(OfferAnswered{SDP: sdp(res)})
	}
	d.nextOffer()
}

func (d *Dialog) ackOffer(o *ourOffer, answer []byte) {
	ack := d.peer.request(d.s, gosip.ACK, o.req.CSeq().SeqNo)
	setBody(ack, sdpType, answer)
	o.owesACK = false
	o.ack = []byte(ack.String())
	_ = d.flow.send(o.ack) // asked for again by the next 2xx
}

// offerUnanswered is a re-INVITE without final response: the other side is gone.
func (d *Dialog) offerUnanswered(o *ourOffer) {
	if d.ours != o || !o.running || d.state == ended {
		return
	}
	o.guard.stop()
	d.ours = nil
	if !o.refresh {
		d.tell(OfferFailed{Code: 408})
	}
	d.lost("timeout")
}

// lost ends a dialog the other side does not know or answer any more.
func (d *Dialog) lost(why string) {
	if d.state == ended || d.state == closing {
		return
	}
	d.answer487()
	d.stopAwait()
	d.sendBye("")
	d.finish(Terminated{Reason: why}, false)
}

// receiveOffer is their re-INVITE, or their UPDATE with a session description.
func (d *Dialog) receiveOffer(req *gosip.Request, tx *serverTx, update bool) {
	soon := update && d.their == nil && d.agreedEarly()
	if d.ours != nil && (d.ours.running || d.ours.owesACK) || !d.uas && d.state < confirmed && !soon {
		d.respond(req, tx, 491, "")
		return
	}
	// Before the first INVITE is answered, or while an earlier offer of theirs is (RFC 3261 14.2, RFC 3311 5.2).
	if d.their != nil || d.state == early && !soon {
		d.respond(req, tx, 500, "", Header{"Retry-After", strconv.Itoa(rand.IntN(11))})
		return
	}
	if w := d.await; w != nil {
		if w.lateOffer {
			d.respond(req, tx, 491, "") // their answer to our offer is still on its way
			return
		}
		d.acknowledged(nil) // who sends a new request has seen our 2xx: its ACK was lost or overtaken
		if d.state != confirmed {
			d.respond(req, tx, 487, "")
			return
		}
	}
	if d.state != confirmed && !soon {
		d.respond(req, tx, 481, "")
		return
	}
	d.peer.refresh(req)
	if !update {
		tx.respond(d.s.newResponse(req, 100, "", "")) // the answer may have to wait for the other leg
	}
	d.takeOffer(&theirOffer{req: req, tx: tx, update: update})
}

func (d *Dialog) takeOffer(o *theirOffer) {
	d.their = o
	d.session.theirs = orBytes(sdp(o.req), d.session.theirs)
	d.tell(Offer{SDP: sdp(o.req), Update: o.update})
}

// AcceptOffer answers the other side's Offer with 200 and the answer (or, when it had no SDP, with our offer). Offers
// of ours that waited behind it are stale now and fail with 491; the owner makes new ones.
func (d *Dialog) AcceptOffer(sdp []byte) {
	o := d.their
	if o == nil {
		return
	}
	d.their = nil
	d.session.ours = orBytes(sdp, d.session.ours)
	res := d.dialogResponse(o.req, 200, "", sdp)
	if o.tx.respond(res) && !o.update {
		d.awaitACK(o.req, res, o.tx.flow)
	}
	if d.ours != nil && !d.ours.running && !d.ours.owesACK {
		d.ours.retry.stop()
		d.queue = append([]*ourOffer{d.ours}, d.queue...)
		d.ours = nil
	}
	for _, o := range d.queue {
		if !o.refresh { // what they sent has refreshed the session
			d.post(func() { d.tell(OfferFailed{Code: 491}) })
		}
	}
	d.queue = nil
}

// RejectOffer refuses the other side's Offer, with 488 unless code says otherwise; the session stands as before.
func (d *Dialog) RejectOffer(code int) {
	o := d.their
	if o == nil {
		return
	}
	if code < 300 || code > 699 {
		code = 488
	}
	d.their = nil
	d.respond(o.req, o.tx, code, "")
	d.nextOffer()
}

// offerCancelled is a CANCEL of their re-INVITE.
func (d *Dialog) offerCancelled(tx *serverTx) {
	if d.their == nil || d.their.tx != tx {
		return
	}
	d.answer487()
	d.tell(OfferCancelled{})
	d.nextOffer()
}

// answer487 answers what of theirs is still open when the dialog ends (RFC 3261 15.1.2).
func (d *Dialog) answer487() {
	if o := d.their; o != nil {
		d.their = nil
		d.respond(o.req, o.tx, 487, "")
	}
}
