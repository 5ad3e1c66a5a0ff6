package sip

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

const (
	// minSession is the shortest session interval granted (RFC 4028 5).
	minSession = 90 * time.Second
	// maxSession bounds what a peer's Min-SE may raise ours to.
	maxSession = 24 * time.Hour
)

// session is a dialog's session timer (RFC 4028): one side, the refresher, sends a sign of life at half of the interval,
// and who hears none until shortly before its end hangs up. The zero session has none.
//
//	refresher ── UPDATE, or re-INVITE where UPDATE is not allowed, at 1/2 ──► 2xx: both begin anew
//	nothing until the interval less a third, or 32 s ──► BYE, Terminated "session expired"
type session struct {
	interval  time.Duration // 0: no timer
	least     time.Duration // what a 422 demanded
	raised    int           // how often
	refresher bool          // we are
	update    bool          // the other side takes UPDATE
	refresh   *timer
	expire    *timer

	ours, theirs []byte // the session descriptions that stand, for a refresh by re-INVITE
}

// supports says whether the other side has an extension.
func supports(msg gosip.Message, extension string) bool {
	return slices.ContainsFunc(tokens(msg, "supported"), func(t string) bool { return strings.EqualFold(t, extension) }) ||
		requires(msg, extension)
}

// requires says whether it insists on it.
func requires(msg gosip.Message, extension string) bool {
	return slices.ContainsFunc(tokens(msg, "require"), func(t string) bool { return strings.EqualFold(t, extension) })
}

// sessionExpires reads Session-Expires; ok is false when there is none that makes sense.
func sessionExpires(msg gosip.Message) (interval time.Duration, refresher string, ok bool) {
	v, params, _ := strings.Cut(value(msg, "session-expires"), ";")
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 32)
	if err != nil || n == 0 {
		return 0, "", false
	}
	for _, p := range strings.Split(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return time.Duration(n) * time.Second, refresher, true
}

// minSE reads Min-SE, 0 when there is none.
func minSE(msg gosip.Message) time.Duration {
	v, _, _ := strings.Cut(value(msg, "min-se"), ";")
	return seconds(strings.TrimSpace(v), 0)
}

// tooBrief refuses a session interval that would keep us busy with refreshes (RFC 4028 9). A peer that cannot know
// what 422 means is not refused.
func tooBrief(req *gosip.Request) *fault {
	if req.Method != gosip.INVITE && req.Method != gosip.UPDATE {
		return nil
	}
	if interval, _, ok := sessionExpires(req); ok && interval < minSession && supports(req, "timer") {
		return &fault{code: 422, headers: []Header{{"Min-SE", delta(minSession)}}}
	}
	return nil
}

func delta(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// askSession puts the session timer into an INVITE or UPDATE of ours.
func (d *Dialog) askSession(req *gosip.Request) {
	se := &d.session
	interval, role := se.interval, ";refresher=uas"
	switch {
	case interval == 0 && d.state == early && d.s.config.SessionExpires > 0:
		interval, role = max(d.s.config.SessionExpires, se.least), "" // the first INVITE: the other side chooses
	case interval == 0:
		return
	case se.refresher:
		role = ";refresher=uac"
	}
	addHeaders(req, []Header{{"Session-Expires", delta(interval) + role}})
	if se.least > minSession {
		addHeaders(req, []Header{{"Min-SE", delta(se.least)}})
	}
}

// grantSession decides about the session timer of an INVITE or UPDATE that gets a 2xx and starts it; the headers go
// into the 2xx. Where we may choose, we are the refresher: then no phone's negligence ends its call.
func (d *Dialog) grantSession(req *gosip.Request) []Header {
	se := &d.session
	d.noteAllow(req)
	interval, refresher, asked := sessionExpires(req)
	able := supports(req, "timer")
	own := max(d.s.config.SessionExpires, minSE(req))
	switch {
	case asked && d.s.config.SessionExpires > 0:
		interval = max(min(interval, own), minSession)
	case asked:
		interval = max(interval, minSession)
	case able && d.s.config.SessionExpires > 0:
		interval = own
	default:
		se.stop()
		return nil
	}
	se.refresher = !able || refresher != "uac"
	d.startSession(interval)
	if se.refresher {
		return []Header{{"Session-Expires", delta(interval) + ";refresher=uas"}}
	}
	return []Header{{"Session-Expires", delta(interval) + ";refresher=uac"}, {"Require", "timer"}}
}

// sessionGranted takes what a 2xx says of the session timer of our INVITE or UPDATE.
func (d *Dialog) sessionGranted(res *gosip.Response) {
	d.noteAllow(res)
	interval, refresher, ok := sessionExpires(res)
	if !ok {
		d.session.stop()
		return
	}
	d.session.refresher = refresher != "uas"
	d.startSession(max(interval, time.Second))
}

// noteAllow remembers whether the other side takes UPDATE.
func (d *Dialog) noteAllow(msg gosip.Message) {
	if list := tokens(msg, "allow"); len(list) > 0 {
		d.session.update = slices.Contains(list, "UPDATE")
	}
}

// raise follows the Min-SE of a 422, a few times; false when there is none to follow.
func (se *session) raise(res *gosip.Response) bool {
	least := minSE(res)
	if res.StatusCode != 422 || least <= se.least || least > maxSession || se.raised == maxRounds {
		return false
	}
	se.raised++
	se.least = least
	if se.interval > 0 {
		se.interval = max(se.interval, least)
	}
	return true
}

func (se *session) stop() {
	se.refresh.stop()
	se.expire.stop()
	se.interval = 0
}

// startSession begins the interval anew.
func (d *Dialog) startSession(interval time.Duration) {
	se := &d.session
	se.stop()
	se.interval = interval
	if se.refresher {
		se.refresh = d.after(interval/2, d.refreshSession)
	}
	se.expire = d.after(interval-min(32*time.Second, interval/3), d.sessionExpired)
}

// refreshSession sends the sign of life. An offer of either side on its way is one itself: then it is looked again later.
func (d *Dialog) refreshSession() {
	se := &d.session
	again := func() { se.refresh = d.after(max(se.interval/16, time.Second), d.refreshSession) }
	if d.state != confirmed || d.ours != nil || d.their != nil || d.await != nil {
		again()
		return
	}
	d.assureSession(again)
}

// assureSession sends an UPDATE that changes nothing, or a re-INVITE where the other side takes none. refused is called
// when it is refused for a reason that says nothing about the call.
func (d *Dialog) assureSession(refused func()) {
	se := &d.session
	if !se.update {
		d.queue = append(d.queue, &ourOffer{sdp: se.ours, refresh: true})
		d.nextOffer()
		return
	}
	d.flow = d.s.revive(d.flow, d.target)
	d.s.ask(d.auth, d.post, d.flow,
		func() *gosip.Request {
			req := d.peer.request(d.s, gosip.UPDATE, d.nextSeq())
			d.askSession(req)
			d.assert(req, true)
			return req
		},
		func(res *gosip.Response) {
			switch code := res.StatusCode; {
			case code < 200 || d.state != confirmed:
			case code < 300:
				d.peer.refresh(res)
				d.sessionGranted(res)
			case code == 405 || code == 501:
				se.update = false
				d.assureSession(refused)
			case code == 408 || code == 481:
				d.lost("timeout")
			case se.raise(res):
				d.assureSession(refused)
			default:
				refused()
			}
		},
		func(error) {
			if d.state == confirmed {
				d.lost("timeout")
			}
		})
}

// refreshed is the 2xx to a refresh by re-INVITE: told only when the other side has changed its description.
func (d *Dialog) refreshed(o *ourOffer, body []byte) {
	if body == nil || o.sdp != nil && bytes.Equal(body, d.session.theirs) {
		return
	}
	d.session.theirs = body
	d.tell(OfferAnswered{SDP: body})
}

// sessionExpired ends a call whose other side gave no sign of life (RFC 4028 10).
func (d *Dialog) sessionExpired() {
	if d.state != confirmed && d.state != answered {
		return
	}
	d.answer487()
	d.stopAwait()
	d.sendBye(fmt.Sprintf(`SIP;cause=408;text="Session Expired After %s s"`, delta(d.session.interval)))
	d.finish(Terminated{Reason: "session expired"}, false)
}
