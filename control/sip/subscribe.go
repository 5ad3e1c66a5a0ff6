package sip

import (
	"bytes"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// subscription is one SUBSCRIBE dialog of a phone (RFC 6665 4.1, 4.2).
//
//	SUBSCRIBE ──► 200, NOTIFY (active) ──► ... changes, one NOTIFY at a time ──► its time is over, Expires: 0, or a
//	  └──── again, in the dialog ────┘                                            NOTIFY refused: NOTIFY (terminated)
type subscription struct {
	// immutable
	s             *Stack
	pkg           *EventPackage
	id            string // of the Event header
	tel, resource string
	callID, tag   string

	mu        sync.Mutex // guards the following
	peer      peer
	localSeq  uint32
	remoteSeq uint32
	version   uint32
	expires   time.Time
	timer     *time.Timer
	sending   bool   // a NOTIFY waits for its answer
	due       bool   // another is to follow it
	told      []byte // what the phone knows
	ending    string // reason of termination, once it is to end
	over      bool
}

func (sub *subscription) key() dialogKey { return dialogKey{sub.callID, sub.tag} }
func (sub *subscription) about() string  { return sub.pkg.Name + " " + sub.resource }

// receiveSubscribe takes a SUBSCRIBE outside dialogs.
func (s *Stack) receiveSubscribe(req *gosip.Request, f Flow) {
	if len(s.notifier.packages) == 0 {
		s.stateless(req, f, 489, "")
		return
	}
	acc, v := s.authenticate(req, f, userOf(req.From().Address))
	if v != authOK {
		return
	}
	pkg, id := s.notifier.find(value(req, "event"))
	if pkg == nil {
		s.stateless(req, f, 489, "", s.notifier.allowed()...)
		return
	}
	tx, created := s.newServerTx(req, f, token(8))
	if !created {
		return
	}
	refuse := func(code int, headers ...Header) { tx.respond(s.newResponse(req, code, "", tx.tag, headers...)) }
	asked := seconds(value(req, "expires"), pkg.Expires)
	if asked > 0 && asked < minSubscribeExpiry {
		refuse(423, Header{"Min-Expires", strconv.Itoa(int(minSubscribeExpiry / time.Second))})
		return
	}
	if !accepts(values(req, "accept"), pkg.ContentType) {
		refuse(406)
		return
	}
	resource := or(userOf(req.Recipient), acc.Tel)
	if _, ok := pkg.State(acc.Tel, resource, 0); !ok {
		refuse(404)
		return
	}
	f.nat = acc.NAT == NATYes || acc.NAT == NATAuto && s.config.Registrar.NATCheckPort
	from, to := req.From(), req.To()
	sub := &subscription{s: s, pkg: pkg, id: id, tel: acc.Tel, resource: resource, callID: callID(req), tag: tx.tag}
	p := peer{
		callID: sub.callID, routes: recordRoutes(req), source: f,
		local:  party{name: to.DisplayName, uri: to.Address, tag: sub.tag},
		remote: party{name: from.DisplayName, uri: from.Address, tag: fromTag(req)},
		target: gosip.Uri{Scheme: "sip", User: from.Address.User, Host: host(f.Remote.Addr()), Port: int(f.Remote.Port())},
	}
	p.local.uri.Headers, p.remote.uri.Headers = nil, nil
	sub.peer = p
	sub.remoteSeq = req.CSeq().SeqNo
	if !s.notifier.enter(sub) {
		refuse(503, Header{"Retry-After", "60"})
		return
	}
	sub.refresh(req, tx, f, asked)
}

// accepts says whether an Accept header, if there is one, has the type.
func accepts(list []string, want string) bool {
	if len(list) == 0 {
		return true
	}
	family, _, _ := strings.Cut(want, "/")
	for _, t := range strings.Split(strings.Join(list, ","), ",") {
		got, _, err := mime.ParseMediaType(t)
		if err == nil && (got == want || got == "*/*" || got == family+"/*") {
			return true
		}
	}
	return false
}

// receive takes a request in the subscription's dialog: a refresh, or the end.
func (sub *subscription) receive(req *gosip.Request, f Flow, tx *serverTx) {
	s := sub.s
	refuse := func(code int) { tx.respond(s.newResponse(req, code, "", sub.tag)) }
	if req.Method != gosip.SUBSCRIBE {
		refuse(481)
		return
	}
	seq := req.CSeq().SeqNo
	sub.mu.Lock()
	known, late := !sub.over && sub.ending == "" && fromTag(req) == sub.peer.remote.tag, seq <= sub.remoteSeq
	if known && !late {
		sub.remoteSeq = seq
	}
	nat := sub.peer.source.nat
	sub.mu.Unlock()
	switch {
	case !known:
		refuse(481)
		return
	case late:
		refuse(500)
		return
	}
	f.nat = nat
	sub.refresh(req, tx, f, seconds(value(req, "expires"), sub.pkg.Expires))
}

// refresh answers a SUBSCRIBE and sends the state (RFC 6665 4.2.1).
func (sub *subscription) refresh(req *gosip.Request, tx *serverTx, f Flow, asked time.Duration) {
	granted := min(asked, sub.pkg.Expires)
	sub.mu.Lock()
	sub.peer.source = f
	sub.peer.refresh(req)
	sub.expires = time.Now().Add(granted)
	sub.told = nil // a refresh is answered with the state even if it has not changed
	if sub.timer != nil {
		sub.timer.Stop()
	}
	if granted > 0 {
		sub.timer = time.AfterFunc(granted, func() { sub.end("timeout") })
	}
	contact := sub.peer.flow.contact(sub.peer.local.identity().User)
	sub.mu.Unlock()
	res := sub.s.newResponse(req, 200, "", sub.tag, Header{"Expires", strconv.Itoa(int(granted / time.Second))})
	for _, h := range req.GetHeaders("record-route") {
		res.AppendHeader(gosip.HeaderClone(h))
	}
	res.AppendHeader(contact)
	tx.respond(res)
	if granted == 0 {
		sub.end("timeout")
		return
	}
	sub.changed()
}

// changed sends what is new, after the NOTIFY that is under way.
func (sub *subscription) changed() {
	sub.mu.Lock()
	sub.due = true
	sub.mu.Unlock()
	sub.send()
}

// end sends the last NOTIFY.
func (sub *subscription) end(reason string) {
	sub.mu.Lock()
	if sub.ending == "" {
		sub.ending = reason
	}
	sub.due = true
	sub.mu.Unlock()
	sub.send()
}

// stop ends the subscription without a word.
func (sub *subscription) stop() {
	sub.mu.Lock()
	sub.over = true
	if sub.timer != nil {
		sub.timer.Stop()
	}
	sub.mu.Unlock()
	sub.s.notifier.leave(sub)
}

// send sends a NOTIFY if one is due and none is under way.
func (sub *subscription) send() {
	sub.mu.Lock()
	if sub.over || sub.sending || !sub.due {
		sub.mu.Unlock()
		return
	}
	sub.due = false
	version, ending := sub.version, sub.ending
	sub.mu.Unlock()
	body, ok := sub.pkg.State(sub.tel, sub.resource, version) // outside the lock: it asks others
	if !ok && ending == "" {
		ending = "noresource"
	}
	sub.mu.Lock()
	if sub.sending { // by somebody who asked for the state before or after us
		sub.due = true
	}
	if sub.over || sub.sending || ending == "" && sub.told != nil && bytes.Equal(body, sub.told) {
		sub.mu.Unlock()
		return
	}
	sub.sending, sub.told, sub.ending = true, body, ending
	sub.version++
	sub.peer.flow = sub.s.revive(sub.peer.flow, sub.peer.target)
	f := sub.peer.flow
	sub.mu.Unlock()
	sub.s.ask(nil, atOnce, f,
		func() *gosip.Request { return sub.notify(body, ending) },
		func(res *gosip.Response) {
			if res.StatusCode >= 200 {
				sub.answered(res.StatusCode)
			}
		},
		func(error) { sub.answered(408) })
}

// notify builds a NOTIFY.
func (sub *subscription) notify(body []byte, ending string) *gosip.Request {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	sub.localSeq++
	req := sub.peer.request(sub.s, gosip.NOTIFY, sub.localSeq)
	event := sub.pkg.Name
	if sub.id != "" {
		event += ";id=" + sub.id
	}
	state := fmt.Sprintf("active;expires=%d", max(0, int(time.Until(sub.expires).Round(time.Second)/time.Second)))
	if ending != "" {
		state = "terminated;reason=" + ending
	}
	addHeaders(req, []Header{{"Event", event}, {"Subscription-State", state}})
	setBody(req, sub.pkg.ContentType, body)
	return req
}

// answered: a phone that does not take a NOTIFY wants no more (RFC 6665 4.2.2).
func (sub *subscription) answered(code int) {
	sub.mu.Lock()
	sub.sending = false
	gone := sub.ending != "" && !sub.due || code == 404 || code == 408 || code == 410 || code == 480 || code == 481 || code == 489
	sub.mu.Unlock()
	if gone {
		sub.stop()
		return
	}
	sub.send()
}
