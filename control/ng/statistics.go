package ng

import (
	"strconv"
	"sync/atomic"
	"time"
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
func (e *engine) statistics(w *reply) {
	t := &e.totals
	count := func(n *atomic.Uint64) int64 { return int64(n.Load()) }
	e.mu.Lock()
	sessions := int64(len(e.calls))
	e.mu.Unlock()

	w.dict()
	w.pair("result", "ok")
	w.key("statistics")
	w.dict()
	w.key("controlstatistics")
	w.dict()
	w.count("droppedcount", count(&t.dropped))
	w.count("duplicatecount", count(&t.duplicates))
	w.count("errorcount", count(&t.errors))
	w.count("malformedcount", count(&t.malformed))
	w.count("othercount", count(&t.others))
	w.count("paniccount", count(&t.panics))
	w.count("totalanswercount", count(&t.answers))
	w.count("totaldeletecount", count(&t.deletes))
	w.count("totaloffercount", count(&t.offers))
	w.count("totalquerycount", count(&t.queries))
	w.endDict()
	w.key("currentstatistics")
	w.dict()
	w.count("sessionsforeign", 0)
	w.count("sessionsown", sessions)
	w.count("sessionstotal", sessions)
	w.endDict()
	w.key("totalstatistics")
	w.dict()
	w.count("managedsessions", count(&t.calls))
	w.count("offertimeoutsessions", count(&t.unanswered))
	w.count("regularterminatedsessions", count(&t.deleted))
	w.count("rejectedsessions", count(&t.refused))
	w.count("timeoutsessions", count(&t.timedOut))
	w.pair("uptime", strconv.Itoa(int(time.Since(e.started)/time.Second)))
	w.endDict()
	w.endDict()
	w.endDict()
}

// list is the reply to the command of that name: the call-ids, as many as there is room for unless the
// request names a number itself.
func (e *engine) list(o *options, w *reply) {
	const (
		usual = 32
		tail  = len(`],"result":"ok"}`)
	)
	limit := o.Limit
	if limit == 0 {
		limit = usual
	} else {
		w.room = 0
	}
	w.dict()
	w.key("calls")
	w.list()
	e.mu.Lock()
	for id := range e.calls {
		before := len(w.b)
		if limit--; limit < 0 {
			break
		}
		if w.text(id); w.room > 0 && len(w.b)+tail > w.room {
			w.b = w.b[:before]
			break
		}
	}
	e.mu.Unlock()
	w.endList()
	w.pair("result", "ok")
	w.endDict()
}
