package srtp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

const (
	// MaxMKI is the longest master key identifier accepted, in bytes (RFC 4568 6.1).
	MaxMKI = 128
	// Overhead is the most that protecting adds to a packet of any profile, in bytes:
	// a tag of 16, the SRTCP index of 4 and the longest MKI. A key without an MKI
	// never adds more than Overhead - MaxMKI.
	Overhead = 16 + 4 + MaxMKI
)

// Key is the master key of one direction, as SDES or another key exchange gives it.
// It prints as its profile only.
type Key struct {
	Profile Profile
	Master  []byte // Profile.KeyLen bytes
	Salt    []byte // Profile.SaltLen bytes
	MKI     []byte // identifier carried in each packet, up to MaxMKI bytes; empty for none
}

// NewKey reads a fresh key for p from random, which is crypto/rand.Reader outside tests.
func NewKey(p Profile, random io.Reader) (Key, error) {
	if !p.Valid() {
		return Key{}, fmt.Errorf("srtp: new key: %v", p)
	}
	b := make([]byte, p.KeyLen()+p.SaltLen())
	if _, err := io.ReadFull(random, b); err != nil {
		return Key{}, fmt.Errorf("srtp: new key: %w", err)
	}
	return keyFrom(p, b), nil
}

// keyFrom splits key||salt, which must have the profile's length.
func keyFrom(p Profile, b []byte) Key {
	n := p.KeyLen()
	return Key{Profile: p, Master: b[:n:n], Salt: b[n:]}
}

// Inline is key||salt in base64, as it stands in SDES. It is the secret itself.
func (k Key) Inline() string {
	b := make([]byte, 0, len(k.Master)+len(k.Salt))
	return base64.StdEncoding.EncodeToString(append(append(b, k.Master...), k.Salt...))
}

// Check tells what is wrong with the key's lengths, or nil.
func (k Key) Check() error {
	switch {
	case !k.Profile.Valid():
		return fmt.Errorf("srtp: %v", k.Profile)
	case len(k.Master) != k.Profile.KeyLen():
		return fmt.Errorf("srtp: %v wants a master key of %d bytes, not %d", k.Profile, k.Profile.KeyLen(), len(k.Master))
	case len(k.Salt) != k.Profile.SaltLen():
		return fmt.Errorf("srtp: %v wants a salt of %d bytes, not %d", k.Profile, k.Profile.SaltLen(), len(k.Salt))
	case len(k.MKI) > MaxMKI:
		return fmt.Errorf("srtp: MKI of %d bytes, at most %d", len(k.MKI), MaxMKI)
	}
	return nil
}

// Equal tells whether both are the same key, MKI included.
func (k Key) Equal(other Key) bool {
	return k.Profile == other.Profile && bytes.Equal(k.Master, other.Master) && bytes.Equal(k.Salt, other.Salt) && bytes.Equal(k.MKI, other.MKI)
}

// String names the profile and hides the key.
func (k Key) String() string { return k.Profile.String() + " [key hidden]" }

// Format hides the key from every verb of package fmt.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// MarshalText hides the key from JSON and the like. To store a key, store the Line of a
// Crypto.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue hides the key from slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
