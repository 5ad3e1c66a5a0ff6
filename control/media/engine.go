package media

import (
	"net/netip"

	"sidetone/codecs"
	"sidetone/jitter"
	"sidetone/relay"
)

// Config is what an Engine is made of.
type Config struct {
	Relay *relay.Relay
	// Set is what can be decoded and encoded here.
	Set codecs.Set
	// Programs are the tones and music.
	Programs *Programs
	// Interfaces, in order of preference, as the relay has them.
	Interfaces []relay.Interface
	// Private are the networks whose peers are told our bind address; a peer
	// outside of them is told the advertised one (OfficeServ "Private with
	// Public").
	Private []netip.Prefix
	// Latching is how legs learn where their phone really is.
	Latching relay.Mode
	// Jitter is the playout setting of rooms.
	Jitter jitter.Config
}

// Engine opens legs and rooms. It may be used from any goroutine.
type Engine struct {
	cfg     Config
	players *players
}

// New makes an engine over a relay that runs or will run.
func New(cfg Config) *Engine {
	return &Engine{cfg: cfg, players: &players{relay: cfg.Relay, set: cfg.Set, active: make(map[playerKey]*activePlayer)}}
}

// Programs are the tones and music of this system.
func (e *Engine) Programs() *Programs { return e.cfg.Programs }

// route chooses the interface for a peer and the address the peer is told.
// An interface of the peer's family on a network of the peer's comes first,
// then any of the family, then any at all.
func (e *Engine) route(peer netip.Addr) relay.Interface {
	peer = peer.Unmap()
	private := !peer.IsValid() || e.private(peer)
	best, score := relay.Interface{}, -1
	for _, itf := range e.cfg.Interfaces {
		s := 0
		if !peer.IsValid() || itf.Address.Is4() == peer.Is4() {
			s += 4
		}
		if itf.Address.IsLoopback() == peer.IsLoopback() {
			s += 2
		}
		if public := itf.Advertise.IsValid() || !itf.Address.IsPrivate(); public != private {
			s++
		}
		if s > score {
			best, score = itf, s
		}
	}
	return best
}

// Private: a peer is on one of the private networks.
func (e *Engine) Private(peer netip.Addr) bool { return e.private(peer.Unmap()) }

func (e *Engine) private(peer netip.Addr) bool {
	for _, p := range e.cfg.Private {
		if p.Contains(peer) {
			return true
		}
	}
	return peer.IsLoopback()
}

// OpenConfig is what a leg is opened with.
type OpenConfig struct {
	// ID names the leg in logs and events.
	ID string
	// Peer is where the phone's signalling comes from; it decides the
	// interface and the family.
	Peer netip.Addr
	// BehindNAT: the phone's own idea of its address is not to be trusted.
	BehindNAT bool
	// Security is whether its media is SRTP.
	Security Security
	// Shard is the shard to live on, -1 for the least loaded.
	Shard int
	// Trouble (may be nil) is told why a section besides the voice could not be had; the call goes on without it.
	Trouble func(error)
}

// Open takes a port pair. Errors: relay's ErrRangeFull,
// ErrAddressNotAvailable and ErrFileDescriptors, wrapped.
func (e *Engine) Open(cfg OpenConfig) (*Leg, error) {
	itf := e.route(cfg.Peer)
	ports := relay.LegConfig{ID: cfg.ID, Interface: itf.Name, IPv6: itf.Address.Is6(), Shard: cfg.Shard, Latching: e.cfg.Latching}
	r, err := e.cfg.Relay.OpenLeg(ports)
	if err != nil {
		return nil, err
	}
	l := &Leg{
		channel: channel{relay: r}, engine: e, ports: ports, peer: cfg.Peer, behindNAT: cfg.BehindNAT, security: cfg.Security,
		addr: r.LocalRTP().Addr(), trouble: cfg.Trouble,
	}
	if l.trouble == nil {
		l.trouble = func(error) {}
	}
	if itf.Advertise.IsValid() && cfg.Peer.IsValid() && !e.private(cfg.Peer.Unmap()) {
		l.addr = itf.Advertise
	}
	l.origin = newOrigin(l.addr)
	return l, nil
}
