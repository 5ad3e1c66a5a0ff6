package srtp

import "errors"

// What protecting and unprotecting can answer. The errors are made once, so that a flood
// of bad packets allocates nothing; a caller counts them by identity.
var (
	// ErrShort is a packet that is no RTP or RTCP or too short for the profile.
	ErrShort = errors.New("srtp: packet too short or malformed")
	// ErrBuffer is a dst that cannot hold the result.
	ErrBuffer = errors.New("srtp: destination too small")
	// ErrAuth is a packet that was not made with our key, or was changed on its way.
	ErrAuth = errors.New("srtp: authentication failed")
	// ErrMKI is a packet whose master key identifier is not that of a key we have.
	ErrMKI = errors.New("srtp: unknown master key identifier")
	// ErrReplay is an authentic packet that came before, or one older than the window.
	// From ProtectRTP it means that the packet index was used already or is too old:
	// sending it would use a keystream twice.
	ErrReplay = errors.New("srtp: packet replayed or too old")
	// ErrKeyExpired, of a sender only, means that the key has protected 2^48 RTP or 2^31 RTCP
	// packets of one SSRC (RFC 3711 9.2).
	ErrKeyExpired = errors.New("srtp: key used up")
	// ErrTooManyStreams means that MaxStreams SSRCs have been seen under one key.
	ErrTooManyStreams = errors.New("srtp: too many SSRCs under one key")
)
