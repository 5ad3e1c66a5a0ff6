package config

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// Station is one phone's account.
type Station struct {
	Tel              string      `yaml:"tel"`     // its number: the user part of From and To
	UserID           string      `yaml:"user_id"` // its name in the digest
	Password         Secret      `yaml:"password"`
	Name             string      `yaml:"name"` // shown to the called; "" = Tel
	SRTP             string      `yaml:"srtp" oneof:"off optional required"`
	DTMF             string      `yaml:"dtmf" oneof:"rfc2833 info inband"`
	ToneSource       string      `yaml:"tone_source" oneof:"system phone"` // what a held party hears: ours or the holder's
	Music            string      `yaml:"music"`                            // class of media.music; "" = hold tone
	PickupGroup      string      `yaml:"pickup_group"`
	Unreachable      string      `yaml:"unreachable"`                     // where calls go while it is not registered
	TransferOnHangup bool        `yaml:"transfer_on_hangup"`              // with one call on hold, ending the other joins the two
	CallWaiting      bool        `yaml:"call_waiting"`                    // it rings although it has a call
	Record           string      `yaml:"record" oneof:"on_demand always"` // always: all its calls and the rooms it is in
	InsertTrunk      InsertTrunk `yaml:"insert_trunk"`
	BehindNAT        string      `yaml:"behind_nat" oneof:"auto yes no"`
	Auth             string      `yaml:"auth" oneof:"password ip"`
	IP               netip.Addr  `yaml:"ip"` // with auth: ip
}

// InsertTrunk puts a trunk's access code before numbers.
type InsertTrunk struct {
	Code string `yaml:"code"`
	Type string `yaml:"type" oneof:"none incoming outgoing"`
}

// HA1 are the digests H(user:realm:password) in lower-case hex (RFC 7616 section 3.4.2).
type HA1 struct {
	MD5, SHA256 string
}

// HA1 is all that the registrar needs of the password.
func (s Station) HA1(realm string) HA1 {
	a1 := []byte(s.UserID + ":" + realm + ":" + s.Password.Reveal())
	m, sh := md5.Sum(a1), sha256.Sum256(a1)
	return HA1{MD5: hex.EncodeToString(m[:]), SHA256: hex.EncodeToString(sh[:])}
}
