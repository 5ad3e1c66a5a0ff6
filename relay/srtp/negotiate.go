package srtp

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrNoCommonSuite means that no line of an offer, or not the line of an answer, is one we
// can and may use: 488 in SIP.
var ErrNoCommonSuite = errors.New("srtp: no common crypto suite")

// Offer makes a line, each with its own fresh key, for every profile in order of preference.
// random is crypto/rand.Reader outside tests.
func Offer(profiles []Profile, random io.Reader) ([]Crypto, error) {
	offer := make([]Crypto, 0, len(profiles))
	for i, p := range profiles {
		key, err := NewKey(p, random)
		if err != nil {
			return nil, err
		}
		offer = append(offer, Crypto{Tag: uint32(i + 1), Suite: p.String(), Key: key})
	}
	return offer, nil
}

// ParseOffer reads the values of a media section's a=crypto attributes and leaves out those
// that make no sense.
func ParseOffer(values []string) []Crypto {
	var offer []Crypto
	for _, value := range values[:min(len(values), maxCryptoLines)] {
		if c, err := ParseCrypto(value); err == nil {
			offer = append(offer, c)
		}
	}
	return offer
}

// Select picks the line of a received offer that we answer: the first that is usable and
// whose profile is in accept, since the offerer's order is its preference (RFC 4568 5.1.2).
// Its Key is the one the offerer sends with.
func Select(offer []Crypto, accept []Profile) (Crypto, error) {
	for _, c := range offer {
		if c.Usable() == nil && slices.Contains(accept, c.Key.Profile) {
			return c, nil
		}
	}
	return Crypto{}, ErrNoCommonSuite
}

// Answer is the line to answer c with: its tag and suite as they were written, and the key we
// send with. On a renewed offer local is the key in use, unless the profile changed.
func (c Crypto) Answer(local Key) (Crypto, error) {
	if err := local.Check(); err != nil {
		return Crypto{}, err
	}
	if local.Profile != c.Key.Profile {
		return Crypto{}, fmt.Errorf("%w: answer %v with %v", ErrNoCommonSuite, c.Key.Profile, local.Profile)
	}
	return Crypto{Tag: c.Tag, Suite: c.Suite, Key: local}, nil
}

// Accept finds the line of our offer that a received answer took: local holds the key we
// send with, answer.Key the peer's. A phone that answers with its own tag is understood
// when just one line has its profile.
func Accept(offer []Crypto, answer Crypto) (local Crypto, err error) {
	if err := answer.Usable(); err != nil {
		return Crypto{}, fmt.Errorf("%w: %w", ErrNoCommonSuite, err)
	}
	matches := 0
	for _, c := range offer {
		if c.Key.Profile != answer.Key.Profile {
			continue
		}
		if c.Tag == answer.Tag {
			return c, nil
		}
		local = c
		matches++
	}
	if matches != 1 {
		return Crypto{}, ErrNoCommonSuite
	}
	return local, nil
}
