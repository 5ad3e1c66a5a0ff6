package call

import (
	"net/netip"
	"sync/atomic"
	"time"

	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/control/sip"
	"sidetone/control/trunk"
	"sidetone/mixer/record"
	"sidetone/relay"
)

// Leg is one phone in a call: its dialog and its media. Both roles have the
// same type; outgoing tells them apart.
type Leg struct {
	in       atomic.Pointer[Call] // legs change calls: move.go
	id       string
	tel      string
	station  Station
	outside  *outside     // the party at the far end of a trunk; nil = a station
	via      *trunk.Route // the way it was called, over a trunk
	since    time.Time    // when it was rung
	outgoing bool         // we called it
	private  bool         // it called and does not want to be shown
	away     bool         // it called from elsewhere than its station is registered from
	dialog   *sip.Dialog
	media    *media.Leg
	peer     netip.AddrPort // where its signalling comes from
	insist   func() error   // rings the phone again, with SRTP as the only choice or with the voice alone; nil = it had no other
	patience *time.Timer    // ends a hold that lasts too long

	answered  bool
	described bool          // its phone's SDP is known
	early     []byte        // the last SDP with which its phone rang
	lateOffer bool          // our 2xx carried the offer; the answer comes in the ACK
	offered   sdp.Direction // what the phone asked for in the last offer of its own
	heldAt    time.Time
	resumedAt time.Time
	offering  bool        // an offer of ours is on its way
	asking    *time.Timer // its phone's offer waits until the other one has been asked: ask.go; nil: none does
	room      *Room
	keypad    keypad
	track     *record.Track // its channel of the call's recording
	port      bool          // an MGI port is counted for it
	gone      bool
	rang      bool           // its phone said that it rings
	stands    *Leg           // it rings to take the place of this one, which has held for too long
	referral  *referral      // what its phone asked for with its last REFER
	before    relay.LegStats // what it saw in calls it has left

	published atomic.Pointer[LegState]
}

// LegState is what others may know of a leg without asking its call.
type LegState struct {
	Answered bool
	Ringing  bool // we called it for a caller, and it has not answered
	InRoom   bool
	Holding  bool
	HeldAt   time.Time // when Holding
	Resumed  time.Time // when it last ceased to hold
	Outgoing bool
}

// Tel is the station's number.
func (l *Leg) Tel() string { return l.tel }

// Call is the call the leg is in at this moment.
func (l *Leg) Call() *Call { return l.in.Load() }

// Do runs fn on the queue of the call the leg is in, wherever it has gone by then; or lost, which may be nil, when the
// leg has ended.
func (l *Leg) Do(fn func(*Call), lost func()) {
	c := l.Call()
	c.queue.Post(func() {
		switch {
		case l.Call() != c:
			l.Do(fn, lost)
		case !l.gone && !c.ended:
			fn(c)
		case lost != nil:
			lost()
		}
	})
}

// State is the leg's state as last published.
func (l *Leg) State() LegState {
	if s := l.published.Load(); s != nil {
		return *s
	}
	return LegState{}
}

// holding: the phone has put the other party on hold (sendonly, recvonly,
// inactive or c=0.0.0.0 in an offer of its own; SPEC S10).
func (l *Leg) holding() bool { return l.offered != sdp.SendRecv }

// listens and says: what the phone itself asked to do.
func (l *Leg) listens() bool { return l.offered.Recv() }
func (l *Leg) says() bool    { return l.offered.Send() }

// live: the leg can be told and sent things.
func (l *Leg) live() bool { return l != nil && !l.gone && l.described }

func (l *Leg) publish() {
	l.published.Store(&LegState{
		Answered: l.answered, Ringing: l.outgoing && !l.answered && !l.gone && l.stands == nil, InRoom: l.room != nil,
		Holding: l.holding() && l.Call().machine == nil, HeldAt: l.heldAt, Resumed: l.resumedAt, Outgoing: l.outgoing,
	})
}
