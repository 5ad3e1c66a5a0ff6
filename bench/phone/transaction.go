package phone

import (
	"time"

	"github.com/emiago/sipgo/sip"
)

// The timers of RFC 3261 section 17.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
	tB = 64 * t1
)

// clientTransaction is a request of ours until nobody can answer it any more. Owned by the actor.
type clientTransaction struct {
	request     *sip.Request
	destination string
	answer      func(*sip.Response) // every provisional, the final, again for each repeated 2xx of an INVITE; nil = timeout
	provisional bool
	final       bool
	interval    time.Duration
	retransmit  *time.Timer
	timeout     *time.Timer
}

// transact sends a request that carries its Via and waits for answers on the actor.
func (p *Phone) transact(request *sip.Request, destination string, answer func(*sip.Response)) *clientTransaction {
	t := &clientTransaction{request: request, destination: destination, answer: answer, interval: t1}
	key := clientKey(request)
	p.clients[key] = t
	p.send(request, destination)
	if p.cfg.Transport == "udp" {
		p.armRetransmit(t)
	}
	t.timeout = p.after(tB, func() {
		delete(p.clients, key)
		if !t.final && !(t.provisional && request.IsInvite()) {
			t.stop()
			t.answer(nil)
		}
	})
	return t
}

func (p *Phone) armRetransmit(t *clientTransaction) {
	t.retransmit = p.after(t.interval, func() {
		if t.final || t.provisional && t.request.IsInvite() {
			return
		}
		p.send(t.request, t.destination)
		t.interval *= 2
		if !t.request.IsInvite() {
			t.interval = min(t.interval, t2)
		}
		p.armRetransmit(t)
	})
}

func (t *clientTransaction) stop() {
	if t.retransmit != nil {
		t.retransmit.Stop()
	}
}

func (p *Phone) receiveResponse(response *sip.Response) {
	via, cseq := response.Via(), response.CSeq()
	if via == nil || cseq == nil {
		return
	}
	branch, _ := via.Params.Get("branch")
	t := p.clients[branch+" "+string(cseq.MethodName)]
	if t == nil {
		return
	}
	repeated := t.final
	switch {
	case response.IsProvisional():
		t.provisional = true
	default:
		t.final = true
		t.stop()
		if t.request.IsInvite() && !response.IsSuccess() {
			p.send(ackFailure(t.request, response), t.destination)
		}
	}
	if repeated && (!t.request.IsInvite() || !response.IsSuccess()) || repeated && response.IsProvisional() {
		return
	}
	t.answer(response)
}

// clientKey is what an answer to the request is known by.
func clientKey(request *sip.Request) string {
	branch, _ := request.Via().Params.Get("branch")
	return branch + " " + string(request.Method)
}

// ackFailure acknowledges a final answer other than 2xx (RFC 3261 section 17.1.1.3).
func ackFailure(invite *sip.Request, response *sip.Response) *sip.Request {
	ack := sip.NewRequest(sip.ACK, *invite.Recipient.Clone())
	ack.AppendHeader(invite.Via().Clone())
	sip.CopyHeaders("Route", invite, ack)
	sip.CopyHeaders("From", invite, ack)
	sip.CopyHeaders("To", response, ack)
	sip.CopyHeaders("Call-ID", invite, ack)
	ack.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.ACK})
	ack.AppendHeader(maxForwards())
	ack.SetBody(nil)
	return ack
}

// serverTransaction is a request of a peer and the last answer to it. Owned by the actor.
type serverTransaction struct {
	request  *sip.Request
	source   string
	last     *sip.Response
	acked    bool
	interval time.Duration
	resend   *time.Timer
	call     *Call // of an INVITE
}

// respond answers a request. Final answers to INVITE are repeated until they are acknowledged.
func (p *Phone) respond(t *serverTransaction, response *sip.Response) {
	t.last = response
	p.send(response, t.source)
	if !t.request.IsInvite() || response.IsProvisional() {
		return
	}
	t.interval = t1
	// Over TCP only a 2xx is repeated (RFC 3261 section 13.3.1.4).
	if p.cfg.Transport == "udp" || response.IsSuccess() {
		p.armResend(t, time.Now().Add(tB))
	}
}

func (p *Phone) armResend(t *serverTransaction, until time.Time) {
	t.resend = p.after(t.interval, func() {
		if t.acked {
			return
		}
		if time.Now().After(until) {
			if t.call != nil && t.last.IsSuccess() {
				p.log.Warn("answer was never acknowledged", "call_id", t.call.callID)
				t.call.hangup(nil)
			}
			return
		}
		p.send(t.last, t.source)
		t.interval = min(2*t.interval, t2)
		p.armResend(t, until)
	})
}

// acknowledge stops the repetition of an INVITE's final answer.
func (t *serverTransaction) acknowledge() {
	t.acked = true
	if t.resend != nil {
		t.resend.Stop()
	}
}

// serverKey is what a repeated request, its ACK and its CANCEL are known by.
func serverKey(request *sip.Request, method sip.RequestMethod) string {
	via := request.Via()
	branch, _ := via.Params.Get("branch")
	return branch + " " + via.SentBy() + " " + string(method)
}

func (p *Phone) receiveRequest(request *sip.Request, source string) {
	if request.Via() == nil || request.CSeq() == nil || request.CallID() == nil || request.From() == nil || request.To() == nil {
		return
	}
	switch request.Method {
	case sip.ACK:
		p.receiveAck(request)
		return
	case sip.CANCEL:
		p.receiveCancel(request, source)
		return
	}
	key := serverKey(request, request.Method)
	if t := p.servers[key]; t != nil {
		if t.last != nil && !t.acked {
			p.send(t.last, t.source)
		}
		return
	}
	t := &serverTransaction{request: request, source: source}
	p.servers[key] = t
	p.after(tB+t1, func() { delete(p.servers, key) })
	p.handle(t)
}

func (p *Phone) receiveAck(ack *sip.Request) {
	// The ACK of a failure is part of the INVITE's transaction, that of a 2xx of its dialog.
	if t := p.servers[serverKey(ack, sip.INVITE)]; t != nil {
		t.acknowledge()
		if t.last != nil && !t.last.IsSuccess() {
			return
		}
	}
	if c := p.calls[ack.CallID().Value()]; c != nil {
		c.receiveAck(ack)
	}
}

func (p *Phone) receiveCancel(cancel *sip.Request, source string) {
	t := p.servers[serverKey(cancel, sip.INVITE)]
	if t == nil {
		p.send(p.answerTo(cancel, 481), source)
		return
	}
	if t.call != nil {
		setTag(cancel.To(), t.call.localTag)
	}
	p.send(p.answerTo(cancel, sip.StatusOK), source)
	if t.call != nil && t == t.call.invite && (t.last == nil || t.last.IsProvisional()) {
		p.respond(t, p.answerTo(t.request, sip.StatusRequestTerminated))
		t.call.told(cancel)
		t.call.end(Status{State: Ended, Code: 487, Reason: "cancelled by the caller", ByPeer: true})
	}
}
