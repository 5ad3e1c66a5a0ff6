package cdr

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Schema is the version of the lines' form. Keys are added to it; what is there keeps its meaning.
const Schema = 1

// Who ended a call.
const (
	Caller = "caller"
	Called = "called"
	System = "sidetone"
)

// Record is one call from its INVITE to its end.
type Record struct {
	ID      string    `json:"id"`
	From    string    `json:"from"` // tel of the caller
	To      string    `json:"to"`   // what was dialled
	Start   time.Time `json:"start"`
	Ring    time.Time `json:"ring,omitzero"`   // first ringing heard from the called
	Answer  time.Time `json:"answer,omitzero"` // zero: never answered
	End     time.Time `json:"end"`
	Reason  string    `json:"reason"`         // "bye", "cancelled", "busy", "no media", ...
	EndedBy string    `json:"ended_by"`       // Caller, Called or System
	Code    int       `json:"code,omitempty"` // final SIP status of a call that was not answered
	Legs    []Leg     `json:"legs"`
	// TransferredBy is the tel that moved a party of the call to another one: a transfer, a park, a pickup.
	TransferredBy string `json:"transferred_by,omitempty"`

	Recordings []string `json:"recordings,omitempty"` // files
}

// Leg is one phone of the call, with what came from it and went to it.
type Leg struct {
	Tel             string            `json:"tel"`
	Peer            netip.AddrPort    `json:"peer,omitzero"`  // of its signalling
	Media           netip.AddrPort    `json:"media,omitzero"` // where its voice came from last
	Codec           string            `json:"codec,omitempty"`
	SRTP            string            `json:"srtp,omitempty"` // crypto suite, none for plain RTP
	PacketsReceived uint64            `json:"packets_received"`
	PacketsSent     uint64            `json:"packets_sent"`
	BytesReceived   uint64            `json:"bytes_received"`
	BytesSent       uint64            `json:"bytes_sent"`
	PacketsLost     uint64            `json:"packets_lost"` // missing on the way to us
	LossPercent     float64           `json:"loss_percent"` // of what it sent
	JitterMS        float64           `json:"jitter_ms,omitempty"`
	RoundTripMS     float64           `json:"rtt_ms,omitempty"`
	MOS             float64           `json:"mos,omitempty"`        // of its voice as it reached us, ITU-T G.107
	HeardLost       uint64            `json:"heard_lost,omitempty"` // packets that never reached it, by its reports
	HeardMOS        float64           `json:"heard_mos,omitempty"`  // of what it heard, by its reports
	Drops           map[string]uint64 `json:"drops,omitempty"`      // packets we refused, by reason
}

// Duration is how long the call was up: from answer to end, 0 when it was not answered.
func (r Record) Duration() time.Duration {
	if r.Answer.IsZero() {
		return 0
	}
	return max(0, r.End.Sub(r.Answer))
}

// MarshalJSON writes the record with its schema and its duration in seconds, times to the millisecond.
func (r Record) MarshalJSON() ([]byte, error) {
	type plain Record
	for _, t := range []*time.Time{&r.Start, &r.Ring, &r.Answer, &r.End} {
		if !t.IsZero() {
			*t = t.Round(time.Millisecond)
		}
	}
	if r.Legs == nil {
		r.Legs = []Leg{}
	}
	return json.Marshal(struct {
		Schema int `json:"schema"`
		plain
		Duration float64 `json:"duration"`
	}{Schema, plain(r), r.Duration().Round(time.Millisecond).Seconds()})
}
