// Package sdp reads the session descriptions that phones really send, keeps every byte of them, and
// builds the descriptions and answers that sidetone sends itself.
//
//	body of an INVITE, 200, ACK                                    body of our own messages
//	        │                                                               ▲
//	        ▼ Parse (parse.go: bounded, forgiving)                          │
//	  Session ── Section (section.go: the lines as they came) ── Bytes ─────┤ what was not touched
//	     │                                                                  │ comes back byte for byte
//	     └─ Media (media.go)                                                │
//	          ├ RTP, RTCP, RTCPMux (address.go) ──► relay.Remote            │
//	          ├ Direction          (direction.go) ► hold, resume            │
//	          └ Codecs ── Common   (codec.go) ────┐                         │
//	                                              ▼                         │
//	                          Local (describe.go) ─┬─ Offer ────────────────┤ a line of ours each
//	                                               └─ AnswerTo (answer.go) ─┘ never more than was offered
//
// A leaf: it imports nothing of ours, holds no state and may be called from any goroutine; a Session
// belongs to whoever parsed it (in sidetone: the call's actor). Names are not resolved: an address
// that is not an IP literal is no address.
//
// Limits: 64 KiB, 2,048 lines and 32 media sections a description, 128 payload types a section. Only
// the SDP of offer/answer (RFC 3264) is understood; the rest of RFC 8866 is carried, not interpreted.
package sdp
