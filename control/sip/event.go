package sip

// Event is what a Dialog tells its owner through notify, always on the dialog's actor.
//
// Every dialog ends with exactly one of Failed (we called, no answer came of it), Cancelled (they called and gave up
// before an answer) or Terminated (everything else, whoever ended it); nothing follows it.
type Event interface{ event() }

// Progress is a provisional response to our INVITE (RFC 3261 13.2.2.1), 100 Trying excepted.
// SDP is an early answer or nil. With forking it may come from several early dialogs.
type Progress struct {
	Code   int
	Reason string
	SDP    []byte
}

// Answered is the first 2xx to our INVITE, with an answer unless Progress has brought it (RFC 3262 5). The ACK has been sent already, unless the INVITE carried no SDP: then SDP
// is the peer's offer and the owner must call Dialog.Ack with the answer.
type Answered struct {
	SDP []byte
}

// Failed ends a dialog we opened: a final response of 300 and above, or a code of our own (408 nothing was heard or
// nobody answered in time, 487 we cancelled, 503 the request could not be sent). Contacts holds a 3xx's targets.
type Failed struct {
	Code     int
	Reason   string
	Contacts []string
	// RetryAfter is the peer's Retry-After in seconds, 0 when absent.
	RetryAfter int
}

// Numbers are what Contacts lead to, where it can be dialled.
func (f Failed) Numbers() (list []string) {
	for _, c := range f.Contacts {
		if u, _, err := parseReferTo(c); err == nil && dialable(userOf(u)) {
			list = append(list, userOf(u))
		}
	}
	return list
}

// Acked is the ACK to a 2xx of ours, to the first INVITE or to a re-INVITE. SDP is the answer when our 2xx carried
// the offer, else nil.
type Acked struct {
	SDP []byte
}

// Offer is a re-INVITE or an UPDATE of the peer; the owner calls AcceptOffer or RejectOffer, at once or later.
// SDP nil: a re-INVITE that asks for an offer of ours, to be given to AcceptOffer; the answer comes in Acked.
type Offer struct {
	SDP []byte
	// Update is true for UPDATE (RFC 3311), which should be answered without asking a person.
	Update bool
}

// OfferAnswered is the 2xx to our Reinvite. For Reinvite(nil), SDP is the peer's offer and the owner must call Ack.
type OfferAnswered struct {
	SDP []byte
}

// OfferFailed is a final response of 300 and above to our Reinvite (408: none came); the session stands as before.
// After 491 the dialog tries again by itself (RFC 3261 14.1); it is reported only when an offer of the peer was accepted
// meanwhile, which makes ours stale: offer anew. After 408 and 481 Terminated follows.
type OfferFailed struct {
	Code int
}

// OfferCancelled takes back an Offer that was not answered yet: CANCEL came for the re-INVITE; 487 has been sent.
type OfferCancelled struct{}

// Cancelled ends a dialog the peer opened: CANCEL came before our final answer; 487 has been sent.
// Reason is the CANCEL's Reason header (RFC 3326), often `SIP;cause=200;text="Call completed elsewhere"`.
type Cancelled struct {
	Reason string
}

// Terminated ends a dialog after BYE from either side, our rejection, a lost ACK, a dead flow or the stop of the stack.
type Terminated struct {
	// Reason is a short text for logs: "bye", "local", "rejected", "no ack", "no prack", "session expired", "timeout",
	// "stopped".
	Reason string
	// Remote is true when the peer ended it.
	Remote bool
	// Header is the BYE's Reason header (RFC 3326) or "".
	Header string
}

func (Progress) event()       {}
func (Answered) event()       {}
func (Failed) event()         {}
func (Acked) event()          {}
func (Offer) event()          {}
func (OfferAnswered) event()  {}
func (OfferFailed) event()    {}
func (OfferCancelled) event() {}
func (Cancelled) event()      {}
func (Terminated) event()     {}
func (*Request) event()       {}

// Request is a request of the peer inside the dialog: INFO, REFER, NOTIFY, MESSAGE, SUBSCRIBE.
// The owner calls Reply before notify returns; if it does not, the dialog answers INFO and NOTIFY with 200, MESSAGE
// with 405 and the others with 501.
type Request struct {
	Method      string
	ContentType string
	Body        []byte

	header  func(name string) string
	reply   func(code int, reason string, headers []Header)
	replied bool
}

// Header returns the first header of that name, long or compact form, or "".
func (r *Request) Header(name string) string { return r.header(name) }

// Reply answers the request; only the first call counts. reason "" means the RFC's.
func (r *Request) Reply(code int, reason string, headers ...Header) {
	if r.replied {
		return
	}
	r.replied = true
	r.reply(code, reason, headers)
}

// Header is one header line to be added to a message. CR, LF and NUL in it become spaces.
type Header struct {
	Name, Value string
}
