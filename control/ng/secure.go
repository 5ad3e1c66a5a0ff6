package ng

import "strings"

// secured reports whether a transport protocol is SRTP (RFC 3711, RFC 5764).
func secured(proto string) bool { return strings.Contains(strings.ToUpper(proto), "RTP/SAVP") }

// isDTLS reports whether keys are agreed on inside the media path (RFC 5764).
func isDTLS(proto string) bool { return strings.Contains(strings.ToUpper(proto), "TLS/") }

// isRTP reports whether a transport protocol is one of RTP's, secured or not.
func isRTP(proto string) bool { return strings.Contains(strings.ToUpper(proto), "RTP/") }

// protection decides what becomes of a section that comes in as one protocol and leaves as another:
// nil when packets pass as they are, in the clear or between two sides that share their keys, which
// travel in a=crypto untouched. Bridging between SRTP and RTP, which relay/srtp is for, is refused
// here and nowhere else.
func protection(from, to string) error {
	switch {
	case isDTLS(from) || isDTLS(to):
		return needsDTLS
	case secured(from) != secured(to):
		return needsSRTP
	default:
		return nil
	}
}
