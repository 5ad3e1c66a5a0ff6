package sip

import (
	"errors"
	"strings"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

var (
	errTimeout   = errors.New("no final response")
	errTransport = errors.New("transport failed")
)

// clientTx is a client transaction (RFC 3261 17.1, RFC 6026 7.2). It retransmits the request, acknowledges 300+
// responses to INVITE, and hands every other response up once: provisional ones as they come, one final, and each 2xx
// to an INVITE (forks and retransmissions are the user's to tell apart).
// Safe from any goroutine; respond and fail are called without mu, respond in network order.
type clientTx struct {
	s       *Stack
	key     string
	req     *gosip.Request // never changed once started
	bytes   []byte
	flow    Flow
	invite  bool
	respond func(res *gosip.Response)
	fail    func(err error) // errTimeout, errTransport: no response will come any more

	mu       sync.Mutex // guards the following
	state    txState
	interval time.Duration
	ack      []byte
	resend   *time.Timer // A, E
	end      *time.Timer // B, F, D, K, M
	unwatch  func()
}

// responseKey matches a response with its transaction (RFC 3261 17.1.3); "" when it cannot be ours.
func responseKey(res *gosip.Response) string {
	via, cseq := res.Via(), res.CSeq()
	if via == nil || cseq == nil {
		return ""
	}
	b, _ := param(via.Params, "branch")
	if !strings.HasPrefix(b, gosip.RFC3261BranchMagicCookie) {
		return ""
	}
	return b + "|" + strings.TrimSpace(string(cseq.MethodName))
}

// request sends a request and runs its transaction. The request must carry our Via with a fresh branch (CANCEL: its
// INVITE's). Never blocks; a request that cannot be sent fails later, through fail.
func (s *Stack) request(req *gosip.Request, f Flow, respond func(*gosip.Response), fail func(error)) *clientTx {
	b, _ := param(req.Via().Params, "branch")
	tx := &clientTx{
		s: s, key: b + "|" + string(req.Method), req: req, bytes: []byte(req.String()), flow: f,
		invite: req.Method == gosip.INVITE, respond: respond, fail: fail,
	}
	s.met(f)
	s.mu.Lock()
	s.clients[tx.key] = tx
	closed := s.closed
	s.mu.Unlock()
	if closed {
		tx.terminate()
		time.AfterFunc(0, func() { fail(errTransport) })
		return tx
	}
	tx.mu.Lock()
	if !f.Reliable() {
		tx.interval = s.timers.T1
		tx.resend = time.AfterFunc(tx.interval, tx.again) // A, E
	}
	tx.end = time.AfterFunc(64*s.timers.T1, tx.expired) // B, F
	tx.mu.Unlock()
	if err := f.send(tx.bytes); err != nil {
		s.limit.warn("request not sent", "peer", f.Remote, "err", err)
		time.AfterFunc(0, tx.broken) // later: who asked does not hear of it in the middle of asking
		return tx
	}
	cancel := func() {}
	if f.link != nil {
		cancel = f.link.watch(tx.broken)
	}
	tx.mu.Lock()
	tx.unwatch = cancel
	over := tx.state == txTerminated
	tx.mu.Unlock()
	if over {
		cancel()
	}
	return tx
}

// again is timers A (doubling) and E (doubling to T2; T2 once something was heard).
func (tx *clientTx) again() {
	tx.mu.Lock()
	if tx.state != txTrying && (tx.invite || tx.state != txProceeding) {
		tx.mu.Unlock()
		return
	}
	tx.interval *= 2
	if !tx.invite && (tx.interval > tx.s.timers.T2 || tx.state == txProceeding) {
		tx.interval = tx.s.timers.T2
	}
	tx.resend.Reset(tx.interval)
	tx.mu.Unlock()
	_ = tx.flow.send(tx.bytes) // timers B and F end what never gets through
}

// receive takes a response off the network, on the reading goroutine.
func (tx *clientTx) receive(res *gosip.Response) {
	t := tx.s.timers
	reliable := tx.flow.Reliable()
	tx.mu.Lock()
	var ack []byte
	up, done := false, false
	switch code := res.StatusCode; {
	case tx.state == txTerminated:
	case code < 200:
		if up = tx.state <= txProceeding; up {
			if tx.invite && tx.state == txTrying {
				tx.stop() // A and B: how long it may ring is the dialog's matter
			}
			tx.state = txProceeding
		}
	case tx.invite && code < 300:
		if up = tx.state <= txAccepted; up && tx.state != txAccepted {
			tx.stop()
			tx.state = txAccepted
			tx.end = time.AfterFunc(64*t.T1, tx.terminate) // M
		}
	case tx.invite:
		switch tx.state {
		case txTrying, txProceeding:
			up = true
			tx.stop()
			tx.state = txCompleted
			tx.ack = []byte(ackFor(tx.req, res).String())
			ack = tx.ack
			if done = reliable; !done {
				tx.end = time.AfterFunc(64*t.T1, tx.terminate) // D
			}
		case txCompleted:
			ack = tx.ack
		}
	default:
		if up = tx.state <= txProceeding; up {
			tx.stop()
			tx.state = txCompleted
			if done = reliable; !done {
				tx.end = time.AfterFunc(t.T4, tx.terminate) // K
			}
		}
	}
	tx.mu.Unlock()
	if ack != nil {
		_ = tx.flow.send(ack) // sent again for each retransmission of the response
	}
	if up {
		tx.respond(res)
	}
	if done {
		tx.terminate()
	}
}

// ackFor builds the ACK to a 300+ response: same branch, To of the response (RFC 3261 17.1.1.3).
func ackFor(req *gosip.Request, res *gosip.Response) *gosip.Request {
	ack := gosip.NewRequest(gosip.ACK, *req.Recipient.Clone())
	ack.AppendHeader(gosip.HeaderClone(req.Via()))
	for _, h := range req.GetHeaders("route") {
		ack.AppendHeader(gosip.HeaderClone(h))
	}
	forwards := gosip.MaxForwardsHeader(hops)
	ack.AppendHeader(&forwards)
	ack.AppendHeader(gosip.HeaderClone(req.From()))
	if to := res.To(); to != nil {
		ack.AppendHeader(gosip.HeaderClone(to))
	} else {
		ack.AppendHeader(gosip.HeaderClone(req.To()))
	}
	ack.AppendHeader(gosip.HeaderClone(req.CallID()))
	ack.AppendHeader(&gosip.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: gosip.ACK})
	ack.SetBody(nil)
	return ack
}

// expired is timers B and F.
func (tx *clientTx) expired() {
	tx.mu.Lock()
	waiting := tx.state == txTrying || !tx.invite && tx.state == txProceeding
	tx.mu.Unlock()
	if waiting {
		tx.terminate()
		tx.fail(errTimeout)
	}
}

// broken is the end of the connection under a transaction still waiting (RFC 3261 17.1.4).
func (tx *clientTx) broken() {
	tx.mu.Lock()
	waiting := tx.state <= txProceeding
	tx.mu.Unlock()
	if waiting {
		tx.terminate()
		tx.fail(errTransport)
	}
}

// waiting says that the request has had no final response yet.
func (tx *clientTx) waiting() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.state <= txProceeding
}

// stop stops the timers; mu is held.
func (tx *clientTx) stop() {
	if tx.resend != nil {
		tx.resend.Stop()
	}
	if tx.end != nil {
		tx.end.Stop()
	}
}

// terminate takes the transaction out of the table. Idempotent.
func (tx *clientTx) terminate() {
	tx.mu.Lock()
	tx.stop()
	tx.state = txTerminated
	unwatch := tx.unwatch
	tx.mu.Unlock()
	if unwatch != nil {
		unwatch()
	}
	s := tx.s
	s.mu.Lock()
	if s.clients[tx.key] == tx {
		delete(s.clients, tx.key)
	}
	s.mu.Unlock()
}
