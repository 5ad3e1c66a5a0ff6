package ng

// reason is why a request is refused: the error-reason of its reply. The first four are matched
// letter by letter in stock modules of Kamailio and OpenSIPS or in scripts.
type reason string

const (
	unknownCall  reason = "Unknown call-id"
	noPorts      reason = "Ran out of ports"               // the proxy tries another node
	sessionLimit reason = "Parallel session limit reached" // and here
	tagMismatch  reason = "Call-ID not found or tags didn't match"

	noCallID       reason = "No call-id in message"
	noFromTag      reason = "No from-tag in message"
	noToTag        reason = "No to-tag in message"
	noSDP          reason = "No SDP body in message"
	badSDP         reason = "Failed to parse SDP"
	noCommand      reason = "No command in message"
	unknownCommand reason = "Unrecognized command"
	noDialogue     reason = "Invalid dialogue association"
	noSuite        reason = "No SRTP crypto suite in common"
	needsDTLS      reason = "DTLS-SRTP is not supported"
	tooManyCalls   reason = "Too many requests of this call are waiting"
	tooLong        reason = "Call-ID or tag too long"
	internalError  reason = "Internal error"
)

// Error makes it an error.
func (r reason) Error() string { return string(r) }
