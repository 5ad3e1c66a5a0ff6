package sip

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// InviteRequest is a call to be made.
type InviteRequest struct {
	// Target is the Request-URI: a Binding's Contact.
	Target gosip.Uri
	// Flow is the way to it: a Binding's. The zero Flow is found from Target, whose host must then be a literal address.
	Flow     Flow
	From, To Identity
	// Focus is the user part of our Contact where we are the focus of a conference; "" = we are none.
	Focus string
	// SDP is the offer; nil asks the other side for one (Answered brings it, Ack answers it).
	SDP []byte
	// Hops is how many hops lie behind the call that this one continues (RFC 7332): Max-Forwards is less by so many.
	Hops int
	// Headers are added to the INVITE.
	Headers []Header
	// Credentials answer challenges of this peer, in the whole dialog; nil answers none.
	Credentials *Credentials
	// AnswerTimeout overrides Config.AnswerTimeout when not 0.
	AnswerTimeout time.Duration
	// ReachTimeout is how long the first response of any kind may take before the call fails with 408, for who has another
	// server to try; 0 is as long as a transaction waits (32 s). An answer that still comes is ended.
	ReachTimeout time.Duration
}

// uacInvite is what a dialog we opened keeps of its INVITE.
type uacInvite struct {
	build       func() *gosip.Request // with the next CSeq
	req         *gosip.Request
	tx          *clientTx
	rounds      rounds
	first       peer               // before any response: forks start from it
	early       map[string]bool    // remote tags seen
	rseq        map[string]uint32  // by remote tag: of the last reliable provisional response
	agreed      map[string]bool    // by remote tag: it carried the answer to our offer
	acks        map[string]sentACK // by remote tag; empty: owed by Ack
	heard       bool               // a response of any kind came
	provisional bool
	cancel      bool // to be cancelled, at once or when a provisional response allows it (RFC 3261 9.1)
	cancelled   bool // CANCEL is out
	headers     []Header
	failure     Failed // what Failed will say when CANCEL has done its work
	ring        *timer
}

// sentACK is an ACK to a 2xx, kept because each retransmission of the 2xx asks for it again.
type sentACK struct {
	flow  Flow
	bytes []byte
}

func (a sentACK) send() {
	if a.bytes != nil {
		_ = a.flow.send(a.bytes) // lost: the next 2xx asks again
	}
}

// Invite sends an INVITE; it is called on the actor. It never blocks and calls nothing: what becomes of the call comes through notify on the
// actor. The error is about the request itself: no way to the target.
func (s *Stack) Invite(r InviteRequest, a Actor, notify func(Event)) (*Dialog, error) {
	f := r.Flow
	if !f.IsZero() {
		f = s.revive(f, r.Target)
	} else {
		var err error
		if f, err = s.flowTo(r.Target); err != nil {
			return nil, fmt.Errorf("invite %s: %w", r.Target.Addr(), err)
		}
	}
	d := &Dialog{s: s, notify: notify}
	d.inbox.actor = a
	d.callID = token(16)
	d.local = party{name: quoted(r.From.Name), tag: token(8), uri: gosip.Uri{
		Scheme: "sip", User: escapeUser(r.From.User), Host: or(cleanHost(r.From.Host), host(f.Local.Addr())),
	}}
	d.remote = party{name: quoted(r.To.Name), uri: gosip.Uri{
		Scheme: "sip", User: escapeUser(or(r.To.User, unescapeUser(r.Target.User))), Host: or(cleanHost(r.To.Host), r.Target.Host),
	}}
	d.target = *r.Target.Clone()
	d.target.Headers = nil
	d.source, d.flow = f, f
	d.focus = r.Focus
	d.display.who = r.From
	d.auth = newClientAuth(r.Credentials)
	d.out = uacInvite{first: d.peer, acks: make(map[string]sentACK)}
	d.out.build = func() *gosip.Request {
		req := d.peer.request(s, gosip.INVITE, d.nextSeq())
		*req.MaxForwards() = gosip.MaxForwardsHeader(max(0, hops-r.Hops))
		if r.SDP != nil { // else a reliable provisional response could carry an offer, before there is anybody to answer it
			addHeaders(req, []Header{{"Supported", "100rel"}})
		}
		d.askSession(req)
		addHeaders(req, r.Headers)
		setBody(req, sdpType, r.SDP)
		return req
	}
	if !s.enter(d) {
		return nil, fmt.Errorf("invite %s: stack closed", r.Target.Addr())
	}
	d.out.ring = d.after(or(r.AnswerTimeout, s.config.AnswerTimeout), d.unanswered)
	if r.ReachTimeout > 0 {
		d.after(r.ReachTimeout, d.unreached)
	}
	d.sendInvite()
	return d, nil
}

// unanswered gives up a phone that has rung for too long. Its owner hears of it at once: who is to be rung instead does not wait
// half a minute for a phone that has gone and answers no CANCEL.
func (d *Dialog) unanswered() {
	if d.state != early || d.out.cancel {
		return
	}
	d.giveUp(Failed{Code: 408, Reason: "No Answer"}, nil)
	d.finish(d.out.failure, false)
}

// unreached gives up a peer that has not said a word. Its transaction goes on by itself: a provisional response that still
// comes is answered with CANCEL, a 2xx with ACK and BYE.
func (d *Dialog) unreached() {
	if d.state != early || d.out.heard || d.out.cancel {
		return
	}
	d.out.cancel = true
	d.out.failure = Failed{Code: 408, Reason: "No Response"}
	d.release()
	d.finish(d.out.failure, false)
}

// sendInvite sends the INVITE, for the first time or again because of what the other side wants in it.
func (d *Dialog) sendInvite() {
	d.peer = d.out.first
	d.out.provisional = false
	d.out.early, d.out.rseq, d.out.agreed = make(map[string]bool), make(map[string]uint32), make(map[string]bool)
	d.out.req = d.out.build()
	d.session.ours = sdp(d.out.req)
	// The response may come before request returns; d.out.tx is set by then, because responses wait for the actor.
	d.out.tx = d.s.request(d.out.req, d.flow,
		func(res *gosip.Response) { d.post(func() { d.receiveResponse(res) }) },
		func(err error) { d.post(func() { d.inviteFailed(err) }) })
}

// cleanHost keeps only what a host may consist of.
func cleanHost(h string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x20 && r < 0x7f && !strings.ContainsRune(`<>"@;?,\`, r) {
			return r
		}
		return -1
	}, h)
}

// Cancel gives up a call that has not been answered. CANCEL is held back until a provisional response (RFC 3261 9.1);
// an answer that crosses it is acknowledged and ended with BYE. Failed follows, with 487 as a rule.
func (d *Dialog) Cancel(headers ...Header) {
	d.giveUp(Failed{Code: 487, Reason: phrase(487, "")}, headers)
}

func (d *Dialog) giveUp(why Failed, headers []Header) {
	if d.uas || d.state != early || d.out.cancel {
		return
	}
	d.out.cancel = true
	d.out.failure, d.out.headers = why, headers
	d.out.ring.stop()
	if d.out.provisional {
		d.sendCancel()
	}
}

// sendCancel sends CANCEL with the INVITE's branch (RFC 3261 9.1). If no final response comes of it within 64*T1 the
// call counts as failed; a 2xx that still comes later is acknowledged and ended.
func (d *Dialog) sendCancel() {
	if d.out.cancelled {
		return
	}
	d.out.cancelled = true
	d.s.cancelRequest(d.out.req, d.out.first.flow, d.out.headers)
	d.after(64*d.s.timers.T1, func() {
		tx := d.out.tx
		d.release()
		time.AfterFunc(64*d.s.timers.T1, tx.terminate) // until then it catches a late 2xx
		d.finish(d.out.failure, false)
	})
}

func (s *Stack) cancelRequest(invite *gosip.Request, f Flow, headers []Header) {
	req := gosip.NewRequest(gosip.CANCEL, *invite.Recipient.Clone())
	req.AppendHeader(gosip.HeaderClone(invite.Via()))
	for _, h := range invite.GetHeaders("route") {
		req.AppendHeader(gosip.HeaderClone(h))
	}
	forwards := gosip.MaxForwardsHeader(hops)
	req.AppendHeader(&forwards)
	req.AppendHeader(gosip.HeaderClone(invite.From()))
	req.AppendHeader(gosip.HeaderClone(invite.To()))
	req.AppendHeader(gosip.HeaderClone(invite.CallID()))
	req.AppendHeader(&gosip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: gosip.CANCEL})
	addHeaders(req, headers)
	req.AppendHeader(gosip.NewHeader("User-Agent", s.config.UserAgent))
	req.SetBody(nil)
	s.request(req, f, func(*gosip.Response) {}, func(error) {})
}

// receiveResponse is a response to our first INVITE, in network order.
func (d *Dialog) receiveResponse(res *gosip.Response) {
	d.out.heard = true
	switch code := res.StatusCode; {
	case code < 200:
		d.receiveProvisional(res)
	case code < 300:
		d.receive2xx(res)
	case d.state != early:
	case !d.out.cancel && d.auth.answers(res, &d.out.rounds):
		d.sendInvite()
	case !d.out.cancel && d.session.raise(res):
		d.sendInvite()
	default:
		d.release()
		d.finish(d.failed(res), false)
	}
}

func (d *Dialog) receiveProvisional(res *gosip.Response) {
	if d.state != early {
		if d.out.cancel && !d.out.cancelled {
			d.out.cancelled = true
			d.s.cancelRequest(d.out.req, d.out.first.flow, d.out.headers)
		}
		return
	}
	d.out.provisional = true
	if d.out.cancel {
		d.sendCancel()
		return
	}
	if res.StatusCode == 100 {
		return
	}
	if !d.acknowledge(res) {
		return
	}
	if tag := toTag(res); tag != "" {
		d.out.early[tag] = true
		d.peer = d.out.first.answeredBy(res)
	}
	body := sdp(res)
	d.session.theirs = orBytes(body, d.session.theirs)
	d.tell(Progress{Code: res.StatusCode, Reason: res.Reason, SDP: body})
}

// failed translates a final response of 300 and above; one that answers our CANCEL says what the CANCEL was for.
func (d *Dialog) failed(res *gosip.Response) Failed {
	if d.out.cancel && res.StatusCode == 487 {
		return d.out.failure
	}
	e := Failed{Code: res.StatusCode, Reason: res.Reason}
	if res.StatusCode < 400 {
		for _, c := range contacts(res) {
			e.Contacts = append(e.Contacts, c.Address.String())
		}
	}
	after, _, _ := cutAny(value(res, "retry-after"), " ;(")
	e.RetryAfter, _ = strconv.Atoi(after) // 0 when there is none
	e.RetryAfter = max(0, e.RetryAfter)
	return e
}

// cutAny cuts s at the first of the characters.
func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// inviteFailed is the end of the INVITE's transaction without a final response.
func (d *Dialog) inviteFailed(err error) {
	if d.state != early {
		return
	}
	d.release()
	switch {
	case d.out.cancel:
		d.finish(d.out.failure, false)
	case err == errTransport:
		d.finish(Failed{Code: 503, Reason: phrase(503, "")}, false)
	default:
		d.finish(Failed{Code: 408, Reason: phrase(408, "")}, false)
	}
}

// receive2xx is a 2xx to our INVITE. The first wins; retransmissions get the same ACK again; another branch of a fork
// gets ACK and BYE, and so does an answer to a call we have given up (RFC 3261 13.2.2.4).
func (d *Dialog) receive2xx(res *gosip.Response) {
	tag := toTag(res)
	if ack, seen := d.out.acks[tag]; seen {
		ack.send()
		return
	}
	p := d.out.first.answeredBy(res)
	if d.state != early || d.out.cancel {
		ack := sentACK{p.flow, []byte(p.request(d.s, gosip.ACK, d.out.req.CSeq().SeqNo).String())}
		d.out.acks[tag] = ack
		ack.send()
		d.s.bye(&p, d.out.req.CSeq().SeqNo+1, "", func() {})
		if d.state == early {
			d.release()
			d.finish(d.out.failure, false)
		}
		return
	}
	d.out.ring.stop()
	d.peer = p
	d.state = answered
	d.out.acks[tag] = sentACK{}
	body := sdp(res)
	d.session.theirs = orBytes(body, d.session.theirs)
	d.sessionGranted(res)
	if sdp(d.out.req) != nil {
		d.Ack(nil)
	}
	d.tell(Answered{SDP: body})
	d.nextOffer()
}

// Ack answers the offer that came in Answered or OfferAnswered, after an Invite or Reinvite without SDP. In every other
// case the dialog acknowledges by itself and Ack does nothing.
func (d *Dialog) Ack(answer []byte) {
	switch {
	case !d.uas && d.state == answered:
		ack := d.peer.request(d.s, gosip.ACK, d.out.req.CSeq().SeqNo)
		setBody(ack, sdpType, answer)
		d.session.ours = orBytes(answer, d.session.ours)
		sent := sentACK{d.flow, []byte(ack.String())}
		d.out.acks[d.remote.tag] = sent
		d.state = confirmed
		sent.send()
		d.nextOffer()
	case d.ours != nil && d.ours.owesACK:
		d.ackOffer(d.ours, answer)
		d.ours = nil
		d.nextOffer()
	}
}
