package relay

import (
	"fmt"
	"io"
	"log/slog"

	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
)

// SRTP on a leg, between the socket and everything else, so that routes, sinks and transforms see plain RTP:
//
//	arrives ─► source (Check) ─► payload type ─► unprotect ─► learn ─► route ─┬► Sink
//	             refused: no cipher is run        forged: nothing is learned  └► To ─► protect ─► outbox
//
// The contexts belong to the leg and move between shards with it.

// Keys are the SRTP master keys of a leg's two directions (RFC 3711), as signalling has agreed on them. They do not change:
// for another key make other Keys. They print as their profiles only.
type Keys struct {
	receive, send srtp.Key
}

// NewKeys takes the key that the peer sends with and the one that we send with; they may have different profiles. A key that
// was used to send and then replaced must not come back: its packets could be decrypted with each other.
func NewKeys(receive, send srtp.Key) (*Keys, error) {
	if err := receive.Check(); err != nil {
		return nil, fmt.Errorf("keys to receive with: %w", err)
	}
	if err := send.Check(); err != nil {
		return nil, fmt.Errorf("keys to send with: %w", err)
	}
	return &Keys{receive: receive, send: send}, nil
}

// Profiles returns what protects the packets that are received and that are sent, no profile for nil Keys.
func (k *Keys) Profiles() (receive, send srtp.Profile) {
	if k == nil {
		return 0, 0
	}
	return k.receive.Profile, k.send.Profile
}

// Format hides the keys from every verb of package fmt.
func (k *Keys) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// MarshalText hides the keys from JSON and the like.
func (k *Keys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue hides the keys from slog.
func (k *Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// String names the profiles.
func (k *Keys) String() string {
	if k == nil {
		return "plain RTP"
	}
	return fmt.Sprintf("receive %v, send %v [keys hidden]", k.receive.Profile, k.send.Profile)
}

// secure is what a leg's shard needs for SRTP. A leg that becomes plain keeps it (legState.keyed), so that coming back to
// the same keys neither takes replays nor uses a keystream twice.
type secure struct {
	in, out    *srtp.Context
	renumbered renumbering
	keys       *Keys
}

// setKeys takes what signalling agreed on: nil for plain RTP. A key that stays goes on as it was.
func (l *Leg) setKeys(k *Keys) error {
	if k == nil {
		l.secure = nil
		return nil
	}
	x := l.keyed
	if x == nil {
		x = &secure{keys: &Keys{}}
	}
	if k != x.keys {
		in, err := turn(x.in, x.keys.receive, k.receive)
		if err != nil {
			return err
		}
		out, err := turn(x.out, x.keys.send, k.send)
		if err != nil {
			return err
		}
		x.keys, x.in, x.out = k, in, out
	}
	l.keyed, l.secure = x, x
	return nil
}

// turn gives a context its next key, and makes the first one.
func turn(c *srtp.Context, old, k srtp.Key) (*srtp.Context, error) {
	switch {
	case c == nil:
		return srtp.New(k)
	case old.Equal(k):
		return c, nil
	}
	return c, c.Rekey(k)
}

// unprotect decrypts a packet of the peer in place. Of one that is not authentic, or was here before, it counts the
// reason and returns nil.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) unprotect(b []byte, rtcp bool) []byte {
	var n int
	var err error
	if rtcp {
		n, err = l.secure.in.UnprotectRTCP(b, b)
	} else {
		n, err = l.secure.in.UnprotectRTP(b, b)
	}
	switch {
	case err == nil:
		if b = b[:n]; rtcp && rtp.ValidRTCP(b) || !rtcp && rtp.Valid(b) {
			return b
		}
		l.stats.Dropped[DropMalformed]++
	case err == srtp.ErrAuth, err == srtp.ErrMKI:
		l.stats.Dropped[DropAuth]++
	case err == srtp.ErrReplay:
		l.stats.Dropped[DropReplay]++
	default:
		l.stats.Dropped[DropMalformed]++
	}
	return nil
}

// protectRTP encrypts a packet for the peer into dst, which may be the packet's own memory, and returns it, or nil when SRTP
// refuses it: a repeated sequence number, no room, or a key that is used up.
// Hot path: no allocation, lock, clock or log.
func (x *secure) protectRTP(dst, b []byte) []byte {
	seq := rtp.SequenceNumber(b)
	x.renumbered.apply(b)
	n, err := x.out.ProtectRTP(dst, b)
	if err == srtp.ErrReplay && x.renumbered.restarted(x.out, b, seq) {
		n, err = x.out.ProtectRTP(dst, b)
	}
	if err != nil {
		return nil
	}
	x.renumbered.went(b)
	return dst[:n]
}

// protectRTCP is protectRTP for RTCP.
// Hot path: no allocation, lock, clock or log.
func (x *secure) protectRTCP(dst, b []byte) []byte {
	n, err := x.out.ProtectRTCP(dst, b)
	if err != nil {
		return nil
	}
	return dst[:n]
}
