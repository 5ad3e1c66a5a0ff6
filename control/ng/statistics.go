package ng

import (
	"strconv"
	"sync/atomic"
	"time"

	"sidetone/control/ng/bencode"
)

// totals count what has happened since the start.
type totals struct {
	offers, answers, deletes, queries, others atomic.Uint64 // requests carried out
	calls                                     atomic.Uint64 // that there have been
	refused                                   atomic.Uint64 // for the limit of sessions
	timedOut                                  atomic.Uint64 // dialogues ended for want of media
	unanswered                                atomic.Uint64 // dialogues ended for want of an answer
	deleted                                   atomic.Uint64 // dialogues ended by a request
	errors                                    atomic.Uint64 // requests answered with an error
	malformed                                 atomic.Uint64 // datagrams that are no requests
	dropped                                   atomic.Uint64 // datagrams that came when too many were waiting
	duplicates                                atomic.Uint64 // requests that had come before
	panics                                    atomic.Uint64 // each ended its call
}

// statistics is the reply to the command of that name.
func (e *engine) statistics() bencode.Value {
	t := &e.totals
	count := func(n *atomic.Uint64) int64 { return int64(n.Load()) }
	e.mu.Lock()
	sessions := int64(len(e.calls))
	e.mu.Unlock()

	current := bencode.NewDict()
	current.SetInteger("sessionsown", sessions)
	current.SetInteger("sessionsforeign", 0)
	current.SetInteger("sessionstotal", sessions)

	total := bencode.NewDict()
	total.SetString("uptime", strconv.Itoa(int(time.Since(e.started)/time.Second)))
	total.SetInteger("managedsessions", count(&t.calls))
	total.SetInteger("rejectedsessions", count(&t.refused))
	total.SetInteger("timeoutsessions", count(&t.timedOut))
	total.SetInteger("offertimeoutsessions", count(&t.unanswered))
	total.SetInteger("regularterminatedsessions", count(&t.deleted))

	control := bencode.NewDict()
	for _, c := range []struct {
		name string
		n    *atomic.Uint64
	}{
		{"offercount", &t.offers}, {"answercount", &t.answers}, {"deletecount", &t.deletes}, {"querycount", &t.queries},
		{"othercount", &t.others}, {"errorcount", &t.errors}, {"malformedcount", &t.malformed}, {"droppedcount", &t.dropped},
		{"duplicatecount", &t.duplicates}, {"paniccount", &t.panics},
	} {
		control.SetInteger(c.name, count(c.n))
	}

	all := bencode.NewDict()
	all.Set("currentstatistics", current)
	all.Set("totalstatistics", total)
	all.Set("controlstatistics", control)
	v := done()
	v.Set("statistics", all)
	return v
}

// list is the reply to the command of that name: the call-ids, as many as there is room for unless the
// request names a number itself.
func (e *engine) list(o *options) bencode.Value {
	const usual = 32
	limit, bounded := o.Limit, false
	if limit == 0 {
		limit, bounded = usual, o.room > 0
	}
	ids := bencode.NewList()
	v := done()
	e.mu.Lock()
	defer e.mu.Unlock()
	room := o.room - len("d5:callsle6:result2:oke")
	for id := range e.calls {
		if room -= len(id) + len(`"",000:`); ids.Len() == limit || bounded && room < 0 {
			break
		}
		ids.Append(bencode.NewString(id))
	}
	v.Set("calls", ids)
	return v
}
