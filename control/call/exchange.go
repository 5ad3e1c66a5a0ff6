package call

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidetone/control/cdr"
	"sidetone/control/media"
	"sidetone/control/sip"
	"sidetone/relay"
)

// Station is what calls need to know of a station.
type Station struct {
	Tel, Name string
	// Music is the class its held parties hear; "" is the hold tone.
	Music string
	// PhoneTone: the phone brings its own tone when it holds (tone_source: phone).
	PhoneTone bool
	// BehindNAT: the addresses in its SDP are not to be trusted.
	BehindNAT bool
	// Security is whether its media is SRTP.
	Security media.Security
	// Digits is how it sends and wants the keys of the dial pad.
	Digits Digits
}

// RoomConfig is a dial-in room.
type RoomConfig struct {
	Number  string
	Members int
}

// Timeouts end calls whose media has stopped; zero is never.
type Timeouts struct {
	NoMedia, OneWay, Hold time.Duration
	// Answer is how long a phone may ring.
	Answer time.Duration
}

// Feature is a code that stations dial. The INVITE is answered 480 whatever
// comes of it (SPEC S12).
type Feature interface {
	// Match says whether the dialled number is for this feature.
	Match(number string) bool
	// Dial acts for a station. It must not block: work on calls is posted to them.
	Dial(tel, number string)
}

// Watcher is told what happens to legs, on the queue of their call.
type Watcher interface {
	Answered(*Leg)
	Ended(*Leg)
}

// Config is what an Exchange is made of.
type Config struct {
	Media *media.Engine
	// Invite opens a dialog: (*sip.Stack).Invite.
	Invite func(sip.InviteRequest, sip.Actor, func(sip.Event)) (*sip.Dialog, error)
	// Lookup finds a station's contacts: (*sip.Registrar).Lookup.
	Lookup    func(tel string) []sip.Binding
	Stations  map[string]Station
	Rooms     []RoomConfig
	RoomMusic string
	Timeouts  Timeouts
	// Record takes a detail record of each ended call; nil keeps none.
	Record func(cdr.Record)
	// Now is the wall clock; nil is time.Now.
	Now    func() time.Time
	Logger *slog.Logger
}

// Exchange is all calls. It may be used from any goroutine.
type Exchange struct {
	cfg      Config
	features []Feature
	watchers []Watcher
	dialIn   map[string]*Room
	lines    lines
	byMedia  sync.Map // *relay.Leg -> *Leg
	panics   atomic.Uint64
	lastID   atomic.Uint64

	mu       sync.Mutex
	calls    map[string]*Call
	rooms    []*Room // made by features
	draining bool
	idle     chan struct{} // closed when draining and no call is left
}

// New makes an exchange. Features and watchers are added before the first call.
func New(cfg Config) *Exchange {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	x := &Exchange{cfg: cfg, calls: make(map[string]*Call), dialIn: make(map[string]*Room), idle: make(chan struct{})}
	for _, r := range cfg.Rooms {
		x.dialIn[r.Number] = x.NewRoom(r.Number, "", r.Members, nil)
	}
	return x
}

// AddFeature makes a code dialable.
func (x *Exchange) AddFeature(f Feature) { x.features = append(x.features, f) }

// Watch tells w what happens to legs.
func (x *Exchange) Watch(w Watcher) { x.watchers = append(x.watchers, w) }

// OnInvite takes an INVITE outside of dialogs; it is the stack's OnInvite.
func (x *Exchange) OnInvite(in *sip.Invite) {
	if x.Draining() {
		in.Reply(503, "", sip.Header{Name: "Retry-After", Value: "30"})
		return
	}
	account, ok := in.Authenticate()
	if !ok {
		return
	}
	number := in.Target().User
	for _, f := range x.features {
		if f.Match(number) {
			x.cfg.Logger.Info("feature code", "from", account.Tel, "code", number)
			f.Dial(account.Tel, number)
			in.Reply(480, "")
			return
		}
	}
	c := &Call{x: x, id: fmt.Sprintf("%x-%d", x.cfg.Now().Unix(), x.lastID.Add(1)), number: number, started: x.cfg.Now()}
	c.queue.OnPanic = c.panicked
	c.a = &Leg{call: c, id: c.id + "/a", tel: account.Tel, station: x.cfg.Stations[account.Tel], peer: in.Flow().Remote}
	if !x.add(c) {
		in.Reply(503, "", sip.Header{Name: "Retry-After", Value: "30"})
		return
	}
	c.publish()
	x.lines.add(c.a)
	x.cfg.Logger.Info("call", "call_id", c.id, "from", account.Tel, "to", number, "peer", c.a.peer.String())
	c.a.dialog = in.Accept(&c.queue, c.notify(c.a))
	offer := in.SDP()
	c.Post(func() { c.begin(offer) })
}

// Held is the leg on which a station put somebody on hold last, or nil.
func (x *Exchange) Held(tel string) *Leg { return x.lines.held(tel) }

// Legs are all legs of a station.
func (x *Exchange) Legs(tel string) []*Leg { return x.lines.of(tel) }

// MediaEvent takes what the relay reports; it does not block.
func (x *Exchange) MediaEvent(ev relay.Event) {
	v, ok := x.byMedia.Load(ev.Leg)
	if !ok {
		return
	}
	l := v.(*Leg)
	x.cfg.Logger.Info("media", "call_id", l.call.id, "leg", l.id, "event", ev.Kind.String(), "remote", ev.Remote.String(), "reason", ev.Reason)
	if ev.Kind == relay.TimedOut {
		l.call.Post(func() { l.call.mediaTimeout(l, ev.Reason) })
	}
}

// Shutdown refuses new calls, ends every running one with a BYE and waits for
// them to be gone or for stop.
func (x *Exchange) Shutdown(stop <-chan struct{}) {
	x.mu.Lock()
	if !x.draining {
		x.draining = true
		if len(x.calls) == 0 {
			close(x.idle)
		}
	}
	running := make([]*Call, 0, len(x.calls))
	for _, c := range x.calls {
		running = append(running, c)
	}
	x.mu.Unlock()
	for _, c := range running {
		c.Post(func() { c.end("", "shutdown") })
	}
	select {
	case <-x.idle:
	case <-stop:
	}
}

// Terminate ends a call for the operator; false when there is none of that id.
func (x *Exchange) Terminate(id string) bool {
	x.mu.Lock()
	c := x.calls[id]
	x.mu.Unlock()
	if c == nil {
		return false
	}
	c.Post(func() { c.end("", "terminated by the operator") })
	return true
}

// Draining: new calls are refused because the system stops.
func (x *Exchange) Draining() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.draining
}

func (x *Exchange) add(c *Call) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.draining {
		return false
	}
	x.calls[c.id] = c
	return true
}

func (x *Exchange) remove(c *Call) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, ok := x.calls[c.id]; !ok {
		return
	}
	delete(x.calls, c.id)
	if x.draining && len(x.calls) == 0 {
		close(x.idle)
	}
}

func (x *Exchange) room(number string) *Room { return x.dialIn[number] }

func (x *Exchange) rememberMedia(l *Leg) { x.byMedia.Store(l.media.Relay(), l) }
func (x *Exchange) forgetMedia(l *Leg)   { x.byMedia.Delete(l.media.Relay()) }

func (x *Exchange) legAnswered(l *Leg) {
	for _, w := range x.watchers {
		w.Answered(l)
	}
}

func (x *Exchange) legEnded(l *Leg) {
	for _, w := range x.watchers {
		w.Ended(l)
	}
}
