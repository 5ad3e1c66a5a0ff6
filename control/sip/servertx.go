package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// txState is a state of the machines of RFC 3261 17 with RFC 6026's Accepted.
type txState uint8

const (
	txTrying     txState = iota // server: nothing sent; client: Calling, Trying
	txProceeding                // a provisional response passed
	txAccepted                  // INVITE: 2xx passed, retransmissions are the user's
	txCompleted                 // final response passed
	txConfirmed                 // server INVITE: ACK to 300+ seen
	txTerminated
)

// serverTx is a server transaction (RFC 3261 17.2, RFC 6026 7.1). It absorbs retransmitted requests, retransmits
// 300+ responses to INVITE until ACK, and holds no more than the bytes of its last response.
// Safe from any goroutine; nothing is called with mu held.
type serverTx struct {
	s      *Stack
	key    string
	merge  string // RFC 3261 8.2.2.2, "" inside dialogs
	flow   Flow   // to where responses go
	invite bool

	mu        sync.Mutex // guards the following
	state     txState
	last      []byte
	interval  time.Duration
	resend    *time.Timer              // G
	end       *time.Timer              // H, I, J, L
	cancelled func(req *gosip.Request) // who hears of CANCEL; INVITE only
	tag       string                   // To tag of every response, for CANCEL's 200
}

// requestKey matches a request with its transaction (RFC 3261 17.2.3); method overrides the request's own, so that
// ACK and CANCEL find their INVITE.
func requestKey(req *gosip.Request, method gosip.RequestMethod) string {
	via := req.Via()
	if b, _ := param(via.Params, "branch"); strings.HasPrefix(b, gosip.RFC3261BranchMagicCookie) && len(b) > 7 {
		return fmt.Sprintf("%s|%s|%d|%s", b, strings.ToLower(via.Host), via.Port, method)
	}
	// A peer of RFC 2543: To's tag is left out, ACK carries one that the INVITE did not.
	return fmt.Sprintf("2543|%s|%s|%d|%s|%s|%s", req.Recipient.String(), fromTag(req), req.CSeq().SeqNo, callID(req), via.Value(), method)
}

// mergeKey finds an INVITE that reached us twice over different paths (RFC 3261 8.2.2.2).
func mergeKey(req *gosip.Request) string {
	return fmt.Sprintf("%s|%s|%d", callID(req), fromTag(req), req.CSeq().SeqNo)
}

// respondTo says where responses to a request go: down its connection, or to its source, to the port its Via names
// when it did not ask for rport (RFC 3261 18.2.2, RFC 3581 4).
func respondTo(req *gosip.Request, f Flow) Flow {
	if f.Reliable() {
		return f
	}
	via := req.Via()
	if _, ok := param(via.Params, "rport"); ok {
		return f
	}
	port := via.Port
	if port <= 0 || port > 65535 {
		port = 5060
	}
	return f.to(netip.AddrPortFrom(f.Remote.Addr(), uint16(port)))
}

// newServerTx enters a transaction for the request into the table. created is false when there is one already, which
// is returned instead. Only requests of peers that are no strangers get one: it answers more than it is asked, and keeps memory.
func (s *Stack) newServerTx(req *gosip.Request, f Flow, tag string) (tx *serverTx, created bool) {
	tx = &serverTx{
		s:      s,
		key:    requestKey(req, req.Method),
		flow:   respondTo(req, f),
		invite: req.Method == gosip.INVITE,
		tag:    tag,
	}
	if tx.invite && toTag(req) == "" {
		tx.merge = mergeKey(req)
	}
	s.met(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.servers[tx.key]; old != nil {
		return old, false
	}
	s.servers[tx.key] = tx
	if tx.merge != "" {
		s.merges[tx.merge] = tx
	}
	return tx, true
}

func (s *Stack) serverTx(key string) *serverTx {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.servers[key]
}

// onCancel names who hears of a CANCEL; it is called on the reading goroutine, at most once per CANCEL received.
func (tx *serverTx) onCancel(f func(req *gosip.Request)) {
	tx.mu.Lock()
	tx.cancelled = f
	tx.mu.Unlock()
}

// cancel passes a CANCEL up.
func (tx *serverTx) cancel(req *gosip.Request) {
	tx.mu.Lock()
	f := tx.cancelled
	tx.mu.Unlock()
	if f != nil {
		f(req)
	}
}

// retransmitted answers a retransmission of the request with the last response (RFC 3261 17.2.1, 17.2.2). In Accepted
// INVITEs are absorbed: the user retransmits its 2xx.
func (tx *serverTx) retransmitted() {
	tx.s.count.retransmitted.Add(1)
	tx.mu.Lock()
	var b []byte
	if tx.state == txProceeding || tx.state == txCompleted {
		b = tx.last
	}
	tx.mu.Unlock()
	if b != nil {
		_ = tx.flow.send(b) // lost like any datagram; the peer asks again
	}
}

// respond sends a response through the machine. Only one final response is ever sent; ok says whether this one was
// allowed. A 2xx to INVITE may be sent again and again by its owner through resend2xx.
func (tx *serverTx) respond(res *gosip.Response) (ok bool) {
	b := []byte(res.String())
	t := tx.s.timers
	tx.mu.Lock()
	if tx.state > txProceeding {
		tx.mu.Unlock()
		return false
	}
	tx.last = b
	switch {
	case res.StatusCode < 200:
		tx.state = txProceeding
	case tx.invite && res.StatusCode < 300:
		tx.state, tx.last = txAccepted, nil
		tx.end = time.AfterFunc(64*t.T1, tx.terminate) // L
	case tx.invite:
		tx.state = txCompleted
		if !tx.flow.Reliable() {
			tx.interval = t.T1
			tx.resend = time.AfterFunc(tx.interval, tx.again) // G
		}
		tx.end = time.AfterFunc(64*t.T1, tx.terminate) // H
	case tx.flow.Reliable():
		tx.state = txCompleted // J = 0: terminated below
	default:
		tx.state = txCompleted
		tx.end = time.AfterFunc(64*t.T1, tx.terminate) // J
	}
	done := tx.state == txCompleted && tx.end == nil
	tx.mu.Unlock()
	_ = tx.flow.send(b) // UDP: retransmissions ask again; TCP: the peer is gone and its transactions with it
	if done {
		tx.terminate()
	}
	return true
}

// again is timer G: T1, doubling to T2.
func (tx *serverTx) again() {
	tx.mu.Lock()
	if tx.state != txCompleted {
		tx.mu.Unlock()
		return
	}
	b := tx.last
	tx.interval = min(2*tx.interval, tx.s.timers.T2)
	tx.resend.Reset(tx.interval)
	tx.mu.Unlock()
	_ = tx.flow.send(b)
}

// acked is the ACK to a 300+ response; false means the ACK is for a 2xx and not the transaction's.
func (tx *serverTx) acked() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	switch tx.state {
	case txCompleted:
		tx.state = txConfirmed
		if tx.resend != nil {
			tx.resend.Stop()
		}
		wait := tx.s.timers.T4 // I
		if tx.flow.Reliable() {
			wait = 0
		}
		tx.end.Reset(wait)
		return true
	case txAccepted:
		return false
	}
	return true
}

// terminate takes the transaction out of the table. Idempotent.
func (tx *serverTx) terminate() {
	tx.mu.Lock()
	tx.state = txTerminated
	tx.last, tx.cancelled = nil, nil
	if tx.resend != nil {
		tx.resend.Stop()
	}
	if tx.end != nil {
		tx.end.Stop()
	}
	tx.mu.Unlock()
	s := tx.s
	s.mu.Lock()
	if s.servers[tx.key] == tx {
		delete(s.servers, tx.key)
	}
	if s.merges[tx.merge] == tx {
		delete(s.merges, tx.merge)
	}
	s.mu.Unlock()
}
