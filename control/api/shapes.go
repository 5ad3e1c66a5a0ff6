package api

import (
	"net/netip"
	"time"
)

// Station is a row of the station status table.
type Station struct {
	Tel        string     `json:"tel"`
	Name       string     `json:"name"`
	Status     string     `json:"status"` // registered, unregistered
	PhoneType  string     `json:"phone_type,omitempty"`
	PublicIP   netip.Addr `json:"public_ip,omitzero"` // where its signalling comes from
	PublicPort uint16     `json:"public_port,omitempty"`
	SignalPort uint16     `json:"signal_port,omitempty"` // the port it says it has
	Protocol   string     `json:"protocol,omitempty"`    // udp, tcp, tls
	BehindNAT  bool       `json:"behind_nat"`
	Expires    int64      `json:"expires"` // seconds its registration lasts from now, 0 when there is none
	Calls      int        `json:"calls"`   // it is in at present
	Messages   Waiting    `json:"messages"`
	Settings   Settings   `json:"settings"`
}

// Settings are what a station has set by codes, which its phone does not show.
type Settings struct {
	DND             bool   `json:"dnd"`
	ForwardAll      string `json:"forward_all,omitempty"` // where its calls go, "" = nowhere
	ForwardBusy     string `json:"forward_busy,omitempty"`
	ForwardNoAnswer string `json:"forward_no_answer,omitempty"`
}

// Waiting counts the messages that wait for a station.
type Waiting struct {
	New int `json:"new"`
	Old int `json:"old"`
}

// Call is a running call.
type Call struct {
	ID       string    `json:"id"`
	State    string    `json:"state"` // calling, ringing, talking, held, conference
	From     string    `json:"from"`  // tel of the caller
	To       string    `json:"to"`    // what was dialled
	Since    time.Time `json:"since"`
	Answered time.Time `json:"answered,omitzero"`
	Legs     []Leg     `json:"legs"`

	Recording string `json:"recording,omitempty"` // the file that it is recorded to now
	Path      string `json:"path,omitempty"`      // of its voice: direct (between the phones), relay, transcode, mix
}

// Leg is one phone of a call.
type Leg struct {
	ID        string            `json:"id"`
	Tel       string            `json:"tel"`
	Name      string            `json:"name,omitempty"`
	Direction string            `json:"direction"` // in: it called us; out: we called it
	Answered  bool              `json:"answered"`
	Holding   bool              `json:"holding"`        // it holds the other
	Room      string            `json:"room,omitempty"` // id of the room it is in
	Peer      netip.AddrPort    `json:"peer,omitzero"`  // of its signalling
	Local     netip.AddrPort    `json:"local_media,omitzero"`
	Remote    netip.AddrPort    `json:"remote_media,omitzero"`
	Latch     string            `json:"latch,omitempty"` // state of learning the remote: idle, learning, locked, ...
	Codec     string            `json:"codec,omitempty"`
	SRTP      string            `json:"srtp,omitempty"` // crypto suite of its media, none for plain RTP
	SSRC      uint32            `json:"ssrc,omitempty"` // of what it sends
	Received  Traffic           `json:"received"`       // from the phone
	Sent      Traffic           `json:"sent"`           // to the phone
	RoundTrip float64           `json:"rtt_ms,omitempty"`
	Drops     map[string]uint64 `json:"drops"` // packets refused, by reason
	Sections  []Section         `json:"sections,omitempty"`
}

// Section is what a phone has in its call besides the voice.
type Section struct {
	Media     string            `json:"media"`           // video, image, application
	Codec     string            `json:"codec,omitempty"` // or format of what is not RTP: H264, t38
	Protocol  string            `json:"protocol"`        // rtp, srtp, udptl
	SRTP      string            `json:"srtp,omitempty"`
	Direction string            `json:"direction"` // as the phone sees it: sendrecv, sendonly, recvonly, inactive
	Path      string            `json:"path"`      // direct (between the phones), relay
	Local     netip.AddrPort    `json:"local_media,omitzero"`
	Remote    netip.AddrPort    `json:"remote_media,omitzero"`
	Latch     string            `json:"latch,omitempty"`
	Received  Traffic           `json:"received"`
	Sent      Traffic           `json:"sent"`
	Drops     map[string]uint64 `json:"drops"`
}

// Traffic counts one way of a leg.
type Traffic struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
	Lost    uint64 `json:"lost"` // missing by sequence number; on the way to a phone as it reports

	Jitter float64 `json:"jitter_ms,omitempty"`
	MOS    float64 `json:"mos,omitempty"` // E-model, 1 to 4.4; none when nothing is known

	Metrics *Metrics `json:"voip_metrics,omitempty"` // ours of what is received; the phone's of what is sent, where it tells
}

// Metrics are how voice arrives as VoIP metrics tell it (RFC 3611, 4.7), since its beginning. What is not known is left out.
type Metrics struct {
	Loss          float64 `json:"loss_percent"`
	Discarded     float64 `json:"discard_percent"` // came and were not played
	BurstDensity  float64 `json:"burst_percent"`   // of the packets in bursts, those lost or discarded
	BurstDuration int     `json:"burst_ms"`        // mean
	GapDensity    float64 `json:"gap_percent"`     // the same between bursts
	GapDuration   int     `json:"gap_ms"`

	RoundTrip int `json:"rtt_ms,omitempty"`
	EndSystem int `json:"end_system_ms,omitempty"` // delay within who listens
	Buffer    int `json:"jitter_buffer_ms,omitempty"`
	BufferMax int `json:"jitter_buffer_max_ms,omitempty"`

	Signal *int    `json:"signal_dbm0,omitempty"`
	Noise  *int    `json:"noise_dbm0,omitempty"`
	Echo   *int    `json:"echo_return_loss_db,omitempty"`
	R      *int    `json:"r_factor,omitempty"` // 0 to 100
	MOSLQ  float64 `json:"mos_lq,omitempty"`   // of who listens
	MOSCQ  float64 `json:"mos_cq,omitempty"`   // of who converses
}

// Room is a conference.
type Room struct {
	ID      string    `json:"id"`
	Number  string    `json:"number,omitempty"` // to dial; none when made by the feature code
	Owner   string    `json:"owner,omitempty"`  // tel of the station that made it
	State   string    `json:"state"`            // idle, active
	Limit   int       `json:"limit"`            // of members
	Since   time.Time `json:"since,omitzero"`   // made, or opened for the first member
	Members []Member  `json:"members"`

	Locked    bool   `json:"locked"`              // nobody else may come in
	Recording string `json:"recording,omitempty"` // the file that it is recorded to now
}

// RoomChange is what is to become of a room.
type RoomChange struct {
	Locked *bool `json:"locked,omitempty"`
}

// MemberChange is what is to become of a member; what is not named stays.
type MemberChange struct {
	Muted *bool    `json:"muted,omitempty"`
	Deaf  *bool    `json:"deaf,omitempty"`
	Gain  *float64 `json:"gain,omitempty"` // of its voice, dB
	// WhisperTo names the only member that is to hear it; "" lets all hear it again.
	WhisperTo *string `json:"whisper_to,omitempty"`
}

// Member is one leg in a room.
type Member struct {
	Tel     string `json:"tel"`
	Name    string `json:"name,omitempty"`
	Call    string `json:"call"` // id
	Leg     string `json:"leg"`  // id
	Holding bool   `json:"holding"`

	Moderator bool    `json:"moderator"`
	Talking   bool    `json:"talking"`
	Level     float64 `json:"level"` // of its voice, dBov; -127 is silence
	Muted     bool    `json:"muted"`
	Deaf      bool    `json:"deaf"`
	Gain      float64 `json:"gain"` // dB
}

// Talk is the event "talking": a member of a room has begun or ceased to talk, or left in mid-word.
type Talk struct {
	Time    time.Time `json:"time"`
	Room    string    `json:"room"` // id
	Tel     string    `json:"tel"`
	Name    string    `json:"name,omitempty"`
	Call    string    `json:"call"` // id
	Leg     string    `json:"leg"`  // id
	Talking bool      `json:"talking"`
}

// Lost is the event "lost": so many others were not sent, as the client read too slowly.
type Lost struct {
	Events uint64 `json:"events"`
}

// Trunk is a way to a carrier or another PBX.
type Trunk struct {
	Name     string    `json:"name"`
	Access   string    `json:"access,omitempty"` // dialled before numbers
	Server   string    `json:"server,omitempty"` // as configured
	User     string    `json:"user,omitempty"`   // our account there
	State    string    `json:"state"`            // registered, registering, unregistered, peer, unresolved
	Hops     []string  `json:"hops"`             // where the server is, what is used first first: "udp:192.0.2.1:5060"
	Networks []string  `json:"networks"`         // its calls come from besides
	Since    time.Time `json:"since,omitzero"`   // of the last registration or failure
	Expires  int64     `json:"expires"`          // seconds granted
	Code     int       `json:"code,omitempty"`   // of the last refusal
	Error    string    `json:"error,omitempty"`
	Calls    int       `json:"calls"` // it carries at present
}

// Access is a row of the access log table: attempts from one address that were refused for one reason.
type Access struct {
	Index    uint64     `json:"index"` // of the row since the start, from 0
	Date     time.Time  `json:"date"`  // of the first attempt
	Last     time.Time  `json:"last"`  // of the newest one
	IP       netip.Addr `json:"ip"`
	CallerID string     `json:"caller_id"` // the number it claimed
	Reason   string     `json:"reason"`
	Count    int        `json:"count"` // of attempts
}

// Capacity is how much is in use and how much there may be.
type Capacity struct {
	Stations Usage       `json:"stations"` // registered; limit: configured
	Calls    Usage       `json:"calls"`
	Rooms    Usage       `json:"rooms"` // with members; limit: 0, none
	MPS      Usage       `json:"mps_channels"`
	MGI      Usage       `json:"mgi_ports"`
	Ports    []PortUsage `json:"ports"`
	Records  Records     `json:"records"`
	Uptime   int64       `json:"uptime"`   // seconds
	Draining bool        `json:"draining"` // new calls are refused
}

// Usage counts one thing; limit 0 is none.
type Usage struct {
	Used  int `json:"used"`
	Limit int `json:"limit"`
}

// PortUsage counts the RTP/RTCP pairs of one address.
type PortUsage struct {
	Interface string     `json:"interface"`
	Address   netip.Addr `json:"address"`
	Used      int        `json:"used"`
	Limit     int        `json:"limit"`
}

// Records counts call detail records.
type Records struct {
	Written uint64 `json:"written"`
	Dropped uint64 `json:"dropped"` // the queue was full
	Failed  uint64 `json:"failed"`  // the disk refused them
}

// Health is the body of /healthz and /readyz.
type Health struct {
	Status string `json:"status"`           // ok, not ready
	Reason string `json:"reason,omitempty"` // why not
}

// Failure is the body of every answer that is none of 2xx, but for /readyz.
type Failure struct {
	Status  int    `json:"status"` // the HTTP status
	Message string `json:"error"`
}

// The bodies of the lists, objects so that keys can join.

// Stations is the body of /v1/stations.
type Stations struct {
	Stations []Station `json:"stations"`
}

// Trunks is the body of /v1/trunks.
type Trunks struct {
	Trunks []Trunk `json:"trunks"`
}

// Calls is the body of /v1/calls.
type Calls struct {
	Calls []Call `json:"calls"`
}

// AccessLog is the body of /v1/access-log.
type AccessLog struct {
	Rows []Access `json:"rows"`
}

// Rooms is the body of /v1/rooms.
type Rooms struct {
	Rooms []Room `json:"rooms"`
}
