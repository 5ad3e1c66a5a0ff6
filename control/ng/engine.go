package ng

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sidetone/codecs"
	"sidetone/control/ng/bencode"
	"sidetone/relay"
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

// Config is what the server is made of.
type Config struct {
	Listen     []string // "udp:127.0.0.1:2223", "udp:[::1]:0", ...
	Relay      Relay
	Interfaces []relay.Interface // as the relay has them; the first one's name is the usual
	Codecs     codecs.Set        // what can be transcoded

	Latching     relay.Mode    // of legs whose request does not ask for another
	MaxSessions  int           // calls at a time; 0 = as many as there are ports
	MaxPending   int           // requests under way at a time, further ones are dropped; 0 = 4096
	MediaTimeout time.Duration // a dialogue without media ends; 0 = 60 s, negative = never
	HoldTimeout  time.Duration // ... when it is on hold; 0 = 3600 s
	OfferTimeout time.Duration // an offer without an answer ends; 0 = 600 s
	DeleteDelay  time.Duration // what delete waits when the request does not say; 0 = not at all

	Logger *slog.Logger // nil = slog.Default()
}

func (c *Config) setDefaults() {
	usual := func(d *time.Duration, value time.Duration) {
		switch {
		case *d == 0:
			*d = value
		case *d < 0:
			*d = 0
		}
	}
	usual(&c.MediaTimeout, 60*time.Second)
	usual(&c.HoldTimeout, 3600*time.Second)
	if c.OfferTimeout <= 0 {
		c.OfferTimeout = 600 * time.Second
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 4096
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// engine carries out requests, whatever they came over. It may be used from any goroutine.
type engine struct {
	cfg      Config // immutable
	instance string // tells our loop marks from other nodes'
	started  time.Time
	random   io.Reader // of keys
	warn     warner
	totals   totals
	pending  atomic.Int64 // requests under way

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
		cfg: cfg, instance: hex.EncodeToString(b[:]), started: time.Now(), random: rand.Reader,
		warn:    warner{log: cfg.Logger, seen: make(map[string]struct{})},
		calls:   make(map[string]*call),
		cookies: newCookies(cookieAge, cookieEntries, cookieBytes),
	}, nil
}

// request is one message on its way through.
type request struct {
	cookie  string
	enc     encoding
	options *options
	entry   *cookieEntry
	answer  func(reply []byte)
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
	e.mu.Lock()
	entry, reply := e.cookies.begin(cookieKey{client, cookie}, time.Now(), answer)
	e.mu.Unlock()
	if entry == nil {
		e.totals.duplicates.Add(1)
		if reply != nil {
			answer(reply)
		}
		return
	}
	e.pending.Add(1)
	r := &request{cookie: cookie, entry: entry, answer: answer}
	v, enc, err := decode(text)
	r.enc = enc
	if err != nil {
		e.totals.malformed.Add(1)
		e.finish(r, bencode.Value{}, err)
		return
	}
	r.options = parseOptions(v)
	r.options.room, r.options.enc = room-len(cookie)-1, enc
	e.warn.once("ng request has a key or flag that is not known", r.options.unknown)
	e.warn.once("ng request asks for something that is not done", r.options.ignored)
	e.dispatch(r)
}

// dispatch carries out what concerns no call, and hands the rest to the call's actor.
func (e *engine) dispatch(r *request) {
	o := r.options
	switch o.Command {
	case "ping":
		v := bencode.NewDict()
		v.SetString("result", "pong")
		e.totals.others.Add(1)
		e.finish(r, v, nil)
	case "list":
		e.totals.others.Add(1)
		e.finish(r, e.list(o), nil)
	case "statistics":
		e.totals.others.Add(1)
		e.finish(r, e.statistics(), nil)
	case "offer", "answer", "delete", "query":
		if err := o.complete(); err != nil {
			e.finish(r, bencode.Value{}, err)
			return
		}
		e.toCall(r)
	case "":
		e.finish(r, bencode.Value{}, noCommand)
	default:
		e.finish(r, bencode.Value{}, unknownCommand)
	}
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
			e.finish(r, bencode.Value{}, sessionLimit)
			return
		}
		c = e.newCall(o.CallID)
	}
	e.mu.Unlock()
	switch {
	case c != nil:
		if !c.queue.tryPost(func() { c.handle(r) }) {
			e.finish(r, bencode.Value{}, tooManyCalls)
		}
	case o.Command == "delete" && !o.Fatal:
		e.totals.deletes.Add(1)
		e.finish(r, warned(string(tagMismatch)), nil)
	case o.Command == "delete":
		e.finish(r, bencode.Value{}, tagMismatch)
	default:
		e.finish(r, bencode.Value{}, unknownCall)
	}
}

// newCall puts an empty call into the table. e.mu is held.
func (e *engine) newCall(id string) *call {
	now := time.Now()
	c := &call{engine: e, id: clone("", id), shard: -1, created: now, lastSignal: now}
	c.log = e.cfg.Logger.With("call_id", c.id)
	c.queue.panicked = c.panicked
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
			e.finish(r, bencode.Value{}, internalError)
		}
	}()
	var (
		v   bencode.Value
		err error
		now = time.Now()
	)
	switch r.options.Command {
	case "offer":
		e.totals.offers.Add(1)
		v, err = c.offer(r.options, now)
		c.end() // of a call that did not come to be
	case "answer":
		e.totals.answers.Add(1)
		v, err = c.answer(r.options, now)
		c.apply()
	case "delete":
		e.totals.deletes.Add(1)
		if v, err = c.delete(r.options); err == tagMismatch && !r.options.Fatal {
			v, err = warned(err.Error()), nil
		}
	case "query":
		e.totals.queries.Add(1)
		v = c.query(r.options)
	}
	finished = true
	e.finish(r, v, err)
}

// finish answers a request and the duplicates of it that came meanwhile.
func (e *engine) finish(r *request, v bencode.Value, err error) {
	if err != nil {
		v = e.failed(r, err)
	}
	reply := encode(r.cookie, r.enc, v)
	e.mu.Lock()
	waiting := e.cookies.finish(r.entry, reply, time.Now())
	e.mu.Unlock()
	e.pending.Add(-1)
	r.answer(reply)
	for _, answer := range waiting {
		answer(reply)
	}
}

// failed is the reply to what could not be done.
func (e *engine) failed(r *request, err error) bencode.Value {
	v := bencode.NewDict()
	if err == sessionLimit && r.options.LoadLimit {
		v.SetString("result", "load limit")
		v.SetString("message", err.Error())
		return v
	}
	e.totals.errors.Add(1)
	v.SetString("result", "error")
	v.SetString("error-reason", err.Error())
	return v
}

// place is where the leg towards a side belongs: the interface that the request names, else the one
// used before, else the usual one; and an address of the wanted family, if the interface has one.
func (e *engine) place(d *dialogue, side int, name string, wanted family) place {
	if !e.known(name) {
		switch name { // as names of families in scripts of old
		case "internal":
			wanted = wanted.or(ipv4)
		case "external":
			wanted = wanted.or(ipv6)
		case "":
		default:
			e.warn.once("ng request names an interface that is not configured", []string{name})
		}
		if name = d.sides[side].iface; name == "" {
			name = e.cfg.Interfaces[0].Name
		}
	}
	at, found := place{iface: name}, false
	for _, i := range e.cfg.Interfaces {
		if i.Name != name {
			continue
		}
		v6 := i.Address.Unmap().Is6()
		if match := v6 == (wanted == ipv6); match || !found {
			at.v6, found = v6, true
			if match {
				break
			}
		}
	}
	return at
}

// address is what peers are told of an interface that there is no leg on.
func (e *engine) address(at place) netip.Addr {
	for _, i := range e.cfg.Interfaces {
		if i.Name == at.iface && i.Address.Unmap().Is6() == at.v6 {
			if i.Advertise.IsValid() {
				return i.Advertise
			}
			return i.Address.Unmap().WithZone("")
		}
	}
	return netip.Addr{}
}

func (e *engine) known(name string) bool {
	for _, i := range e.cfg.Interfaces {
		if i.Name == name && name != "" {
			return true
		}
	}
	return false
}

// or is the family, or another where it is any.
func (f family) or(other family) family {
	if f == anyFamily {
		return other
	}
	return f
}

// latching is how a leg learns where its peer is. What a request says of asymmetry concerns its sender.
func (e *engine) latching(o *options, towardsSender bool) relay.Mode {
	if o.Asymmetric && towardsSender {
		return relay.Off
	}
	if mode, err := relay.ParseMode(o.Learning); o.Learning != "" && err == nil {
		return mode
	}
	return e.cfg.Latching
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
}
