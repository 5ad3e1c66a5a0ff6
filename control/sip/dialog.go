package sip

import (
	"fmt"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// dialogKey finds a dialog by what every message in it carries: our tag is random, so the other side's is checked
// afterwards, on the actor.
type dialogKey struct{ callID, localTag string }

type dialogState uint8

const (
	early     dialogState = iota // INVITE without final response
	answered                     // they called: our 2xx waits for ACK; we called: their 2xx waits for Ack
	confirmed                    // ACK seen or sent
	closing                      // over for its owner, but our 2xx still waits for ACK and BYE may not go before (RFC 3261 15)
	ended
)

// Dialog is one call leg's INVITE dialog, from the INVITE to the BYE, as caller or as called. Its methods are called on
// its actor only, there are no locks; what the network and the timers do to it comes through the actor as well and is
// told by notify. A method that does not fit the dialog's present state (an Answer that crossed a CANCEL) does nothing.
type Dialog struct {
	s     *Stack
	inbox inbox
	uas   bool // they called

	// the actor's
	peer
	notify    func(Event)
	state     dialogState
	over      bool // Failed, Cancelled or Terminated has been told
	localSeq  uint32
	remoteSeq uint32
	heardSeq  bool
	timers    map[*timer]struct{}

	in    uasInvite   // uas
	out   uacInvite   // we called
	await *ackWait    // our 2xx without ACK, of the first INVITE or a re-INVITE
	ours  *ourOffer   // our re-INVITE on its way, or waiting to be sent again
	queue []*ourOffer // behind it
	their *theirOffer // their re-INVITE or UPDATE without answer

	session session
	display display
}

// CallID, LocalTag: the dialog's names, safe from any goroutine.
func (d *Dialog) CallID() string   { return d.callID }
func (d *Dialog) LocalTag() string { return d.local.tag }

// RemoteTag is "" until the other side has answered with one.
func (d *Dialog) RemoteTag() string { return d.remote.tag }

// Local and Remote are the two ends as From and To show them.
func (d *Dialog) Local() Identity  { return d.local.identity() }
func (d *Dialog) Remote() Identity { return d.remote.identity() }

// SetFocus makes our end the focus of a conference (RFC 4579): from now on our Contact has that user part and isfocus. On the actor.
func (d *Dialog) SetFocus(user string) { d.focus = user }

// Flow is where the dialog's requests go now.
func (d *Dialog) Flow() Flow { return d.flow }

// SetActor gives the dialog to another actor, as when its leg moves to another call. Called on the present one, which
// must not touch the dialog afterwards; what is under way reaches the new one, in order.
func (d *Dialog) SetActor(a Actor) { d.inbox.move(a) }

// SetNotify changes who hears of the events; usually along with SetActor, just before it.
func (d *Dialog) SetNotify(notify func(Event)) { d.notify = notify }

// post runs f on the dialog's actor, in order. Safe from any goroutine.
func (d *Dialog) post(f func()) { d.inbox.post(f) }

// Dialog finds a live dialog by Call-ID and our tag, as for Replaces (RFC 3891), whose other tag is then compared with
// RemoteTag on the dialog's actor; only CallID and LocalTag may be called before that.
func (s *Stack) Dialog(callID, localTag string) (*Dialog, bool) {
	d := s.dialog(callID, localTag)
	return d, d != nil
}

func (s *Stack) dialog(callID, localTag string) *Dialog {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialogs[dialogKey{callID, localTag}]
}

// enter puts the dialog into the table; false when the stack is closed.
func (s *Stack) enter(d *Dialog) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.dialogs[dialogKey{d.callID, d.local.tag}] = d
	return true
}

// release ends the dialog's life in the stack: timers stopped, out of the table.
func (d *Dialog) release() {
	d.rest()
	d.s.leave(d)
}

// rest ends the dialog but leaves it in the table, to answer a BYE that crosses ours.
func (d *Dialog) rest() {
	d.state = ended
	for t := range d.timers {
		t.stop()
	}
	d.await, d.queue = nil, nil
}

// leave takes a dialog out of the table. Safe from any goroutine.
func (s *Stack) leave(d *Dialog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := dialogKey{d.callID, d.local.tag}
	if s.dialogs[key] == d {
		delete(s.dialogs, key)
	}
}

// tell passes an event of the network's making.
func (d *Dialog) tell(e Event) {
	if !d.over {
		d.notify(e)
	}
}

// finish tells the one last event. What the owner itself has caused comes to it later, as any event would, and not in
// the middle of its own call.
func (d *Dialog) finish(e Event, byOwner bool) {
	if d.over {
		return
	}
	d.over = true
	if byOwner {
		d.post(func() { d.notify(e) })
		return
	}
	d.notify(e)
}

// timer is a time.Timer whose function runs on the dialog's actor, and not once stop was called there.
type timer struct {
	d       *Dialog
	t       *time.Timer
	stopped bool
}

func (d *Dialog) after(wait time.Duration, f func()) *timer {
	t := &timer{d: d}
	if d.timers == nil {
		d.timers = make(map[*timer]struct{})
	}
	d.timers[t] = struct{}{}
	t.t = time.AfterFunc(wait, func() {
		d.post(func() {
			if !t.stopped {
				t.stop()
				f()
			}
		})
	})
	return t
}

// stop is called on the actor; a nil timer is stopped already.
func (t *timer) stop() {
	if t == nil || t.stopped {
		return
	}
	t.stopped = true
	t.t.Stop()
	delete(t.d.timers, t)
}

// Bye ends an answered call; reason is a Reason header (RFC 3326) or "". Before the answer it rejects or cancels.
func (d *Dialog) Bye(reason string) { d.hangUp(reason, "local") }

// End does what ends the dialog in its present state: rejects with code and reason (below 300: 480), cancels, or sends
// BYE with a Reason header made of them. Always safe; the second time it does nothing.
func (d *Dialog) End(code int, reason string) {
	if d.state == early && d.uas {
		d.Reject(code, reason)
		return
	}
	header := ""
	if code >= 300 {
		header = fmt.Sprintf(`SIP;cause=%d;text="%s"`, code, quoted(phrase(code, reason)))
	}
	d.hangUp(header, "local")
}

func (d *Dialog) hangUp(header, why string) {
	switch d.state {
	case early:
		if d.uas {
			d.Reject(480, "")
		} else {
			d.Cancel()
		}
	case answered:
		d.answer487()
		if d.uas {
			d.state = closing
			d.await.bye = header
			d.finish(Terminated{Reason: why}, true)
			return
		}
		d.Ack(nil) // an offer we never answered: nothing else ends the handshake
		d.sendBye(header)
		d.finish(Terminated{Reason: why}, true)
	case confirmed:
		d.answer487()
		d.sendBye(header)
		d.finish(Terminated{Reason: why}, true)
	}
}

// sendBye sends BYE and lets the dialog go; whatever is answered, it is over (RFC 3261 15.1.1).
func (d *Dialog) sendBye(header string) {
	d.rest()
	d.s.bye(&d.peer, d.nextSeq(), header, func() { d.s.leave(d) })
}

// bye sends one BYE, for a dialog or for a fork that lost; done is called when it is answered or given up.
func (s *Stack) bye(p *peer, seq uint32, header string, done func()) {
	p.flow = s.revive(p.flow, p.target)
	to := *p
	s.ask(p.auth, atOnce, p.flow,
		func() *gosip.Request {
			req := to.request(s, gosip.BYE, seq)
			seq++
			if header != "" {
				addHeaders(req, []Header{{"Reason", header}})
			}
			return req
		},
		func(res *gosip.Response) {
			if res.StatusCode >= 200 {
				done()
			}
		},
		func(error) { done() })
}

// revive replaces a flow whose connection is gone by a new connection to the target, where there is any hope of one.
func (s *Stack) revive(f Flow, target gosip.Uri) Flow {
	if f.Alive() || f.nat {
		return f
	}
	if addr, ok := uriAddr(target); ok {
		if g, err := s.flowToAddr(f.Transport, addr, addr.Addr().WithZone("").String()); err == nil {
			return g
		}
	}
	return f
}

func (d *Dialog) nextSeq() uint32 {
	d.localSeq++
	return d.localSeq
}

// stop ends the dialog because the stack stops.
func (d *Dialog) stop() {
	if d.state == early && d.uas {
		d.respondInvite(503, "", nil, Header{"Retry-After", "10"})
		d.release()
		d.finish(Terminated{Reason: "stopped"}, false)
		return
	}
	d.hangUp(`SIP;cause=503;text="Shutting down"`, "stopped")
}

// closed is told when the stack was closed under the dialog: nothing can be sent any more.
func (d *Dialog) closed() {
	d.release()
	d.finish(Terminated{Reason: "stopped"}, false)
}
