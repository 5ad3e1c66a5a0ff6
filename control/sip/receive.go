package sip

import (
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// receive takes one message off the network. It runs on the goroutine that reads the socket or connection, so
// messages of one peer come through it in the order they arrived, and everything up to the actor of a dialog happens
// here, synchronously: that is what keeps INVITE before CANCEL and one INFO before the next. b is not kept.
func (s *Stack) receive(b []byte, f Flow) {
	s.count.received.Add(1)
	if !looksLikeSIP(b) {
		s.count.garbage.Add(1)
		s.limit.warn("not sip", "peer", f.Remote, "bytes", len(b))
		return
	}
	if !cleanLines(b) {
		s.count.malformed.Add(1)
		s.limit.warn("bare line ends in sip", "peer", f.Remote)
		return
	}
	msg, err := s.parse(b)
	if err != nil {
		s.count.malformed.Add(1)
		s.limit.warn("sip does not parse", "peer", f.Remote, "err", clean(err.Error()))
		if req, ok := msg.(*gosip.Request); ok {
			s.answerBroken(req, f, &fault{code: 400})
		} else if req, why := s.mended(b); req != nil {
			s.answerBroken(req, f, why)
		}
		return
	}
	switch msg := msg.(type) {
	case *gosip.Request:
		s.receiveRequest(msg, f)
	case *gosip.Response:
		s.receiveResponse(msg, f)
	}
}

// refuse answers a message whose end is unknown, from its header section alone.
func (s *Stack) refuse(head []byte, f Flow) {
	msg, _ := s.parse(head)
	if req, ok := msg.(*gosip.Request); ok {
		s.answerBroken(req, f, &fault{code: 400})
	}
}

// answerBroken sends a stateless error to a request that may lack anything but a Via; ACK is never answered.
func (s *Stack) answerBroken(req *gosip.Request, f Flow, why *fault) {
	if req == nil || req.Method == gosip.ACK {
		return
	}
	if via := req.Via(); via == nil || via.Host == "" {
		return
	}
	if why.code == 400 && !known[req.Method] { // what is wrong with it otherwise matters less
		why = &fault{code: 501, headers: []Header{{"Allow", s.allow}}}
	}
	markReceived(req, f)
	s.stateless(req, f, why.code, why.reason, why.headers...)
}

// markReceived notes in the top Via where the request really came from (RFC 3261 18.2.1, RFC 3581 4).
func markReceived(req *gosip.Request, f Flow) {
	via := req.Via()
	source := f.Remote.Addr().WithZone("").String()
	_, wants := param(via.Params, "rport")
	if wants {
		for i := range via.Params {
			if strings.EqualFold(via.Params[i].K, "rport") {
				via.Params[i].V = strconv.Itoa(int(f.Remote.Port()))
			}
		}
	}
	if wants || !strings.EqualFold(strings.Trim(via.Host, "[]"), source) {
		via.Params.Add("received", source)
	}
}

func (s *Stack) receiveRequest(req *gosip.Request, f Flow) {
	if why := broken(req); why != nil {
		s.count.malformed.Add(1)
		s.limit.warn("bad request", "peer", f.Remote, "method", clean(string(req.Method)), "err", why.reason)
		s.answerBroken(req, f, why)
		return
	}
	markReceived(req, f)
	switch req.Method {
	case gosip.ACK:
		s.receiveACK(req, f)
		return
	case gosip.CANCEL:
		s.receiveCancel(req, f)
		return
	}
	if tx := s.serverTx(requestKey(req, req.Method)); tx != nil {
		tx.retransmitted()
		return
	}
	if why := s.unacceptable(req); why != nil {
		s.stateless(req, f, why.code, why.reason, why.headers...)
		return
	}
	if tag := toTag(req); tag != "" {
		s.receiveInDialog(req, f, tag)
		return
	}
	if req.Method == gosip.INVITE && s.merged(req) {
		s.stateless(req, f, 482, "")
		return
	}
	s.receiveOutside(req, f)
}

// receiveACK passes ACK to the transaction of a 300+ or to the dialog of a 2xx; it is never answered.
func (s *Stack) receiveACK(req *gosip.Request, f Flow) {
	if tx := s.serverTx(requestKey(req, gosip.INVITE)); tx != nil && tx.acked() {
		return
	}
	if d := s.dialog(callID(req), toTag(req)); d != nil {
		d.post(func() { d.receiveACK(req, f) })
		return
	}
	s.count.stray.Add(1)
}

// receiveCancel answers CANCEL with the To tag of the INVITE's own responses and passes it up (RFC 3261 9.2). One
// that overtook its INVITE is remembered by branch and applied when that comes.
func (s *Stack) receiveCancel(req *gosip.Request, f Flow) {
	key := requestKey(req, gosip.INVITE)
	tx := s.serverTx(key)
	if tx == nil {
		s.mu.Lock()
		s.cancels.add(key, time.Now())
		s.mu.Unlock()
		s.stateless(req, f, 481, "")
		return
	}
	res := s.newResponse(req, 200, "", tx.tag)
	_ = respondTo(req, f).send([]byte(res.String())) // asked for again when lost
	tx.cancel(req)
}

func (s *Stack) merged(req *gosip.Request) bool {
	key := mergeKey(req)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.merges[key] != nil
}

func (s *Stack) receiveInDialog(req *gosip.Request, f Flow, tag string) {
	d := s.dialog(callID(req), tag)
	if d == nil {
		if sub := s.notifier.dialog(dialogKey{callID(req), tag}); sub != nil {
			if tx, created := s.newServerTx(req, f, tag); created {
				sub.receive(req, f, tx)
			}
			return
		}
		s.stateless(req, f, 481, "")
		return
	}
	tx, created := s.newServerTx(req, f, tag)
	if !created {
		tx.retransmitted()
		return
	}
	if tx.invite {
		tx.onCancel(func(*gosip.Request) { d.post(func() { d.offerCancelled(tx) }) })
	}
	d.post(func() { d.receiveRequest(req, f, tx) })
}

// receiveOutside handles requests that belong to no dialog. Only INVITE, REGISTER, SUBSCRIBE and OPTIONS are at home here.
func (s *Stack) receiveOutside(req *gosip.Request, f Flow) {
	switch req.Method {
	case gosip.INVITE:
		s.receiveInvite(req, f)
	case gosip.REGISTER:
		s.receiveRegister(req, f)
	case gosip.OPTIONS:
		s.stateless(req, f, 200, "", s.capabilities()...)
	case gosip.SUBSCRIBE:
		s.receiveSubscribe(req, f)
	case gosip.PUBLISH:
		// 489 and not 405: phones that see 405 ask again at once, and for ever.
		s.stateless(req, f, 489, "")
	case gosip.BYE, gosip.INFO, gosip.UPDATE, gosip.PRACK, gosip.NOTIFY:
		s.stateless(req, f, 481, "")
	default:
		s.stateless(req, f, 405, "", Header{"Allow", s.allow})
	}
}

// capabilities are the headers of an OPTIONS answer (RFC 3261 11.2).
func (s *Stack) capabilities() []Header {
	list := []Header{{"Allow", s.allow}, {"Accept", sdpType}, {"Accept-Encoding", "identity"}, {"Supported", supported}}
	return append(list, s.notifier.allowed()...)
}

// receiveResponse passes a response to its transaction; anything else is counted and dropped (RFC 3261 18.1.2).
func (s *Stack) receiveResponse(res *gosip.Response, f Flow) {
	key := responseKey(res)
	if key == "" || res.StatusCode < 100 || res.StatusCode > 699 || len(res.GetHeaders("via")) != 1 ||
		res.From() == nil || res.To() == nil || callID(res) == "" {
		s.count.malformed.Add(1)
		s.limit.warn("bad response", "peer", f.Remote, "code", res.StatusCode)
		return
	}
	s.mu.Lock()
	tx := s.clients[key]
	s.mu.Unlock()
	if tx == nil || callID(res) != callID(tx.req) || fromTag(res) != fromTag(tx.req) {
		s.count.stray.Add(1)
		return
	}
	tx.receive(res)
}

// earlyCancels remembers CANCELs that came before their INVITE; bounded in number and time.
type earlyCancels struct {
	at map[string]time.Time
}

const (
	earlyCancelMax = 256
	earlyCancelAge = 5 * time.Second
)

func (e *earlyCancels) add(key string, now time.Time) {
	if len(e.at) >= earlyCancelMax {
		for k, t := range e.at {
			if now.Sub(t) > earlyCancelAge {
				delete(e.at, k)
			}
		}
	}
	if len(e.at) >= earlyCancelMax {
		return
	}
	if e.at == nil {
		e.at = make(map[string]time.Time)
	}
	e.at[key] = now
}

// take says whether a CANCEL waits for the INVITE of that key and forgets it.
func (e *earlyCancels) take(key string, now time.Time) bool {
	t, ok := e.at[key]
	delete(e.at, key)
	return ok && now.Sub(t) <= earlyCancelAge
}
