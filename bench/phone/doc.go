// Package phone is a SIP phone that a script plays: it registers, calls, rings, answers, holds, speaks
// a tone of its own and records what it hears.
//
//	script ──Dial, Hold, Hangup…──► actor (phone.go, Run) ◄──messages in network order── wire.go (UDP, TCP)
//	   ▲                              │ transaction.go  retransmission, ACK, timeouts
//	   │                              │ register.go auth.go dial.go incoming.go reinvite.go dialog.go
//	   └──Status, Hear, Stats── Call ◄┘                       │
//	                             call.go                      ▼ one stream for a call
//	     Oscillator ► G.711 ► pacer every 20 ms ► RTP out     media.go
//	     recorder.go ◄ G.711 ◄ RTP in, stamped by the kernel  timestamp_linux.go
//	     Ledger: when each packet left, by SSRC and sequence number: one-way latency between phones
//
// Only sipgo's parser and message types are used; transactions and dialogs are this package's own, so
// that the phone shares neither code nor faults with the server it tests, and one goroutine sees all
// messages of a phone in the order they came. The phone has as many lines as calls are made.
//
// A Phone's and a Call's methods may be called from any goroutine and block until the answer is there
// or the context ends. Without a server, phones call each other by URI ("sip:b@127.0.0.1:5070").
//
// SRTP (srtp.go) is pion's, with keys in SDP.
//
// Limits: audio in G.711 with 20 ms packets; transfers are asked for, never carried out; one audio line in SDP, and what Config.Sections has besides (section.go), which carries what the script sends. A recording ends
// after ten minutes.
package phone
