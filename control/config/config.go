package config

import (
	"net/netip"
	"time"
)

// Config is the whole file. The zero value is of no use: start from Default. The yaml tags are the
// keys; oneof, min and max say which values a key takes and are checked by Validate.
type Config struct {
	SIP          SIP          `yaml:"sip"`
	Media        Media        `yaml:"media"`
	Stations     []Station    `yaml:"stations"`
	Groups       []Group      `yaml:"groups"`
	Trunks       []Trunk      `yaml:"trunks"`
	Calls        Calls        `yaml:"calls"`
	Conference   Conference   `yaml:"conference"`
	FeatureCodes FeatureCodes `yaml:"feature_codes"`
	NG           NG           `yaml:"ng"`
	Hotspot      Hotspot      `yaml:"hotspot"`
	API          API          `yaml:"api"`
	Store        Store        `yaml:"store"`
	Log          Log          `yaml:"log"`
}

// SIP is how phones and trunks reach us, and who may.
type SIP struct {
	Realm         string        `yaml:"realm"`                          // of the digest challenge
	Listen        []string      `yaml:"listen"`                         // "udp:0.0.0.0:5060"; see ParseListen
	TLS           TLS           `yaml:"tls"`                            //
	Expires       time.Duration `yaml:"expires" min:"30s" max:"24h"`    // of a registration
	NATExpires    time.Duration `yaml:"nat_expires" min:"30s" max:"1h"` // behind NAT
	NATCheck      string        `yaml:"nat_check" oneof:"ip ip_port"`   // what must differ to be behind NAT
	AuthInvites   bool          `yaml:"auth_invites"`                   // false: by registered source address
	MaxStations   int           `yaml:"max_stations" min:"1" max:"100000"`
	MaxContacts   int           `yaml:"max_contacts" min:"1" max:"16"` // of one station
	Whitelist     Whitelist     `yaml:"whitelist"`
	CommExclusive CommExclusive `yaml:"comm_exclusive"`
}

// TLS is the server's certificate for tls: listeners.
type TLS struct {
	Certificate            string `yaml:"certificate"` // file, PEM
	Key                    string `yaml:"key"`         // file, PEM
	ClientCA               string `yaml:"client_ca"`   // file, PEM
	Mutual                 bool   `yaml:"mutual"`
	ValidateAnyCertificate bool   `yaml:"validate_any_certificate"`
}

// Whitelist holds the networks that may speak SIP to us.
type Whitelist struct {
	Enabled  bool           `yaml:"enabled"`
	Networks []netip.Prefix `yaml:"networks"` // also as single addresses and as class broadcast addresses
}

// CommExclusive is what happens to sources that fail to authenticate.
type CommExclusive struct {
	Mode               string        `yaml:"mode" oneof:"response no_response"`
	RegisterRetryLimit int           `yaml:"register_retry_limit" min:"1" max:"100"`
	RegisterBlock      time.Duration `yaml:"register_block" min:"0s" max:"24h"`
	MessageBlock       time.Duration `yaml:"message_block" min:"0s" max:"24h"`
}

// Calls is how long calls wait before they go elsewhere.
type Calls struct {
	NoAnswer       time.Duration `yaml:"no_answer" min:"1s" max:"10m"`       // ringing before a no-answer forward
	Forwards       int           `yaml:"forwards" min:"1" max:"20"`          // of one call
	TransferRecall time.Duration `yaml:"transfer_recall" min:"1s" max:"10m"` // of a blind transfer that nobody answers
	ParkRecall     time.Duration `yaml:"park_recall" min:"1s" max:"24h"`     // E-hold recall
	HoldRecall     time.Duration `yaml:"hold_recall" min:"0s" max:"24h"`     // 0 = never
	Record         string        `yaml:"record" oneof:"on_demand always"`    // always: every call and conference, from the answer on
}

// Conference is the ad-hoc conference and the rooms one can dial.
type Conference struct {
	Members int    `yaml:"members" min:"2" max:"256"` // of a conference made with the feature code
	Factory string `yaml:"factory"`                   // what phones call to make a conference (RFC 4579); "" = nothing
	Rooms   []Room `yaml:"rooms"`
}

// Room is a conference one dials into.
type Room struct {
	Number  string `yaml:"number"`
	Pin     Secret `yaml:"pin"`
	Members int    `yaml:"members" min:"2" max:"256"`
	Tones   bool   `yaml:"tones"`                           // heard when somebody comes or goes
	Record  string `yaml:"record" oneof:"on_demand always"` // always: from the first member on
}

// Group is several stations under one number.
type Group struct {
	Number           string        `yaml:"number"`
	Ring             string        `yaml:"ring" oneof:"unconditional sequential distributed"`
	Members          []string      `yaml:"members"`                      // tel numbers
	SIPMembers       int           `yaml:"sip_members" min:"1" max:"32"` // the most of them
	SIPRingingAtOnce int           `yaml:"sip_ringing_at_once" min:"1" max:"32"`
	Step             time.Duration `yaml:"step" min:"0s" max:"10s"`
	Multicast        string        `yaml:"multicast"`                      // "224.0.1.77:10000": where pages go; "" = to each member, by a call
	Priority         int           `yaml:"priority" min:"1" max:"10"`      // of its pages at one multicast address, 1 = first
	MemberTime       time.Duration `yaml:"member_time" min:"1s" max:"10m"` // how long one rings in a sequential or distributed group
}

// Trunk is a way to a carrier or another PBX.
type Trunk struct {
	Name      string         `yaml:"name"`
	Access    string         `yaml:"access"`   // dialled before the numbers that go there; "" = only calls from it
	Server    string         `yaml:"server"`   // see ParseServer; "" = only calls from networks
	Register  TrunkRegister  `yaml:"register"` // user "" = it knows us by our address
	Networks  []netip.Prefix `yaml:"networks"` // where its calls come from besides the server
	Incoming  string         `yaml:"incoming"` // who gets its calls for numbers that are nobody's; "" = they are refused
	AuthCodes []Secret       `yaml:"auth_codes"`
}

// TrunkRegister is our account at a trunk's server.
type TrunkRegister struct {
	User     string        `yaml:"user"`
	AuthUser string        `yaml:"auth_user"`
	Password Secret        `yaml:"password"`
	Expires  time.Duration `yaml:"expires" min:"30s" max:"24h"`
}

// FeatureCodes are what a station dials for a feature; "" switches one off.
type FeatureCodes struct {
	ForwardClear        string `yaml:"forward_clear"`
	ForwardAll          string `yaml:"forward_all"`
	ForwardBusy         string `yaml:"forward_busy"`
	ForwardNoAnswer     string `yaml:"forward_no_answer"`
	ForwardBusyNoAnswer string `yaml:"forward_busy_no_answer"`
	DND                 string `yaml:"dnd"`
	Conference          string `yaml:"conference"`
	Park                string `yaml:"park"`
	Retrieve            string `yaml:"retrieve"`
	PickupMyGroup       string `yaml:"pickup_my_group"`
	PickupGroup         string `yaml:"pickup_group"`
	PickupDirected      string `yaml:"pickup_directed"`
	Record              string `yaml:"record"`
	Page                string `yaml:"page"`
	Intercom            string `yaml:"intercom"`
	VoiceMail           string `yaml:"voice_mail"`
	AuthCode            string `yaml:"auth_code"`
}

// NG is the rtpengine control protocol.
type NG struct {
	Listen []string `yaml:"listen"` // "udp:127.0.0.1:2223", tcp:, http:, ws:
}

// Hotspot shares upstream accounts with phones that attach by themselves.
type Hotspot struct {
	Enabled    bool       `yaml:"enabled"`
	Lines      []string   `yaml:"lines"` // trunk names
	Ring       string     `yaml:"ring" oneof:"all extension host"`
	Management int        `yaml:"management" min:"0" max:"1"`
	Announce   string     `yaml:"announce" oneof:"multicast broadcast"`
	Address    netip.Addr `yaml:"address"`
	Port       int        `yaml:"port" min:"1" max:"65535"`
}

// API is the HTTP server.
type API struct {
	Listen string `yaml:"listen"` // "127.0.0.1:8080"; "" = none
	Token  Secret `yaml:"token"`  // bearer token; "" = none asked for
}

// Store is where state and call records are kept.
type Store struct {
	Dir string `yaml:"dir"` // relative to the file's own folder; Load makes it a path that can be used as it is
}

// Log is the program's own log, on standard error.
type Log struct {
	Level  string `yaml:"level" oneof:"debug info warn error"`
	Format string `yaml:"format" oneof:"text json"`
}
