package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"

	"sidetone/bench/audio"
)

// State is how far a call has come.
type State int

// The states in their order.
const (
	Calling  State = iota // INVITE sent or received, nothing said yet
	Ringing               // 180 or 183
	Answered              // 200
	Ended
)

func (s State) String() string { return [...]string{"calling", "ringing", "answered", "ended"}[s] }

// Status is a call's state as its phone knows it.
type Status struct {
	State  State
	Code   int    // the final or latest answer to the INVITE
	Reason string // its phrase, or why the call ended
	ByPeer bool   // the other side ended it
	Early  bool   // media was agreed before the answer
	OnHold bool   // this phone holds
	Held   bool   // the peer holds this phone
}

// Call is one line of a phone. Its methods may be called from any goroutine.
type Call struct {
	// immutable
	phone    *Phone
	callID   string
	incoming bool
	media    *stream

	// owned by the actor: the dialog (dialog.go) and its offers (reinvite.go)
	localTag, remoteTag  string
	local, remote        sip.Uri
	target               sip.Uri
	focus                bool // target is a conference's
	routes               []string
	destination          string
	sequence             uint32
	remoteSequence       uint32
	inviteSequence       uint32                         // of our latest acknowledged INVITE
	ack                  *sip.Request                   // its ACK, for a repeated 2xx
	invite               *serverTransaction             // the peer's latest INVITE
	lent                 func(answer []byte, err error) // the INVITE offers somebody else's description; nil: its own
	dialling             *exchange                      // our first INVITE while it is unanswered
	cancelled, cancelOut bool
	session, version     uint64
	want                 direction // what this phone wants to do
	zero                 bool      // and whether it says so by c=0.0.0.0
	peer                 description
	keying               keying
	channels             []*channel // besides the voice: section.go
	silent               bool       // without the voice
	lines                []string   // the media of the session's m= lines
	theirs               []mline    // the other side's latest
	offering             bool       // an offer of ours is unanswered
	offered              bool       // our offer went out in an answer; the ACK carries theirs

	first *sip.Request // the INVITE of an incoming call

	// guarded by phone.mu
	status      Status
	notes       []Note
	provisional []int  // codes heard
	transfer    []int  // codes of NOTIFYs
	why         string // Reason of what ended the call
	display     string // who is shown as the other party
	updates     int    // UPDATEs and re-INVITEs that came
}

// ID returns the Call-ID.
func (c *Call) ID() string { return c.callID }

// Phone returns the phone whose line this is.
func (c *Call) Phone() *Phone { return c.phone }

// Incoming says whether the other side called.
func (c *Call) Incoming() bool { return c.incoming }

// From returns the user part of the caller's URI, for a call of this phone's own its number.
func (c *Call) From() string {
	if c.incoming {
		return c.remote.User
	}
	return c.local.User
}

// Display returns what the phone shows of the other party: what P-Asserted-Identity (RFC 3325) said last, as it came; "" while
// nothing has come.
func (c *Call) Display() string {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	return c.display
}

// Updates is how many UPDATEs and re-INVITEs of the other side came.
func (c *Call) Updates() int {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	return c.updates
}

// shows takes the other party's identity from a message, where it has one.
func (c *Call) shows(m sip.Message) {
	for _, h := range m.GetHeaders("P-Asserted-Identity") {
		c.phone.update(func() { c.display = h.Value() })
	}
}

// Status returns the call's present state.
func (c *Call) Status() Status {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	return c.status
}

// Wait blocks until ready is true of the call's status; it must not call back.
func (c *Call) Wait(ctx context.Context, ready func(Status) bool) (Status, error) {
	var status Status
	err := c.phone.wait(ctx, func() bool { status = c.status; return ready(status) })
	if err != nil {
		return status, fmt.Errorf("phone %s: call %s: %w", c.phone.cfg.Tel, status.State, err)
	}
	return status, nil
}

// WaitRinging waits until the call rings or was answered. A call that ended first is a *Failure.
func (c *Call) WaitRinging(ctx context.Context) error { return c.waitFor(ctx, Ringing) }

// WaitAnswered waits until the call was answered. A call that ended first is a *Failure.
func (c *Call) WaitAnswered(ctx context.Context) error { return c.waitFor(ctx, Answered) }

func (c *Call) waitFor(ctx context.Context, state State) error {
	status, err := c.Wait(ctx, func(s Status) bool { return s.State >= state })
	if err == nil && status.State == Ended {
		return &Failure{Method: "INVITE", Code: status.Code, Reason: status.Reason}
	}
	return err
}

// WaitEnded waits until the call is over and returns how it ended.
func (c *Call) WaitEnded(ctx context.Context) (Status, error) {
	return c.Wait(ctx, func(s Status) bool { return s.State == Ended })
}

// set changes the status and wakes those who wait.
func (c *Call) set(change func(*Status)) { c.phone.update(func() { change(&c.status) }) }

// end closes the call's media and files it, once.
func (c *Call) end(final Status) {
	if c.phone.calls[c.callID] != c {
		return
	}
	delete(c.phone.calls, c.callID)
	c.media.close()
	for _, ch := range c.channels {
		ch.conn.Close()
	}
	c.phone.log.Debug("call ended", "call_id", c.callID, "code", final.Code, "reason", final.Reason)
	c.phone.update(func() {
		c.status = final
		for i, other := range c.phone.all {
			if other == c {
				c.phone.all = append(c.phone.all[:i:i], c.phone.all[i+1:]...)
				break
			}
		}
	})
}

// LocalRTP returns where this call listens for audio.
func (c *Call) LocalRTP() netip.AddrPort { return c.media.local }

// Stats returns the counters of the call's media.
func (c *Call) Stats() Stats { return c.media.snapshot() }

// Suite returns the SRTP crypto suite that the voice is encrypted with, "" for plain RTP.
func (c *Call) Suite() string {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.vault.local.suite
}

// LastSent returns the latest voice packet as it left.
func (c *Call) LastSent() []byte {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return slices.Clone(c.media.last)
}

// Inject sends a datagram from the call's own RTP port to where its voice goes, as somebody behind the same address could.
func (c *Call) Inject(b []byte) error {
	c.media.mu.Lock()
	remote := c.media.remote
	c.media.mu.Unlock()
	_, err := c.media.rtp.WriteToUDPAddrPort(b, remote)
	return err
}

// Mute stops (or resumes) sending without telling anybody.
func (c *Call) Mute(mute bool) { c.media.mute.Store(mute) }

// Say speaks pcm (8 kHz) over the tone and returns the moment its first sample was spoken, which is
// one packet length before it was sent.
func (c *Call) Say(ctx context.Context, pcm []int16) (time.Time, error) { return c.media.say(ctx, pcm) }

// Heard returns what was heard from one moment to another, at 8 kHz, silence where nothing was. What
// has not yet arrived or been played is silence too: Hear waits for it.
func (c *Call) Heard(from, to time.Time) []int16 {
	return c.media.recorder.between(from.Round(0), to.Round(0))
}

// Hear listens for d from now and returns what was heard.
func (c *Call) Hear(ctx context.Context, d time.Duration) ([]int16, error) {
	from := time.Now()
	timer := time.NewTimer(d + c.phone.cfg.Playout + 20*time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return c.Heard(from, from.Add(d)), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.phone.done:
		return nil, ErrClosed
	}
}

// Listen is Hear, judged for tones.
func (c *Call) Listen(ctx context.Context, d time.Duration, tones []audio.Tone) (audio.Hearing, error) {
	pcm, err := c.Hear(ctx, d)
	if err != nil {
		return audio.Hearing{}, err
	}
	return audio.Listen(pcm, rate, tones), nil
}

// Hangup ends the call as its state demands: BYE, CANCEL, or 603 to a call that rings here. It returns
// when the other side has agreed; ending what has ended is no error.
func (c *Call) Hangup(ctx context.Context) error {
	if err := c.phone.do(ctx, c.hangup); err != nil {
		return fmt.Errorf("phone %s: hang up: %w", c.phone.cfg.Tel, err)
	}
	return nil
}

// hangup runs on the actor; finish may be nil.
func (c *Call) hangup(finish func(error)) {
	if finish == nil {
		finish = func(error) {}
	}
	switch c.Status().State {
	case Ended:
		finish(nil)
	case Answered:
		c.bye(finish)
	default:
		if c.incoming {
			c.reject(603)
			finish(nil)
			return
		}
		c.cancel()
		c.phone.media.Go(func() { // ends with the call or the phone, whose Run waits for it
			_, err := c.WaitEnded(context.Background())
			if errors.Is(err, ErrClosed) {
				err = nil
			}
			finish(err)
		})
	}
}

// Cancel withdraws a call of this phone's own that is not answered; Hangup does, too.
func (c *Call) Cancel(ctx context.Context) error { return c.Hangup(ctx) }
