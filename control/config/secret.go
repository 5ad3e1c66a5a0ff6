package config

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a Secret shows of itself.
const redacted = "(secret)"

// Secret is a password or token. No verb of fmt, no JSON or YAML encoder and no log handler shows
// it. The text is behind a pointer, so that reflection-driven printing of an enclosing unexported
// field shows an address at most.
type Secret struct {
	text *string
}

// NewSecret wraps a text; "" is the empty secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text: for the one place that must have it (a digest, a bearer token).
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is none.
func (s Secret) Empty() bool { return s.text == nil }

// String is "(secret)", or "" when there is none.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// Format prints String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives encoders String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue gives slog String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
