package sip

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// reliable is a provisional response of ours that waits for its PRACK (RFC 3262 3): sent again after T1, 2*T1, 4*T1 and
// so on for 64*T1, after which the INVITE is refused. One is on its way at a time, others wait.
//
//	caller ── INVITE (Supported or Require: 100rel) ──► us
//	caller ◄── 183 (Require: 100rel, RSeq, SDP) ────── us   Ring
//	caller ── PRACK (RAck) ──► us ── 200 ──►                from here UPDATE may change the session
//	caller ◄── 200 INVITE ───── us                          Answer, held back until the PRACK
type reliable struct {
	seq            uint32
	sdp            bool
	bytes          []byte
	interval       time.Duration
	resend, giveUp *timer
}

// maxProvisional bounds the reliable provisional responses that wait for the PRACK of the one before.
const maxProvisional = 16

// reliably says whether a provisional response is sent so: when the caller insists, and early media where it can.
func (d *Dialog) reliably(sdpBody []byte) bool {
	return requires(d.in.req, "100rel") || sdpBody != nil && supports(d.in.req, "100rel")
}

// ringReliably sends a provisional response with RSeq, or puts it behind one that is not acknowledged.
func (d *Dialog) ringReliably(code int, body []byte, headers []Header) {
	if d.in.unacked != nil {
		if len(d.in.waiting) < maxProvisional {
			d.in.waiting = append(d.in.waiting, func() { d.ringReliably(code, body, headers) })
		}
		return
	}
	if sdp(d.in.req) == nil {
		body = nil // an offer of ours here would be answered in the PRACK; ours goes into the 200
	}
	if d.in.rseq == 0 {
		d.in.rseq = rand.Uint32N(1 << 30)
	}
	d.in.rseq++
	r := &reliable{seq: d.in.rseq, sdp: body != nil, interval: d.s.timers.T1}
	headers = append([]Header{{"Require", "100rel"}, {"RSeq", strconv.FormatUint(uint64(r.seq), 10)}}, headers...)
	res := d.dialogResponse(d.in.req, code, "", body, headers...)
	r.bytes = []byte(res.String())
	if !d.in.tx.respond(res) {
		return
	}
	d.in.unacked = r
	r.resend = d.after(r.interval, func() { d.resendProvisional(r) })
	r.giveUp = d.after(64*d.s.timers.T1, d.noPRACK)
}

func (d *Dialog) resendProvisional(r *reliable) {
	_ = d.in.tx.flow.send(r.bytes) // noPRACK ends what never gets through
	r.interval *= 2
	r.resend = d.after(r.interval, func() { d.resendProvisional(r) })
}

// noPRACK refuses an INVITE whose caller acknowledges nothing (RFC 3262 3).
func (d *Dialog) noPRACK() {
	if d.state != early {
		return
	}
	d.respondInvite(504, "", nil)
	d.release()
	d.finish(Terminated{Reason: "no prack"}, false)
}

// receivePRACK acknowledges a provisional response of ours; an offer in it is theirs, as in an UPDATE.
func (d *Dialog) receivePRACK(req *gosip.Request, tx *serverTx) {
	r := d.in.unacked
	if r == nil || !rack(req, r.seq, d.in.req.CSeq().SeqNo) {
		d.respond(req, tx, 481, "")
		return
	}
	r.resend.stop()
	r.giveUp.stop()
	d.in.unacked = nil
	d.in.agreed = d.in.agreed || r.sdp
	switch body := sdp(req); {
	case body == nil:
		d.respond(req, tx, 200, "")
	case !d.in.agreed || d.state != early || d.their != nil:
		d.respond(req, tx, 488, "")
	default:
		d.takeOffer(&theirOffer{req: req, tx: tx, update: true})
	}
	for d.state == early && d.in.unacked == nil && len(d.in.waiting) > 0 {
		next := d.in.waiting[0]
		d.in.waiting = d.in.waiting[1:]
		next()
	}
	if d.in.unacked == nil && d.in.answer != nil {
		answer := d.in.answer
		d.in.answer = nil
		answer()
	}
}

// rack compares RAck with what we sent: RSeq, CSeq and method of the response.
func rack(req *gosip.Request, rseq, cseq uint32) bool {
	f := strings.Fields(value(req, "rack"))
	return len(f) == 3 && f[0] == strconv.FormatUint(uint64(rseq), 10) && f[1] == strconv.FormatUint(uint64(cseq), 10) && f[2] == "INVITE"
}

// acknowledge answers a reliable provisional response of theirs with PRACK (RFC 3262 4). False: it is not to be looked
// at, being a retransmission or out of order.
func (d *Dialog) acknowledge(res *gosip.Response) bool {
	tag := toTag(res)
	seq, err := strconv.ParseUint(strings.TrimSpace(value(res, "rseq")), 10, 32)
	if !requires(res, "100rel") || err != nil || tag == "" {
		return true // an ordinary one
	}
	last, heard := d.out.rseq[tag]
	if heard && uint32(seq) != last+1 {
		return false
	}
	d.out.rseq[tag] = uint32(seq)
	if sdp(res) != nil {
		d.out.agreed[tag] = true
	}
	p := d.out.first.answeredBy(res)
	d.s.ask(d.auth, d.post, p.flow,
		func() *gosip.Request {
			req := p.request(d.s, gosip.PRACK, d.nextSeq())
			addHeaders(req, []Header{{"RAck", fmt.Sprintf("%d %d INVITE", seq, d.out.req.CSeq().SeqNo)}})
			return req
		},
		func(*gosip.Response) {}, // a refused PRACK shows in what becomes of the INVITE
		func(error) {})
	return true
}

// agreedEarly says that offer and answer have been exchanged reliably before the call is answered, so that another
// exchange may follow (RFC 3311 5.1).
func (d *Dialog) agreedEarly() bool {
	if d.uas {
		return d.state == early && d.in.agreed
	}
	return d.state == early && d.out.agreed[d.remote.tag]
}
