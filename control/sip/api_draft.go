package sip

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// Actor runs closures one at a time in the order posted. Post never blocks.
type Actor interface{ Post(func()) }

// Config is what New needs.
type Config struct {
	Listen    []string // "udp:0.0.0.0:5060", "tcp:[::]:5060", "tls:0.0.0.0:5061"; port 0 = ephemeral
	TLS       *tls.Config
	Realm     string // default "sidetone"
	UserAgent string // Server and User-Agent header; default "sidetone"
	DSCP      int    // of signalling, 0 = CS3 (24), -1 = leave alone
	Timers    Timers

	// AnswerTimeout is how long an INVITE of ours may ring (timer C, RFC 3261 16.6); default 180 s.
	AnswerTimeout time.Duration

	Accounts    Accounts
	AuthInvites bool // INVITE must carry a digest; false: by registered source address (S8)
	Whitelist   Whitelist
	Registrar   RegistrarConfig

	// OnInvite is called for each INVITE outside a dialog, in network order, on the reading goroutine: it must not
	// block, and calls either Reply or Accept before it returns. Set before Run.
	OnInvite func(*Invite)

	Logger *slog.Logger
}

// Timers are RFC 3261's T1, T2, T4; zero values mean 500 ms, 4 s, 5 s.
type Timers struct{ T1, T2, T4 time.Duration }

// Whitelist (S3).
type Whitelist struct {
	Enabled  bool
	Networks []netip.Prefix
}

// Stack is the SIP side of the server.
type Stack struct{}

func New(Config) (*Stack, error)               { return nil, nil }
func (s *Stack) Listen() error                 { return nil } // binds; Run does it when the caller has not
func (s *Stack) Addresses() []string           { return nil } // "udp:127.0.0.1:40001"
func (s *Stack) Run(ctx context.Context) error { return nil } // serves until ctx ends; then ends every dialog and drains
func (s *Stack) Close() error                  { return nil }
func (s *Stack) Registrar() *Registrar         { return nil }

// Invite opens a call. Never blocks; everything comes through notify on the actor. The error is only about the request itself (no route, bad URI).
func (s *Stack) Invite(r InviteRequest, a Actor, notify func(Event)) (*Dialog, error) {
	return nil, nil
}

// Dialog finds a live dialog (Replaces, RFC 3891).
func (s *Stack) Dialog(callID, localTag, remoteTag string) (*Dialog, bool) { return nil, false }

// Identity is a name and address of From or To.
type Identity struct {
	Name string // display name, "" = none
	User string // user part
	Host string // "" = our own address towards the peer (From) or the target's host (To)
}

// InviteRequest is a call to be made.
type InviteRequest struct {
	Target   gosip.Uri // Request-URI: a Binding's Contact
	Flow     Flow      // a Binding's Flow; zero = found from Target
	From, To Identity
	SDP      []byte // nil = late offer
	Headers  []Header
	// AnswerTimeout overrides Config.AnswerTimeout when not 0.
	AnswerTimeout time.Duration
}

// Flow is one way to a peer: transport, our address towards it, its address. Comparable.
type Flow struct {
	Transport     string // "udp", "tcp", "tls"
	Local, Remote netip.AddrPort
}

// Invite is an INVITE outside a dialog, given to OnInvite.
type Invite struct{}

func (in *Invite) From() Identity               { return Identity{} }
func (in *Invite) To() Identity                 { return Identity{} }  // of the To header
func (in *Invite) Target() gosip.Uri            { return gosip.Uri{} } // Request-URI: what was dialled is Target().User
func (in *Invite) SDP() []byte                  { return nil }
func (in *Invite) CallID() string               { return "" }
func (in *Invite) Flow() Flow                   { return Flow{} }
func (in *Invite) Header(name string) string    { return "" }
func (in *Invite) Headers(name string) []string { return nil }

// Authenticate says which station calls. ok false: the INVITE has been answered (401, 403) and is done.
func (in *Invite) Authenticate() (acc Account, ok bool) { return Account{}, false }

// Reply rejects the INVITE.
func (in *Invite) Reply(code int, reason string, headers ...Header) {}

// Accept makes a dialog of it (100 Trying is sent).
func (in *Invite) Accept(a Actor, notify func(Event)) *Dialog { return nil }

// Dialog: methods on the actor only, no locks.
type Dialog struct{}

func (d *Dialog) CallID() string                                    { return "" }
func (d *Dialog) LocalTag() string                                  { return "" }
func (d *Dialog) RemoteTag() string                                 { return "" }
func (d *Dialog) Flow() Flow                                        { return Flow{} }
func (d *Dialog) Ring(code int, sdp []byte, headers ...Header)      {}
func (d *Dialog) Answer(sdp []byte, headers ...Header)              {}
func (d *Dialog) Reject(code int, reason string, headers ...Header) {}
func (d *Dialog) Cancel(headers ...Header)                          {}
func (d *Dialog) Ack(sdp []byte)                                    {} // only after an offerless Invite/Reinvite
func (d *Dialog) Bye(reason string)                                 {} // reason: a Reason header value or ""
func (d *Dialog) End(code int, reason string)                       {} // rejects (code, default 480), cancels or BYEs; idempotent
func (d *Dialog) Reinvite(sdp []byte)                               {} // queued behind a running transaction; 491 retried
func (d *Dialog) AcceptOffer(sdp []byte)                            {}
func (d *Dialog) RejectOffer(code int)                              {}
func (d *Dialog) SetActor(a Actor)                                  {}
func (d *Dialog) SetNotify(notify func(Event))                      {}

// Send sends INFO, NOTIFY, MESSAGE, REFER ... inside the dialog; done (may be nil) gets the final code on the actor.
func (d *Dialog) Send(method, contentType string, body []byte, headers []Header, done func(code int)) {
}

// Account is a station's account.
type Account struct {
	Tel    string // user part of From and To
	UserID string // digest username
	Name   string
	HA1    HA1
	NAT    NATMode
	// ByAddress lets INVITEs of this station in by its registered source address even if AuthInvites is on.
	ByAddress bool
}

// HA1 are H(user:realm:password), lower-case hex.
type HA1 struct{ MD5, SHA256 string }

// NewHA1 hashes a password once; the password is not kept.
func NewHA1(userID, realm, password string) HA1 { return HA1{} }

type NATMode int

const (
	NATAuto NATMode = iota
	NATYes
	NATNo
)

// Accounts finds stations. Must be safe for concurrent use and fast (memory).
type Accounts interface {
	ByTel(tel string) (Account, bool)
}

type RegistrarConfig struct {
	Expires, NATExpires, MinExpires time.Duration           // 600 s, 60 s, 30 s
	NATCheckPort                    bool                    // nat_check: ip_port
	MaxContacts                     int                     // per station, default 1
	MaxStations                     int                     // 0 = no limit
	OnChange                        func(RegistrationEvent) // must not block
}

type RegistrationEvent struct {
	Kind    string // registered, refreshed, unregistered, expired, replaced, rejected
	Binding Binding
	Reason  string
}

// Registrar knows where the stations are. Safe for concurrent use.
type Registrar struct{}

func (r *Registrar) Lookup(tel string) []Binding                   { return nil } // newest first
func (r *Registrar) Registered(tel string, source netip.Addr) bool { return false }
func (r *Registrar) Snapshot() []Status                            { return nil }

// Binding is one registered contact.
type Binding struct {
	Tel       string
	Contact   gosip.Uri // where to send, rewritten for NAT
	Flow      Flow
	UserAgent string
	BehindNAT bool
	Since     time.Time
	Expires   time.Time
}

// Status is a row of the station status table (S5).
type Status struct {
	Tel, UserAgent, Transport string
	Registered                bool
	Public                    netip.AddrPort
	SignalPort                uint16
	Expires                   time.Duration
}
