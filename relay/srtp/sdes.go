package srtp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

const (
	maxCryptoLine  = 1024 // bytes of one attribute value
	maxCryptoLines = 32   // attributes looked at in one media section
)

// Crypto is one SDES attribute, a=crypto (RFC 4568 9.1): a key that its writer will send
// with. It prints without the key; Line is for the wire.
type Crypto struct {
	Tag      uint32   // identifies the line in offer and answer, at most nine digits
	Suite    string   // as written by the offerer
	Key      Key      // empty, profile and all, when the suite is not one of ours
	Lifetime uint64   // packets the key is good for, 0 for the profile's limit
	Params   []string // session parameters, as written

	severalKeys bool
}

var errCrypto = errors.New("srtp: malformed crypto attribute")

// ParseCrypto reads the value of an a=crypto attribute, with or without that name before
// it. It forgives what phones do: any case, blanks, base64 without padding or in the URL
// alphabet. A line of a suite we do not know is no error but is not Usable. Errors never
// quote the key.
func ParseCrypto(value string) (Crypto, error) {
	if len(value) > maxCryptoLine {
		return Crypto{}, fmt.Errorf("%w: longer than %d bytes", errCrypto, maxCryptoLine)
	}
	value = cutPrefixFold(strings.TrimSpace(value), "a=")
	fields := strings.Fields(cutPrefixFold(value, "crypto:"))
	if len(fields) < 3 {
		return Crypto{}, fmt.Errorf("%w: %d fields", errCrypto, len(fields))
	}
	tag, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil || len(fields[0]) > 9 {
		return Crypto{}, fmt.Errorf("%w: tag", errCrypto)
	}
	c := Crypto{Tag: uint32(tag), Suite: fields[1]}
	if len(fields) > 3 {
		c.Params = fields[3:]
	}
	profile, known := ParseProfile(c.Suite)
	if !known {
		return c, nil
	}
	if err := c.parseKey(profile, fields[2]); err != nil {
		return Crypto{}, err
	}
	return c, nil
}

// parseKey reads inline:key||salt[|lifetime][|MKI:length]. Of several keys the first is
// read.
func (c *Crypto) parseKey(p Profile, params string) error {
	params, more, _ := strings.Cut(params, ";")
	c.severalKeys = more != ""
	info := cutPrefixFold(params, "inline:")
	if len(info) == len(params) {
		return fmt.Errorf("%w: key method is not inline", errCrypto)
	}
	parts := strings.Split(info, "|")
	if len(parts) > 3 {
		return fmt.Errorf("%w: key has %d parts", errCrypto, len(parts))
	}
	b, err := decodeKey(parts[0])
	if err != nil || len(b) != p.KeyLen()+p.SaltLen() {
		return fmt.Errorf("%w: key is not %d bytes in base64", errCrypto, p.KeyLen()+p.SaltLen())
	}
	c.Key = keyFrom(p, b)
	for _, part := range parts[1:] {
		number, length, isMKI := strings.Cut(part, ":")
		var ok bool
		if isMKI {
			c.Key.MKI, ok = parseMKI(number, length)
		} else {
			c.Lifetime, ok = parseLifetime(part)
		}
		if !ok {
			return fmt.Errorf("%w: lifetime or MKI", errCrypto)
		}
	}
	return nil
}

// decodeKey reads base64 in either alphabet, padded or not.
func decodeKey(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}

// parseLifetime reads a number of packets, plain or as 2^n.
func parseLifetime(s string) (uint64, bool) {
	if exponent, isPower := strings.CutPrefix(s, "2^"); isPower {
		n, err := strconv.ParseUint(exponent, 10, 8)
		return 1 << n, err == nil && n <= 48
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n > 0 && n <= 1<<48
}

// parseMKI writes the decimal number as length bytes, big endian.
func parseMKI(number, length string) ([]byte, bool) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 1 || n > MaxMKI || number == "" {
		return nil, false
	}
	mki := make([]byte, n)
	for _, digit := range []byte(number) {
		if digit < '0' || digit > '9' {
			return nil, false
		}
		carry := uint(digit - '0')
		for i := n - 1; i >= 0; i-- {
			carry += uint(mki[i]) * 10
			mki[i] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return nil, false
		}
	}
	return mki, true
}

// formatMKI is the reverse of parseMKI's number.
func formatMKI(mki []byte) string {
	rest := append([]byte(nil), mki...)
	var digits []byte
	for {
		var remainder uint
		zero := true
		for i, b := range rest {
			remainder = remainder<<8 | uint(b)
			rest[i], remainder = byte(remainder/10), remainder%10
			zero = zero && rest[i] == 0
		}
		digits = append(digits, '0'+byte(remainder))
		if zero {
			break
		}
	}
	slices.Reverse(digits)
	return string(digits)
}

// Usable tells, by nil, that we can do what the line asks for. We refuse to leave media
// unencrypted or unauthenticated, to derive keys more than once, and what we do not know
// (RFC 4568 6.3).
func (c Crypto) Usable() error {
	if err := c.Key.Check(); err != nil {
		return fmt.Errorf("srtp: crypto suite %.32q: %w", c.Suite, err)
	}
	if c.severalKeys {
		return fmt.Errorf("srtp: crypto %d: more than one key", c.Tag)
	}
	for _, param := range c.Params {
		name, value, _ := strings.Cut(param, "=")
		switch {
		case strings.HasPrefix(name, "-"), strings.EqualFold(name, "WSH"):
		case strings.EqualFold(name, "KDR") && value == "0":
		default:
			return fmt.Errorf("srtp: crypto %d: session parameter %.32q refused", c.Tag, param)
		}
	}
	return nil
}

// Line is the attribute's value for the wire: the tag, the suite, the key itself, its MKI
// and the session parameters.
func (c Crypto) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s inline:%s", c.Tag, c.Suite, c.Key.Inline())
	if c.Lifetime > 0 {
		fmt.Fprintf(&b, "|%d", c.Lifetime)
	}
	if len(c.Key.MKI) > 0 {
		fmt.Fprintf(&b, "|%s:%d", formatMKI(c.Key.MKI), len(c.Key.MKI))
	}
	for _, param := range c.Params {
		b.WriteByte(' ')
		b.WriteString(param)
	}
	return b.String()
}

// String names tag and suite and hides the key.
func (c Crypto) String() string { return fmt.Sprintf("%d %s inline:[key hidden]", c.Tag, c.Suite) }

// Format hides the key from every verb of package fmt.
func (c Crypto) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// MarshalText hides the key from JSON and the like. To store it, store Line.
func (c Crypto) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue hides the key from slog.
func (c Crypto) LogValue() slog.Value { return slog.StringValue(c.String()) }

// cutPrefixFold removes a prefix written in any case.
func cutPrefixFold(s, prefix string) string {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):]
	}
	return s
}
