package call

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidetone/control/cdr"
	"sidetone/control/media"
	"sidetone/control/sip"
	"sidetone/control/trunk"
	"sidetone/mixer/record"
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
	// Group is its pickup group.
	Group string
	// Unreachable is where its calls go while it is not registered; "" is nowhere.
	Unreachable string
	// TransferOnHangup: with one call on hold, ending the other one joins the two.
	TransferOnHangup bool
	// CallWaiting: it rings although it has a call.
	CallWaiting bool
	// Recorded: all its calls are, and the rooms it is in.
	Recorded bool
	// Before is put before the caller id of trunk calls to it, Outward before the long numbers it dials (Insert Trunk Port).
	Before, Outward string
}

// RoomConfig is a dial-in room.
type RoomConfig struct {
	Number  string
	PIN     string // asked for; "" = everybody may enter
	Members int
	Tones   bool // heard when somebody comes or goes
	// Recorded: it is, from the first member on.
	Recorded bool
}

// Timeouts end calls whose media has stopped; zero is never.
type Timeouts struct {
	NoMedia, OneWay, Hold time.Duration
	// Answer is how long a phone may ring.
	Answer time.Duration
	// NoAnswer is how long a phone rings before its no-answer forward is followed.
	NoAnswer time.Duration
	// TransferRecall, ParkRecall and HoldRecall are how long a transferred, parked or held party waits before who left
	// it there is rung; zero HoldRecall is never.
	TransferRecall, ParkRecall, HoldRecall time.Duration
}

// Feature is a code that stations dial. The INVITE is answered 480 whatever
// comes of it (SPEC S12).
type Feature interface {
	// Match says whether the dialled number is for this feature.
	Match(number string) bool
	// Dial acts for a station. It must not block: work on calls is posted to them.
	Dial(tel, number string)
}

// Taker is a Feature for which somebody is on hold, and to which a party can be transferred by REFER instead.
type Taker interface {
	Feature
	TakesParty()
}

// Service is a code whose call is connected: it is dialled to get at somebody else's call.
type Service interface {
	Match(number string) bool
	// Serve finds the caller, who has not been answered, somebody to talk to. It is called on the queue of the call; when
	// there is nobody, or the party is gone by the time, it calls Decline.
	Serve(caller *Leg, number string)
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
	Lookup func(tel string) []sip.Binding
	// Dialog finds a dialog by Call-ID and our tag: (*sip.Stack).Dialog.
	Dialog func(callID, localTag string) (*sip.Dialog, bool)
	// Trunks are the ways out of the house; nil is none. FlowTo opens one: (*sip.Stack).FlowTo.
	Trunks *trunk.Table
	FlowTo func(sip.Hop) (sip.Flow, error)
	// Refused is told of calls that are turned away for what they may not do or for want of capacity:
	// (*sip.Stack).NoteAccess; nil tells nobody.
	Refused func(ip netip.Addr, callerID, reason string)
	// Direct: stations of one private network talk without us (media.path: auto).
	Direct bool
	// MPS and MGI are how many calls may be relayed, and legs decoded, at a time; 0 is any number.
	MPS, MGI int
	// Bury ends a dialog of before a restart: (*sip.Stack).Bury; nil leaves it.
	Bury func(o sip.Orphan, reason string) error
	// Settings are what a station has set; nil is nothing. It must not block.
	Settings func(tel string) Settings
	// Forwards is how often a call may be forwarded.
	Forwards int
	Stations map[string]Station
	Groups   []GroupConfig
	Rooms    []RoomConfig
	// Factory is what phones call to make a conference, of so many members; "" = nothing. RoomChanged (may be nil) is told of a room in
	// which something has changed; it must not block.
	Factory        string
	FactoryMembers int
	RoomChanged    func(id string)
	RoomMusic      string
	// Talk is sent who begins and ceases to talk in a room, for Talker; nil for nobody. What finds it full is lost.
	Talk     chan<- media.RoomEvent
	Timeouts Timeouts
	// StartRecording begins a recording of a name, a sample rate and so many channels: (*recordings.Keeper).Start; nil keeps none.
	StartRecording func(name string, rate, tracks int) (*record.Recorder, error)
	// Recorded: all calls and rooms are.
	Recorded bool
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
	services []Service
	machines []Service // those that calls may be forwarded to
	watchers []Watcher
	dialIn   map[string]*Room
	groups   map[string]*group
	lines    lines
	byMedia  sync.Map // id -> *Leg
	byDialog sync.Map // *sip.Dialog -> *Leg
	mps, mgi gauge
	panics   atomic.Uint64
	lastID   atomic.Uint64

	mu       sync.Mutex
	calls    map[string]*Call
	rooms    []*Room                  // made by features
	air      map[netip.AddrPort]*Room // pages under way
	draining bool
	idle     chan struct{} // closed when draining and no call is left
}

// New makes an exchange. Features and watchers are added before the first call.
func New(cfg Config) *Exchange {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	x := &Exchange{cfg: cfg, calls: make(map[string]*Call), dialIn: make(map[string]*Room), groups: make(map[string]*group), air: make(map[netip.AddrPort]*Room), idle: make(chan struct{})}
	x.mps.limit, x.mgi.limit = int64(cfg.MPS), int64(cfg.MGI)
	for _, g := range cfg.Groups {
		x.groups[g.Number] = &group{GroupConfig: g}
	}
	for _, r := range cfg.Rooms {
		x.dialIn[r.Number] = x.openRoom(r)
	}
	return x
}

// AddFeature makes a code dialable.
func (x *Exchange) AddFeature(f Feature) { x.features = append(x.features, f) }

// AddService makes a code dialable whose call is connected.
func (x *Exchange) AddService(s Service) { x.services = append(x.services, s) }

// AddDestination makes a code dialable at which something of ours answers; calls may be forwarded to it.
func (x *Exchange) AddDestination(s Service) { x.machines = append(x.machines, s) }

// Watch tells w what happens to legs.
func (x *Exchange) Watch(w Watcher) { x.watchers = append(x.watchers, w) }

// OnInvite takes an INVITE outside of dialogs; it is the stack's OnInvite.
func (x *Exchange) OnInvite(in *sip.Invite) {
	if x.Draining() {
		in.Refuse(503, "", sip.Header{Name: "Retry-After", Value: "30"})
		return
	}
	if from, ok := x.cfg.Trunks.In(in.Flow(), in.Target().User); ok {
		x.fromTrunk(in, from)
		return
	}
	account, ok := in.Authenticate()
	if !ok {
		return
	}
	number := x.meant(in.Target().User)
	rep, replaces, err := in.Replaces()
	if err != nil {
		in.Reply(400, "Bad Replaces")
		return
	}
	station, away := x.cfg.Stations[account.Tel], !in.Registered()
	f := x.feature(number)
	if f == nil || replaces {
		f, number = nil, x.outward(station, number)
	}
	if away && (f != nil || replaces || x.reserved(number)) {
		x.note(in.Flow().Remote, account.Tel, "station feature or trunk from an unregistered address")
		in.Reply(403, "")
		return
	}
	if f != nil {
		x.act(f, account.Tel, number)
		in.Reply(480, "")
		return
	}
	x.begin(in, &Leg{tel: account.Tel, station: station, private: in.Private(), away: away}, x.shown(number), func(c *Call) {
		switch s := x.service(number); {
		case replaces:
			c.takeOverBy(c.a, rep)
		case s != nil:
			s.Serve(c.a, number)
		default:
			c.dial(number)
		}
	})
}

// reserved: what the number leads to is not for a station that calls from elsewhere than it is registered from, though it has the
// password (SPEC S8): more than rooms, groups and other stations.
func (x *Exchange) reserved(number string) bool {
	if x.service(number) != nil || x.destination(number) != nil || number == x.cfg.Factory {
		return true
	}
	_, out := x.cfg.Trunks.Out(number)
	return out && !x.Known(number)
}

// begin makes a call of an INVITE; then decides on its queue where it goes. number is what may be shown of what was dialled.
func (x *Exchange) begin(in *sip.Invite, l *Leg, number string, then func(*Call)) {
	c := x.newCall(l.tel, number)
	l.id, l.peer = c.id+"/a", in.Flow().Remote
	l.in.Store(c)
	c.a, c.hops = l, in.Hops()+1
	if l.outside != nil {
		c.passed = in.Headers("Diversion")
	}
	if !x.add(c) {
		in.Reply(503, "", sip.Header{Name: "Retry-After", Value: "30"})
		return
	}
	c.publish()
	x.lines.add(l)
	x.cfg.Logger.Info("call", "call_id", c.id, "from", l.tel, "to", number, "peer", l.peer.String())
	offer := in.SDP()
	if l.dialog = in.Accept(&c.queue, x.notify(l)); l.dialog == nil { // the stack was closed meanwhile
		c.Post(func() { c.end("", "stopped") })
		return
	}
	x.byDialog.Store(l.dialog, l)
	c.Post(func() { c.begin(offer, func() { then(c) }) })
}

// note tells of a call that was turned away.
func (x *Exchange) note(from netip.AddrPort, callerID, reason string) {
	if x.cfg.Refused != nil {
		x.cfg.Refused(from.Addr(), callerID, reason)
	}
}

// newCall makes a call that nobody is in yet.
func (x *Exchange) newCall(from, number string) *Call {
	now := x.cfg.Now()
	c := &Call{x: x, id: fmt.Sprintf("%x-%d", now.Unix(), x.lastID.Add(1)), from: from, number: number, started: now}
	c.queue.OnPanic = c.panicked
	return c
}

// feature is what a number is a code of, nil when it is none.
func (x *Exchange) feature(number string) Feature {
	for _, f := range x.features {
		if f.Match(number) {
			return f
		}
	}
	return nil
}

// act does what a station has dialled a code for.
func (x *Exchange) act(f Feature, tel, number string) {
	x.cfg.Logger.Info("feature code", "from", tel, "code", number)
	f.Dial(tel, number)
}

func (x *Exchange) service(number string) Service {
	for _, s := range x.services {
		if s.Match(number) {
			return s
		}
	}
	return nil
}

func (x *Exchange) destination(number string) Service {
	for _, s := range x.machines {
		if s.Match(number) {
			return s
		}
	}
	return nil
}

// Held is the leg on which a station put somebody on hold last, or nil.
func (x *Exchange) Held(tel string) *Leg { return x.lines.held(tel, nil) }

// HeldApart is Held without those in a conference.
func (x *Exchange) HeldApart(tel string) *Leg {
	return x.lines.held(tel, func(l *Leg) bool { return !l.State().InRoom })
}

// Ringing are the legs that ring at the stations that are meant, the longest first.
func (x *Exchange) Ringing(meant func(tel string) bool) []*Leg { return x.lines.ringing(meant) }

// Known: the number can be called: a station's, a group's, a room's, a machine's.
func (x *Exchange) Known(number string) bool {
	_, ok := x.cfg.Stations[number]
	return ok || x.room(number) != nil || x.groups[number] != nil || x.destination(number) != nil
}

// Reaches: calls may be forwarded there: a station, a room, or a number over a trunk that no auth code has to open.
func (x *Exchange) Reaches(number string) bool {
	if x.Known(number) {
		return true
	}
	p, ok := x.cfg.Trunks.Out(number)
	return ok && p.Code != 403 && p.Number == number
}

// Station is what is known of a station.
func (x *Exchange) Station(tel string) (Station, bool) {
	s, ok := x.cfg.Stations[tel]
	return s, ok
}

// Legs are all legs of a station.
func (x *Exchange) Legs(tel string) []*Leg { return x.lines.of(tel) }

// MediaEvent takes what the relay reports; it does not block.
func (x *Exchange) MediaEvent(ev relay.Event) {
	id, _, _ := strings.Cut(ev.Leg.ID(), media.IDSeparator)
	v, ok := x.byMedia.Load(id)
	if !ok {
		return
	}
	l := v.(*Leg)
	x.cfg.Logger.Info("media", "call_id", l.Call().id, "leg", l.id, "event", ev.Kind.String(), "remote", ev.Remote.String(), "reason", ev.Reason)
	switch ev.Kind {
	case relay.TimedOut:
		l.Do(func(c *Call) { c.mediaStopped(l, ev.Reason) }, nil)
	case relay.Failed:
		l.Do(func(c *Call) { c.mediaFailed(l, ev) }, nil)
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

// room is what a number leads into: a dial-in room, or a conference that a phone has made.
func (x *Exchange) room(number string) *Room {
	if r, ok := x.Room(number); ok && r.focus {
		return r
	}
	return nil
}

func (x *Exchange) rememberMedia(l *Leg) { x.byMedia.Store(l.id, l) }
func (x *Exchange) forgetMedia(l *Leg)   { x.byMedia.Delete(l.id) }

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
