package media

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"sidetone/codecs"
	"sidetone/control/sdp"
	"sidetone/relay"
)

// ErrNotAcceptable is returned for a description that has no audio stream or no
// codec we could take part in; SIP answers it with 488.
var ErrNotAcceptable = errors.New("no acceptable audio")

// IDSeparator stands in the name of a relay leg between that of the Leg and what its section carries.
const IDSeparator = "#"

// Leg is one media endpoint: our ports, what was agreed about them, and what
// its phone hears. It belongs to one actor.
type Leg struct {
	channel   // the voice
	engine    *Engine
	ports     relay.LegConfig // how its ports are opened
	peer      netip.Addr      // where its signalling comes from
	behindNAT bool
	addr      netip.Addr // what we call ourselves in SDP
	security  Security
	trouble   func(error)

	// What was said and agreed: describe.go.
	extras    []*extra
	origin    sdp.Origin
	described []byte       // our last description, without regard to its version
	stated    *sdp.Session // the same
	ours      *sdp.Session // the last one that was agreed
	theirs    *sdp.Session
	before    accord      // what stands if the phone's offer cannot be answered
	undo      []statement // what stands if our offer is refused; nil: there is none

	// What happens on it; see plan.go.
	to     *Leg
	from   *Leg // the leg whose to this is
	poured struct {
		local, remote []sdp.Codec       // what the translation of to was made from
		how           *relay.PayloadMap // the translation
		silent        bool              // without the keys
	}
	wish    codecs.Wish // in which mode its phone wants to be sent to
	hearing *listening
	seat    *seat
	ear     ear
	splice  *splice // nil until a key had to be put in or taken out of what the phone hears
	retuned bool    // what we send to the phone changed since hearing or seat was made
}

// Local is what our side of a description should say.
type Local struct {
	Codecs    []sdp.Codec
	Direction sdp.Direction
	// At is where the phone is to send instead of to us; the zero Place is our ports.
	At Place
	// Silent is without the voice: the call has other sections only.
	Silent bool
	// Sections are those besides the voice; what is not there is refused, or taken out.
	Sections []Section
}

// Here is the same with our ports everywhere.
func (w Local) Here() Local {
	w.At, w.Sections = Place{}, slices.Clone(w.Sections)
	for i := range w.Sections {
		w.Sections[i].At = Place{}
	}
	return w
}

// Shard is where the leg lives.
func (l *Leg) Shard() int { return l.relay.Shard() }

// Relay is the data plane's side of the leg.
func (l *Leg) Relay() *relay.Leg { return l.relay }

// Told is the direction our last description carried.
func (l *Leg) Told() sdp.Direction { return l.told }

// Described are the codecs of our last description.
func (l *Leg) Described() []sdp.Codec { return l.local }

// Remote are the codecs of the phone's last description; none before it.
func (l *Leg) Remote() []sdp.Codec { return l.agreed.remote }

// SetTimeouts changes after how long without media the relay reports the leg; 0 is never. What counts is the voice, and in a call
// without it the first of the other sections.
func (l *Leg) SetTimeouts(noMedia, oneWay time.Duration) {
	if l.agreed.live || l.theirs == nil {
		l.relay.SetTimeouts(noMedia, oneWay)
		return
	}
	l.relay.SetTimeouts(0, 0)
	for _, x := range l.extras {
		if x.up() {
			x.relay.SetTimeouts(noMedia, oneWay)
			return
		}
	}
}

// Close gives the ports back; a leg that spoke to this one falls silent.
func (l *Leg) Close() error {
	err := l.retreat(Plan{})
	if l.from != nil {
		err = errors.Join(err, l.from.mute())
	}
	for _, x := range l.extras {
		x.close()
	}
	l.relay.Close()
	return err
}
