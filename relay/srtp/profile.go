package srtp

import "strings"

// Profile is one SRTP protection profile: cipher, authentication and their lengths.
// The zero value is no profile.
type Profile uint8

// The profiles, named by cipher and by tag length in bits where the cipher leaves a choice.
const (
	AES128CM80 Profile = iota + 1 // AES_CM_128_HMAC_SHA1_80 (RFC 3711)
	AES128CM32                    // AES_CM_128_HMAC_SHA1_32 (RFC 3711); SRTCP keeps the 80 bit tag
	AES256CM80                    // AES_256_CM_HMAC_SHA1_80 (RFC 6188)
	AES256CM32                    // AES_256_CM_HMAC_SHA1_32 (RFC 6188); SRTCP keeps the 80 bit tag
	AES128GCM                     // AEAD_AES_128_GCM (RFC 7714)
	AES256GCM                     // AEAD_AES_256_GCM (RFC 7714)
)

// parameters are a profile's lengths in bytes and its name in SDES.
type parameters struct {
	suite   string
	alias   string // another spelling seen on the wire
	key     int
	salt    int
	rtpTag  int
	rtcpTag int
	isGCM   bool
}

// profiles is indexed by Profile.
var profiles = [...]parameters{
	AES128CM80: {suite: "AES_CM_128_HMAC_SHA1_80", alias: "AES_128_CM_HMAC_SHA1_80", key: 16, salt: 14, rtpTag: 10, rtcpTag: 10},
	AES128CM32: {suite: "AES_CM_128_HMAC_SHA1_32", alias: "AES_128_CM_HMAC_SHA1_32", key: 16, salt: 14, rtpTag: 4, rtcpTag: 10},
	AES256CM80: {suite: "AES_256_CM_HMAC_SHA1_80", alias: "AES_CM_256_HMAC_SHA1_80", key: 32, salt: 14, rtpTag: 10, rtcpTag: 10},
	AES256CM32: {suite: "AES_256_CM_HMAC_SHA1_32", alias: "AES_CM_256_HMAC_SHA1_32", key: 32, salt: 14, rtpTag: 4, rtcpTag: 10},
	AES128GCM:  {suite: "AEAD_AES_128_GCM", key: 16, salt: 12, rtpTag: 16, rtcpTag: 16, isGCM: true},
	AES256GCM:  {suite: "AEAD_AES_256_GCM", key: 32, salt: 12, rtpTag: 16, rtcpTag: 16, isGCM: true},
}

// Profiles returns every profile, in the order in which they are best offered:
// the one each phone knows first, then the stronger ones, the short tags last.
func Profiles() []Profile {
	return []Profile{AES128CM80, AES256CM80, AES128GCM, AES256GCM, AES128CM32, AES256CM32}
}

// ParseProfile finds the profile of an SDES suite name. Case does not matter, and
// the swapped spelling AES_CM_256_HMAC_SHA1_80 of some phones is understood.
func ParseProfile(suite string) (Profile, bool) {
	for p := AES128CM80; p.Valid(); p++ {
		if strings.EqualFold(suite, profiles[p].suite) || profiles[p].alias != "" && strings.EqualFold(suite, profiles[p].alias) {
			return p, true
		}
	}
	return 0, false
}

// Valid tells whether p is one of the profiles above.
func (p Profile) Valid() bool { return p >= AES128CM80 && p <= AES256GCM }

// KeyLen is the length of master and session key in bytes; 0 for no profile.
func (p Profile) KeyLen() int { return p.parameters().key }

// SaltLen is the length of the master salt in bytes; 0 for no profile.
func (p Profile) SaltLen() int { return p.parameters().salt }

// TagLen is the number of bytes that protection adds to an RTP packet, without an MKI.
func (p Profile) TagLen() int { return p.parameters().rtpTag }

// RTCPTagLen is the number of tag bytes added to an RTCP packet; 4 bytes of index and
// the MKI come on top.
func (p Profile) RTCPTagLen() int { return p.parameters().rtcpTag }

// String is the suite's name in SDES (RFC 4568 6.2, RFC 6188 5, RFC 7714 14.1).
func (p Profile) String() string {
	if !p.Valid() {
		return "no SRTP profile"
	}
	return p.parameters().suite
}

func (p Profile) parameters() *parameters {
	if !p.Valid() {
		return &profiles[0]
	}
	return &profiles[p]
}
