package sip

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// Config is what New needs; zero values mean the defaults stated.
type Config struct {
	// Listen holds strings as ParseListen takes them: "udp:0.0.0.0:5060", "tcp:[::]:5060", "tls:0.0.0.0:5061".
	Listen []string
	// TLS serves tls addresses; required when Listen has one. LoadTLS makes it, and TLSClient, of files.
	TLS *tls.Config
	// TLSClient is for connections of ours to a peer whose certificate must be for that name; default TLS with the name.
	TLSClient func(name string) *tls.Config
	// Realm of digest challenges; default "sidetone".
	Realm string
	// UserAgent is the Server and User-Agent header; default "sidetone".
	UserAgent string
	// DSCP marks signalling packets; 0 means 24 (CS3), -1 leaves them alone.
	DSCP   int
	Timers Timers
	// Resolver looks up the names in targets of ours; default net.DefaultResolver.
	Resolver Resolver
	// AnswerTimeout is how long an INVITE of ours may go unanswered (timer C, RFC 3261 16.6); default 180 s.
	AnswerTimeout time.Duration
	// SessionExpires is the interval of session timers (RFC 4028) we ask for; default 30 min, negative for none of ours.
	SessionExpires time.Duration
	// DrainTimeout is how long Run waits, once told to stop, for BYEs to be answered; default 2 s.
	DrainTimeout time.Duration
	// MaxConnections bounds TCP and TLS connections; default 4096.
	MaxConnections int
	// MessageTimeout is the most a message on a stream may take from first to last byte; default 15 s.
	MessageTimeout time.Duration
	// IdleTimeout closes a stream on which nothing was heard; default 20 min, twice the longest registration.
	IdleTimeout time.Duration

	// Accounts are the stations; nil means none.
	Accounts Accounts
	// AuthInvites asks INVITEs for a digest; false lets them in by their station's registered address (S8).
	AuthInvites bool
	// OfferSHA256 adds a second challenge line with SHA-256 behind the MD5 one (RFC 8760). Off by default: phones on
	// older libre (baresip 1) give up when they see an algorithm they do not know.
	OfferSHA256 bool
	Whitelist   Whitelist
	Exclusive   Exclusive
	Registrar   RegistrarConfig

	// Allow names the methods, besides those the stack handles, that the owners of dialogs answer (REFER, MESSAGE).
	Allow []string

	// Events are what phones may subscribe to; none refuses every SUBSCRIBE (489).
	Events []EventPackage

	// AccessLog is the access log of the last run, in any order.
	AccessLog []Access
	// OnAccess hears of each row of the access log that is new or has changed, in order; it must not block.
	OnAccess func(Access)

	// OnInvite is called for each INVITE outside a dialog, in network order, on the goroutine that reads the socket.
	// It must not block and calls Invite.Reply or Invite.Accept before it returns. nil answers 480.
	OnInvite func(*Invite)

	Logger *slog.Logger
}

// Timers are RFC 3261's T1, T2 and T4; zero values mean 500 ms, 4 s, 5 s.
type Timers struct{ T1, T2, T4 time.Duration }

// Actor runs closures one at a time in the order posted. Post never blocks.
type Actor interface{ Post(func()) }

// Stack is the SIP side of the server: sockets, transactions, dialogs, registrar. Methods are safe from any goroutine.
type Stack struct {
	// immutable after New
	config    Config
	timers    Timers
	log       *slog.Logger
	limit     *limiter
	parser    *gosip.Parser
	secret    []byte // of stateless tags and nonces
	allow     string
	digest    *digestAuth
	registrar *Registrar
	notifier  *notifier
	whitelist whitelist

	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup // every goroutine of the stack

	routes    routes
	count     counters
	access    accessLog
	exclusive *exclusive
	throttle  *throttle

	mu        sync.Mutex // guards the following
	listening bool
	draining  bool
	closed    bool
	datagrams []*datagram
	listeners []*listener
	streams   map[*stream]struct{}   // all that are open
	ways      map[streamPeer]*stream // the newest of those to each peer
	servers   map[string]*serverTx
	merges    map[string]*serverTx
	clients   map[string]*clientTx
	dialogs   map[dialogKey]*Dialog
	cancels   earlyCancels
}

// New checks the configuration; it opens and starts nothing.
func New(c Config) (*Stack, error) {
	for _, l := range c.Listen {
		transport, _, err := ParseListen(l)
		if err != nil {
			return nil, err
		}
		if transport == TLS && c.TLS == nil {
			return nil, fmt.Errorf("listen %q: no TLS certificate", l)
		}
	}
	if c.TLSClient == nil && c.TLS != nil {
		base := c.TLS
		c.TLSClient = func(name string) *tls.Config {
			t := base.Clone()
			t.ServerName = or(t.ServerName, name)
			return t
		}
	}
	c.Realm = or(clean(c.Realm), "sidetone")
	c.UserAgent = or(clean(c.UserAgent), "sidetone")
	c.DSCP = or(c.DSCP, 24)
	c.AnswerTimeout = or(c.AnswerTimeout, 180*time.Second)
	c.SessionExpires = or(c.SessionExpires, 30*time.Minute)
	if c.SessionExpires > 0 {
		c.SessionExpires = max(c.SessionExpires, minSession)
	}
	c.DrainTimeout = or(c.DrainTimeout, 2*time.Second)
	c.MaxConnections = or(c.MaxConnections, 4096)
	c.MessageTimeout = or(c.MessageTimeout, 15*time.Second)
	c.IdleTimeout = or(c.IdleTimeout, 20*time.Minute)
	c.Timers.T1 = or(c.Timers.T1, 500*time.Millisecond)
	c.Timers.T2 = or(c.Timers.T2, 4*time.Second)
	c.Timers.T4 = or(c.Timers.T4, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Accounts == nil {
		c.Accounts = noAccounts{}
	}
	if len(c.Events) > 0 {
		c.Allow = append(slices.Clone(c.Allow), "SUBSCRIBE", "NOTIFY")
	}
	s := &Stack{
		config: c, timers: c.Timers, log: c.Logger, limit: newLimiter(c.Logger), parser: newParser(),
		secret: make([]byte, 32), allow: allowed(c.Allow),
		whitelist: newWhitelist(c.Whitelist),
		exclusive: newExclusive(c.Exclusive),
		throttle:  newThrottle(),
		streams:   make(map[*stream]struct{}),
		ways:      make(map[streamPeer]*stream),
		servers:   make(map[string]*serverTx),
		merges:    make(map[string]*serverTx),
		clients:   make(map[string]*clientTx),
		dialogs:   make(map[dialogKey]*Dialog),
	}
	rand.Read(s.secret) // never fails (crypto/rand, Go 1.24)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.digest = newDigestAuth(s)
	s.registrar = newRegistrar(c.Registrar)
	s.registrar.ask = s.options
	s.notifier = newNotifier(c.Events)
	s.access.tell = c.OnAccess
	s.access.restore(c.AccessLog)
	return s, nil
}

// or returns v, or def when v is zero.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// orBytes returns b, or def when there is none.
func orBytes(b, def []byte) []byte {
	if b == nil {
		return def
	}
	return b
}

// Registrar knows where the stations are.
func (s *Stack) Registrar() *Registrar { return s.registrar }

// Listen opens the sockets without reading them; Run does it for callers who do not need the addresses first.
func (s *Stack) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.listening {
		return nil
	}
	lc := net.ListenConfig{Control: s.control}
	for _, l := range s.config.Listen {
		transport, addr, err := ParseListen(l)
		if err != nil {
			return err
		}
		if transport == UDP {
			conn, err := lc.ListenPacket(s.ctx, network(UDP, addr.Addr()), addr.String())
			if err != nil {
				s.closeSockets()
				return fmt.Errorf("listen %s: %w", l, err)
			}
			udp := conn.(*net.UDPConn)
			_ = udp.SetReadBuffer(receiveBuffer)
			s.datagrams = append(s.datagrams, &datagram{s: s, conn: udp, addr: addrPort(udp.LocalAddr())})
			continue
		}
		ln, err := lc.Listen(s.ctx, network(transport, addr.Addr()), addr.String())
		if err != nil {
			s.closeSockets()
			return fmt.Errorf("listen %s: %w", l, err)
		}
		li := &listener{s: s, transport: transport, addr: addrPort(ln.Addr()), l: ln}
		if transport == TLS {
			li.tls = s.config.TLS
		}
		s.listeners = append(s.listeners, li)
	}
	s.listening = true
	return nil
}

// Addresses returns what is listened on, in the form of Config.Listen, with the ports the system chose.
func (s *Stack) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, d := range s.datagrams {
		out = append(out, UDP+":"+d.addr.String())
	}
	for _, l := range s.listeners {
		out = append(out, l.transport+":"+l.addr.String())
	}
	return out
}

// Run serves until ctx ends, then refuses new calls with 503, ends every dialog (BYE, CANCEL or 503), waits up to
// DrainTimeout for the answers and closes. It returns nil after such a stop.
func (s *Stack) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	s.mu.Lock()
	datagrams, listeners := s.datagrams, s.listeners
	s.mu.Unlock()
	for _, d := range datagrams {
		s.run(d.read)
	}
	for _, l := range listeners {
		s.run(l.accept)
	}
	select {
	case <-ctx.Done():
		s.drain()
	case <-s.ctx.Done():
	}
	return s.Close()
}

// run starts a goroutine of the stack: stopped by Close, which waits for it.
func (s *Stack) run(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.tasks.Add(1)
	go func() { // owned by the stack, stopped by Close closing its socket, waited for by Close
		defer s.tasks.Done()
		f()
	}()
}

// pause waits and says whether the stack is still open.
func (s *Stack) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// drain ends every dialog and waits for its transactions.
func (s *Stack) drain() {
	s.mu.Lock()
	s.draining = true
	dialogs := make([]*Dialog, 0, len(s.dialogs))
	for _, d := range s.dialogs {
		dialogs = append(dialogs, d)
	}
	s.mu.Unlock()
	for _, d := range dialogs {
		d.post(func() { d.stop() })
	}
	deadline := time.Now().Add(s.config.DrainTimeout)
	for time.Now().Before(deadline) {
		s.mu.Lock()
		busy := len(s.dialogs) > 0
		for _, tx := range s.clients {
			busy = busy || tx.waiting()
		}
		s.mu.Unlock()
		if !busy || !s.pause(5*time.Millisecond) {
			return
		}
	}
}

// Close ends everything at once: sockets, transactions, timers, goroutines; calls are not told. Idempotent.
// It waits for the stack's goroutines, so it must not be called from OnInvite.
func (s *Stack) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	servers, clients, streams, dialogs := s.servers, s.clients, s.streams, s.dialogs
	if first {
		s.servers, s.merges, s.clients = make(map[string]*serverTx), make(map[string]*serverTx), make(map[string]*clientTx)
		s.streams, s.ways = make(map[*stream]struct{}), make(map[streamPeer]*stream)
		s.dialogs = make(map[dialogKey]*Dialog)
		s.closeSockets()
	}
	s.mu.Unlock()
	if first {
		s.cancel()
		s.registrar.close()
		s.notifier.close()
		for _, tx := range servers {
			tx.terminate()
		}
		for _, tx := range clients {
			tx.terminate()
		}
		for c := range streams {
			c.close()
		}
		for _, d := range dialogs {
			d.post(func() { d.closed() })
		}
	}
	s.tasks.Wait()
	return nil
}

// closeSockets closes what Listen opened; mu is held.
func (s *Stack) closeSockets() {
	var err error
	for _, d := range s.datagrams {
		err = errors.Join(err, d.conn.Close())
	}
	for _, l := range s.listeners {
		err = errors.Join(err, l.l.Close())
	}
	if err != nil {
		s.log.Warn("closing sip sockets", "err", err)
	}
	s.datagrams, s.listeners = nil, nil
}

// admit is the white list, before anything else is done for a packet or connection.
func (s *Stack) admit(a netip.Addr) bool {
	if s.whitelist.admits(a) {
		return true
	}
	s.count.outside.Add(1)
	s.limit.warn("not on the white list", "peer", a)
	return false
}

// streamPeer is where a connection leads.
type streamPeer struct {
	transport string
	remote    netip.AddrPort
}

// adopt enters an accepted or dialled connection; false when there are too many or the stack is closed. Of several to
// one peer, which may come from one port of its to several of ours, the newest is the way to it. Of too many, the oldest
// that has proved nothing makes room: whoever opens connections without end closes his own.
func (s *Stack) adopt(c *stream) bool {
	s.mu.Lock()
	var oldest *stream
	if len(s.streams) >= s.config.MaxConnections {
		for other := range s.streams {
			if !other.dialled && !other.proved.Load() && (oldest == nil || other.since.Before(oldest.since)) {
				oldest = other
			}
		}
		if oldest != nil {
			delete(s.streams, oldest)
		}
	}
	ok := !s.closed && len(s.streams) < s.config.MaxConnections
	if ok {
		s.streams[c] = struct{}{}
		s.ways[streamPeer{c.transport, c.remote}] = c
		s.count.connections.Add(1)
	}
	s.mu.Unlock()
	if oldest != nil {
		s.count.connectionsRefused.Add(1)
		oldest.close()
	}
	return ok
}

// met notes that a transaction is held with a peer: it is no stranger.
func (s *Stack) met(f Flow) {
	if c, ok := f.link.(*stream); ok {
		c.proved.Store(true)
	}
	s.throttle.meet(f.Remote, time.Now())
}

// forget takes a closed connection out and tells the registrar which flow is gone.
func (s *Stack) forget(c *stream) {
	s.mu.Lock()
	delete(s.streams, c)
	if way := (streamPeer{c.transport, c.remote}); s.ways[way] == c {
		delete(s.ways, way)
	}
	s.mu.Unlock()
	s.registrar.flowClosed(c)
}

// flowTo finds a way to a URI with a literal address: a UDP socket of that family, the open connection to it, or a
// new one that is dialled while messages wait in its queue.
func (s *Stack) flowTo(u gosip.Uri) (Flow, error) {
	addr, ok := uriAddr(u)
	if !ok {
		return Flow{}, fmt.Errorf("%s: %w: not a literal address", u.Host, errNoRoute)
	}
	return s.flowToAddr(uriTransport(u), addr, addr.Addr().WithZone("").String())
}

// flowToAddr is FlowTo in parts; name is what a TLS certificate there must be for.
func (s *Stack) flowToAddr(transport string, addr netip.AddrPort, name string) (Flow, error) {
	s.mu.Lock()
	if transport == UDP {
		datagrams := s.datagrams
		s.mu.Unlock()
		for _, d := range datagrams {
			if d.addr.Addr().Is4() == addr.Addr().Is4() && reaches(d.addr.Addr(), addr.Addr()) {
				return d.flow(addr), nil
			}
		}
		return Flow{}, fmt.Errorf("udp %s: %w", addr, errNoRoute)
	}
	if c := s.ways[streamPeer{transport, addr}]; c != nil && (transport != TLS || !c.dialled || c.name == name) {
		s.mu.Unlock()
		return c.flow(), nil
	}
	var from netip.AddrPort
	for _, l := range s.listeners {
		if l.transport == transport && l.addr.Addr().Is4() == addr.Addr().Is4() {
			from = l.addr
			break
		}
	}
	s.mu.Unlock()
	if !from.IsValid() {
		return Flow{}, fmt.Errorf("%s %s: %w", transport, addr, errNoRoute)
	}
	c := newStream(s, transport, addr, from)
	c.dialled, c.name = true, name
	if !s.adopt(c) {
		return Flow{}, fmt.Errorf("%s %s: too many connections", transport, addr)
	}
	s.run(c.dial)
	return c.flow(), nil
}

// reaches says whether a socket bound to the address can send to the peer: loopback stays on loopback.
func reaches(bound, peer netip.Addr) bool {
	return bound.IsUnspecified() || bound.IsLoopback() == peer.IsLoopback()
}
