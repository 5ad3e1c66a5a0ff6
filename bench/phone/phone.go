package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ErrClosed says that the phone is not running any more.
var ErrClosed = errors.New("phone: closed")

// seenKept requests a phone remembers: with the descriptions of their calls they are what a phone of many calls holds most of.
const seenKept = 200

// Seen is a request that came from the network.
type Seen struct {
	At     time.Time
	Method string
	CallID string
	Body   string
}

// Phone is one phone with any number of lines.
type Phone struct {
	// immutable after New
	cfg  Config
	log  *slog.Logger
	wire *wire
	done chan struct{} // closed by Close

	closing  sync.Once
	policy   atomic.Int32
	vanished atomic.Bool
	media    sync.WaitGroup // goroutines of the streams

	queueMu sync.Mutex // guards queue
	queue   []func()
	wake    chan struct{}

	// owned by the actor, the goroutine in Run
	clients      map[string]*clientTransaction
	servers      map[string]*serverTransaction
	calls        map[string]*Call // by Call-ID
	challenge    *challenge
	registration registration

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	all     []*Call // calls of this phone that have not ended
	arrived []*Call // incoming calls that no script has taken yet
	seen    []Seen
	notices []Notice
	pauses  []pause
	grant   time.Duration // current registration, 0 = none
}

// New opens the phone's SIP socket. Run brings it to life, Close ends it.
func New(cfg Config) (*Phone, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Phone{
		cfg:     cfg,
		log:     cfg.Logger.With("phone", cfg.Tel),
		done:    make(chan struct{}),
		wake:    make(chan struct{}, 1),
		clients: map[string]*clientTransaction{},
		servers: map[string]*serverTransaction{},
		calls:   map[string]*Call{},
		changed: make(chan struct{}),
	}
	p.policy.Store(int32(cfg.Incoming))
	p.wire, err = openWire(cfg.Transport, cfg.Address, func(m sip.Message, source string) {
		p.post(func() { p.receive(m, source) })
	})
	if err != nil {
		return nil, fmt.Errorf("phone %s: %w", cfg.Tel, err)
	}
	return p, nil
}

// Run is the phone's actor: it works until ctx ends or Close is called, and waits for all goroutines
// of the phone. It does not hang up or unregister: that is the script's to do.
func (p *Phone) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.Close() })
	defer stop()
	p.wire.run()
	for {
		select {
		case <-p.wake:
			for _, fn := range p.take() {
				fn()
			}
		case <-p.done:
			for _, c := range p.calls {
				c.end(Status{State: Ended, Reason: ErrClosed.Error()})
			}
			p.wire.close()
			p.media.Wait()
			return nil
		}
	}
}

// Close stops Run and releases the sockets. It may be called more than once.
func (p *Phone) Close() error {
	p.closing.Do(func() { close(p.done) })
	p.wire.close()
	return nil
}

// post queues fn for the actor.
func (p *Phone) post(fn func()) {
	p.queueMu.Lock()
	p.queue = append(p.queue, fn)
	p.queueMu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *Phone) take() []func() {
	p.queueMu.Lock()
	defer p.queueMu.Unlock()
	queue := p.queue
	p.queue = nil
	return queue
}

// after queues fn for the actor in d; stop it by the timer.
func (p *Phone) after(d time.Duration, fn func()) *time.Timer {
	return time.AfterFunc(d, func() { p.post(fn) })
}

// do runs start on the actor and waits until it, or what it left behind, calls finish.
func (p *Phone) do(ctx context.Context, start func(finish func(error))) error {
	result := make(chan error, 1)
	p.post(func() {
		start(func(err error) {
			select {
			case result <- err:
			default: // the first answer counts
			}
		})
	})
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
		return ErrClosed
	}
}

// wait blocks until ready, which is called with mu held, is true.
func (p *Phone) wait(ctx context.Context, ready func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := ready(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			return ErrClosed
		}
	}
}

// update changes what mu guards and wakes everybody who waits.
func (p *Phone) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// Tel returns the phone's number.
func (p *Phone) Tel() string { return p.cfg.Tel }

// Tone returns the frequency in Hz that the phone speaks.
func (p *Phone) Tone() float64 { return p.cfg.Tone }

// Address returns the phone's SIP address.
func (p *Phone) Address() netip.AddrPort { return p.wire.local }

// URI returns the address at which the phone can be dialled without a server.
func (p *Phone) URI() string { return p.contact().String() }

// SetIncoming changes what the phone does with calls that arrive from now on.
func (p *Phone) SetIncoming(policy Policy) { p.policy.Store(int32(policy)) }

// Calls returns the calls that have not ended.
func (p *Phone) Calls() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// WaitIncoming returns the next incoming call that was not yet returned, ringing or further.
func (p *Phone) WaitIncoming(ctx context.Context) (*Call, error) {
	var call *Call
	err := p.wait(ctx, func() bool {
		if len(p.arrived) > 0 {
			call, p.arrived = p.arrived[0], p.arrived[1:]
		}
		return call != nil
	})
	if err != nil {
		return nil, fmt.Errorf("phone %s: waiting for a call: %w", p.cfg.Tel, err)
	}
	return call, nil
}

// Seen returns the requests that came so far, also those that came after Vanish; the last seenKept.
func (p *Phone) Seen() []Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// WaitSeen waits for a request of that method with a Call-ID of c that came after since.
func (p *Phone) WaitSeen(ctx context.Context, method string, c *Call, since time.Time) (Seen, error) {
	var found Seen
	err := p.wait(ctx, func() bool {
		i := slices.IndexFunc(p.seen, func(s Seen) bool {
			return s.Method == method && s.CallID == c.callID && s.At.After(since)
		})
		if i >= 0 {
			found = p.seen[i]
		}
		return i >= 0
	})
	return found, err
}

// pause is a frame that the phone itself spoke too late.
type pause struct {
	at   time.Time
	late time.Duration
}

// note files how late a frame is spoken; a millisecond or ten is usual.
func (p *Phone) note(late time.Duration) {
	if late < 10*time.Millisecond {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pauses = append(p.pauses, pause{time.Now(), late})
	if len(p.pauses) > 1000 {
		p.pauses = p.pauses[1:]
	}
}

// Paused returns the longest time by which the phone itself spoke a frame late between two moments:
// holes of that length are the machine's, not the system's under test. Up to 10 ms count as none.
func (p *Phone) Paused(from, to time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	for _, q := range p.pauses {
		if q.at.After(from) && q.at.Before(to) {
			longest = max(longest, q.late)
		}
	}
	return longest
}

// Vanish makes the phone fall silent without a word, as if its cable was pulled: nothing is sent,
// nothing that arrives is answered. What arrives is still counted and listed by Seen.
func (p *Phone) Vanish() { p.vanished.Store(true) }

// Revive plugs the cable in again.
func (p *Phone) Revive() { p.vanished.Store(false) }

// receive handles one message, in network order.
func (p *Phone) receive(m sip.Message, source string) {
	if request, ok := m.(*sip.Request); ok {
		s := Seen{At: time.Now(), Method: string(request.Method), Body: string(request.Body())}
		if id := request.CallID(); id != nil {
			s.CallID = id.Value()
		}
		p.update(func() {
			p.seen = append(p.seen, s)
			if len(p.seen) > seenKept {
				p.seen = p.seen[1:]
			}
		})
	}
	if p.vanished.Load() {
		return
	}
	switch m := m.(type) {
	case *sip.Request:
		p.receiveRequest(m, source)
	case *sip.Response:
		p.receiveResponse(m)
	}
}

// send puts a message on the wire, unless the phone has vanished.
func (p *Phone) send(m sip.Message, destination string) {
	if p.vanished.Load() {
		return
	}
	if err := p.wire.send(m, destination); err != nil {
		p.log.Warn("send failed", "peer", destination, "err", err)
	}
}
