package dtmf

import (
	"strings"
	"time"
)

// keys are the characters of the event codes 0 to 16 (RFC 4733 section 3.2, table 3); the last is hook flash.
const keys = "0123456789*#ABCD!"

// Flash is the character of the hook flash, which has no tones.
const Flash = '!'

// Press is one key that was pressed.
type Press struct {
	Key      byte          // '0' to '9', '*', '#', 'A' to 'D', or Flash
	Duration time.Duration // how long; 0 = not known
}

// Usual and the bounds of what is sent on: a key shorter than Shortest may not be heard (Q.24 has 40 ms), one longer than
// Longest is a mistake.
const (
	Usual    = 160 * time.Millisecond
	Shortest = 60 * time.Millisecond
	Longest  = 10 * time.Second
)

// Length is the duration to send the press with.
func (p Press) Length() time.Duration {
	if p.Duration <= 0 {
		return Usual
	}
	return min(max(p.Duration, Shortest), Longest)
}

// Code gives the event code of a key, and false for a character that is none. Letters may be small.
func Code(key byte) (uint8, bool) {
	if key >= 'a' && key <= 'd' {
		key -= 'a' - 'A'
	}
	i := strings.IndexByte(keys, key)
	return uint8(max(i, 0)), i >= 0
}

// Key gives the character of an event code, and false for an event that is no key.
func Key(code uint8) (byte, bool) {
	if int(code) >= len(keys) {
		return 0, false
	}
	return keys[code], true
}
