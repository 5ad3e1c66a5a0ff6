package ng

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The limits of what a request may hold on to.
const (
	maxCallID = 512 // bytes of a call-id, a tag or a branch

	cookieAge     = 30 * time.Second
	cookieEntries = 16384
	cookieBytes   = 32 << 20

	maxDeleteDelay = time.Hour
	maxListLimit   = 100_000

	// datagramRoom is how long a reply over UDP is at most, unless more was asked for, so that it is not cut
	// up on its way.
	datagramRoom = 1400
)

// engine carries out requests, whatever they came over. It may be used from any goroutine.
type engine struct {
	cfg      Config // immutable
	instance string // tells our loop marks from other nodes'
	started  time.Time
	random   io.Reader    // of keys
	seed     maphash.Seed // of what cookies stand for
	warn     warner
	totals   totals
	pending  atomic.Int64 // requests under way
	crew     *crew
	ended    sync.Once
	replies  sync.Pool // of *reply, to be written again

	mu       sync.Mutex // guards the following
	calls    map[string]*call
	cookies  *cookies
	draining bool
}

func newEngine(cfg Config) (*engine, error) {
	cfg.setDefaults()
	if cfg.Relay == nil || len(cfg.Interfaces) == 0 {
		return nil, errors.New("ng: a relay and an interface are wanted")
	}
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	return &engine{
		cfg: cfg, instance: hex.EncodeToString(b[:]), started: time.Now(), random: rand.Reader, seed: maphash.MakeSeed(), crew: newCrew(),
		warn:    warner{log: cfg.Logger, seen: make(map[string]struct{})},
		calls:   make(map[string]*call),
		cookies: newCookies(cookieAge, cookieEntries, cookieBytes),
	}, nil
}

// request is one message on its way through.
type request struct {
	reply   *reply
	options *options
	entry   *cookieEntry
	answer  func(reply []byte)
}

// reply is an empty one; finish takes it back.
func (e *engine) reply(cookie string, enc encoding, room int) *reply {
	w, _ := e.replies.Get().(*reply)
	if w == nil {
		w = new(reply)
	}
	w.start(cookie, enc, room)
	return w
}

// receive takes one message of a client and sees to it that answer is called with the reply, at once or
// later from another goroutine; not at all for what is no request. It does not block. room is how
// long the reply should be at most, 0 = any length.
func (e *engine) receive(message string, client netip.AddrPort, room int, answer func(reply []byte)) {
	cookie, text, err := splitCookie(message)
	if err != nil {
		e.totals.malformed.Add(1)
		return
	}
	if e.pending.Load() >= int64(e.cfg.MaxPending) {
		e.totals.dropped.Add(1) // the client sends it again
		return
	}
	key := cookieKey{client, cookie, maphash.String(e.seed, text)}
	e.mu.Lock()
	entry, reply := e.cookies.begin(key, time.Now(), answer)
	e.mu.Unlock()
	if entry == nil {
		e.totals.duplicates.Add(1)
		if reply != nil {
			answer(reply)
		}
		return
	}
	e.pending.Add(1)
	v, enc, err := decode(text)
	r := &request{reply: e.reply(cookie, enc, room), entry: entry, answer: answer}
	if err != nil {
		e.totals.malformed.Add(1)
		e.finish(r, err)
		return
	}
	r.options = parseOptions(v)
	e.warn.once("ng request has a key or flag that is not known", r.options.unknown)
	e.warn.once("ng request asks for something that is not done", r.options.ignored)
	e.dispatch(r)
}

// dispatch carries out what concerns no call, and hands the rest to the call's actor.
func (e *engine) dispatch(r *request) {
	o := r.options
	var err error
	switch o.Command {
	case "ping":
		r.reply.result("pong", "", "")
	case "list":
		e.list(o, r.reply)
	case "statistics":
		e.statistics(r.reply)
	case "offer", "answer", "delete", "query":
		if err = o.complete(); err == nil {
			e.toCall(r)
			return
		}
	case "":
		err = noCommand
	default:
		err = unknownCommand
	}
	e.totals.others.Add(1)
	e.finish(r, err)
}

// complete reports what a request of a call lacks.
func (o *options) complete() error {
	switch {
	case o.CallID == "":
		return noCallID
	case max(len(o.CallID), len(o.FromTag), len(o.ToTag), len(o.ViaBranch), len(o.Label)) > maxCallID:
		return tooLong
	case o.FromTag == "" && (o.Command == "offer" || o.Command == "answer"):
		return noFromTag
	default:
		return nil
	}
}

// toCall hands a request to the actor of its call, which an offer may create.
func (e *engine) toCall(r *request) {
	o := r.options
	e.mu.Lock()
	c := e.calls[o.CallID]
	if c == nil && o.Command == "offer" {
		if e.draining || e.cfg.MaxSessions > 0 && len(e.calls) >= e.cfg.MaxSessions {
			e.mu.Unlock()
			e.totals.refused.Add(1)
			e.finish(r, sessionLimit)
			return
		}
		c = e.newCall(o.CallID)
	}
	e.mu.Unlock()
	switch {
	case c != nil:
		if !c.queue.tryPost(func() { c.handle(r) }) {
			e.finish(r, tooManyCalls)
		}
	case o.Command == "delete" && !o.Fatal:
		e.totals.deletes.Add(1)
		r.reply.warned(tagMismatch)
		e.finish(r, nil)
	case o.Command == "delete":
		e.finish(r, tagMismatch)
	default:
		e.finish(r, unknownCall)
	}
}

// newCall puts an empty call into the table. e.mu is held.
func (e *engine) newCall(id string) *call {
	now := time.Now()
	c := &call{engine: e, id: clone("", id), shard: -1, created: now, lastSignal: now}
	c.log = e.cfg.Logger.With("call_id", c.id)
	c.queue.crew, c.queue.panicked = e.crew, c.panicked
	e.calls[c.id] = c
	e.totals.calls.Add(1)
	return c
}

// remove takes a call out of the table.
func (e *engine) remove(c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.calls[c.id] == c {
		delete(e.calls, c.id)
	}
}

// handle carries out a request. On the call's actor.
func (c *call) handle(r *request) {
	e := c.engine
	if c.closed { // the call ended while this was waiting
		e.toCall(r)
		return
	}
	finished := false
	defer func() {
		if !finished { // a panic: the queue ends the call
			e.finish(r, internalError)
		}
	}()
	var err error
	o, w, now := r.options, r.reply, time.Now()
	switch o.Command {
	case "offer":
		e.totals.offers.Add(1)
		if err = c.offer(o, w, now); err != nil {
			c.end() // if it did not come to be
			break
		}
		defer c.apply()
	case "answer":
		e.totals.answers.Add(1)
		err = c.answer(o, w, now)
		c.apply()
	case "delete":
		e.totals.deletes.Add(1)
		if err = c.delete(o, w); err == tagMismatch && !o.Fatal {
			w.warned(tagMismatch)
			err = nil
		}
	case "query":
		e.totals.queries.Add(1)
		c.query(o, w)
	}
	finished = true
	e.finish(r, err)
}

// finish answers a request and the duplicates of it that came meanwhile.
func (e *engine) finish(r *request, err error) {
	if err != nil {
		e.failed(r, err)
	}
	answer := slices.Clone(r.reply.b) // it is kept for a while, the reply's room is used again
	if cap(r.reply.b) <= MaxMessage {
		e.replies.Put(r.reply)
	}
	e.mu.Lock()
	waiting := e.cookies.finish(r.entry, answer, time.Now())
	e.mu.Unlock()
	e.pending.Add(-1)
	r.answer(answer)
	for _, again := range waiting {
		again(answer)
	}
}

// failed writes the reply to what could not be done.
func (e *engine) failed(r *request, err error) {
	if err == sessionLimit && r.options.LoadLimit {
		r.reply.result("load limit", "message", err.Error())
		return
	}
	e.totals.errors.Add(1)
	r.reply.result("error", "error-reason", err.Error())
}

// drain refuses new calls from now on, or takes them again.
func (e *engine) drain(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.draining = on
}

// close ends every call and waits until that is done, but no longer than ctx.
func (e *engine) close(ctx context.Context) {
	e.drain(true)
	e.mu.Lock()
	var ended sync.WaitGroup
	for _, c := range e.calls {
		ended.Add(1)
		c.queue.post(func() {
			defer ended.Done()
			c.endAll()
		})
	}
	e.mu.Unlock()
	all := make(chan struct{})
	go func() { // ends when the calls have; ctx only bounds how long we wait for one that is stuck
		ended.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-ctx.Done():
		e.cfg.Logger.Error("ng calls still at work at the end")
	}
	e.ended.Do(func() { close(e.crew.stop) })
}
