package phone

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/srtp/v2"
)

// SRTP says whether a phone encrypts its voice, with keys in SDP (RFC 4568).
type SRTP int

// A phone without SRTP ignores keys and refuses RTP/SAVP. One that can do both offers RTP/AVP with keys and takes
// what comes. One that insists offers RTP/SAVP and refuses everything else.
const (
	NoSRTP SRTP = iota
	OptionalSRTP
	RequiredSRTP
)

// suites are the names of SDP for what pion/srtp knows.
var suites = map[string]srtp.ProtectionProfile{
	"AES_CM_128_HMAC_SHA1_80": srtp.ProtectionProfileAes128CmHmacSha1_80,
	"AES_CM_128_HMAC_SHA1_32": srtp.ProtectionProfileAes128CmHmacSha1_32,
	"AES_256_CM_HMAC_SHA1_80": srtp.ProtectionProfileAes256CmHmacSha1_80,
	"AES_256_CM_HMAC_SHA1_32": srtp.ProtectionProfileAes256CmHmacSha1_32,
	"AEAD_AES_128_GCM":        srtp.ProtectionProfileAeadAes128Gcm,
	"AEAD_AES_256_GCM":        srtp.ProtectionProfileAeadAes256Gcm,
}

// Suites returns the names of all that a phone can be configured with.
func Suites() []string {
	var names []string
	for name := range suites {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// crypto is one a=crypto line: the key that its writer sends with.
type crypto struct {
	tag   int
	suite string
	key   string // key and salt, base64
}

func (c crypto) String() string { return fmt.Sprintf("%d %s inline:%s", c.tag, c.suite, c.key) }

// parseCrypto reads a line; one with a suite of no phone here is fine.
func parseCrypto(value string) (crypto, error) {
	f := strings.Fields(value)
	if len(f) < 3 || !strings.HasPrefix(f[2], "inline:") {
		return crypto{}, fmt.Errorf("sdp: crypto %q", value)
	}
	tag, err := strconv.Atoi(f[0])
	key, _, _ := strings.Cut(strings.TrimPrefix(f[2], "inline:"), "|")
	return crypto{tag: tag, suite: f[1], key: key}, err
}

// newCrypto makes a line with a fresh key.
func newCrypto(tag int, suite string) crypto {
	keyLen, _ := suites[suite].KeyLen()
	saltLen, _ := suites[suite].SaltLen()
	b := make([]byte, keyLen+saltLen)
	_, _ = rand.Read(b) // never fails
	return crypto{tag: tag, suite: suite, key: base64.StdEncoding.EncodeToString(b)}
}

// context makes pion's context of the line's key.
func (c crypto) context() (*srtp.Context, error) {
	profile, known := suites[c.suite]
	if !known {
		return nil, fmt.Errorf("srtp: suite %s", c.suite)
	}
	b, err := base64.StdEncoding.DecodeString(c.key)
	if err != nil {
		return nil, fmt.Errorf("srtp: key: %w", err)
	}
	keyLen, _ := profile.KeyLen()
	if saltLen, _ := profile.SaltLen(); len(b) != keyLen+saltLen {
		return nil, fmt.Errorf("srtp: key and salt of %d bytes for %s", len(b), c.suite)
	}
	return srtp.CreateContext(b[:keyLen], b[keyLen:], profile, srtp.SRTPReplayProtection(128), srtp.SRTCPReplayProtection(128))
}

// keying is what a call has agreed on about SRTP. The actor owns it.
type keying struct {
	offered       []crypto // our lines, while or since we offer them
	local, remote crypto   // in use; no suite = plain RTP
	proto         string   // in use
	fresh         bool     // the next offer brings a new key
}

var errNoKeys = errors.New("sdp: no SRTP in common")

// offer returns the lines and the protocol to offer: what is in use, or the phone's choice.
func (k *keying) offer(cfg Config) (lines []crypto, proto string) {
	proto = k.proto
	switch {
	case k.local.suite != "" && k.fresh:
		k.fresh = false
		k.offered = []crypto{newCrypto(k.local.tag, k.local.suite)}
	case k.local.suite != "":
		k.offered = []crypto{k.local}
	case cfg.SRTP == NoSRTP || proto != "":
		k.offered, proto = nil, "RTP/AVP"
	default:
		k.offered, proto = nil, "RTP/AVP"
		if cfg.SRTP == RequiredSRTP {
			proto = "RTP/SAVP"
		}
		for i, suite := range cfg.Suites {
			k.offered = append(k.offered, newCrypto(i+1, suite))
		}
	}
	return k.offered, proto
}

// takeOffer agrees to what the peer offers.
func (k *keying) takeOffer(cfg Config, d description) error {
	secure := strings.Contains(d.proto, "SAVP")
	if secure && cfg.SRTP == NoSRTP || !secure && cfg.SRTP == RequiredSRTP {
		return errNoKeys
	}
	for _, line := range d.crypto {
		if cfg.SRTP == NoSRTP || !slices.Contains(cfg.Suites, line.suite) {
			continue
		}
		local := k.local
		if local.suite != line.suite {
			local = newCrypto(line.tag, line.suite)
		}
		local.tag = line.tag
		k.local, k.remote, k.proto = local, line, d.proto
		return nil
	}
	if secure {
		return errNoKeys
	}
	k.local, k.remote, k.proto = crypto{}, crypto{}, d.proto
	return nil
}

// takeAnswer agrees to what the peer answers.
func (k *keying) takeAnswer(cfg Config, d description) error {
	for _, line := range d.crypto {
		for _, ours := range k.offered {
			if ours.tag == line.tag && ours.suite == line.suite {
				k.local, k.remote, k.proto = ours, line, d.proto
				return nil
			}
		}
	}
	if len(d.crypto) > 0 || cfg.SRTP == RequiredSRTP || strings.Contains(d.proto, "SAVP") {
		return errNoKeys
	}
	k.local, k.remote, k.proto = crypto{}, crypto{}, d.proto
	return nil
}

// vault is a stream's SRTP; the zero vault is plain RTP. The stream's mu guards it.
type vault struct {
	local, remote crypto
	in, out       *srtp.Context // nil = plain
}

// set changes the keys that have changed.
func (v *vault) set(local, remote crypto) (err error) {
	if local.suite == "" {
		*v = vault{}
		return nil
	}
	if v.out == nil || v.local.key != local.key || v.local.suite != local.suite {
		if v.out, err = local.context(); err != nil {
			return err
		}
	}
	if v.in == nil || v.remote.key != remote.key || v.remote.suite != remote.suite {
		if v.in, err = remote.context(); err != nil {
			return err
		}
	}
	v.local, v.remote = local, remote
	return nil
}

func (v *vault) seal(b []byte) ([]byte, error) {
	if v.out == nil {
		return b, nil
	}
	return v.out.EncryptRTP(nil, b, nil)
}

func (v *vault) sealRTCP(b []byte) ([]byte, error) {
	if v.out == nil {
		return b, nil
	}
	return v.out.EncryptRTCP(nil, b, nil)
}

func (v *vault) open(b []byte) ([]byte, error) {
	if v.in == nil {
		return b, nil
	}
	return v.in.DecryptRTP(nil, b, nil)
}

func (v *vault) openRTCP(b []byte) ([]byte, error) {
	if v.in == nil {
		return b, nil
	}
	return v.in.DecryptRTCP(nil, b, nil)
}
