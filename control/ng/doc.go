// Package ng lets SIP proxies place calls on us: the server side of rtpengine's ng control protocol, as
// the stock rtpengine modules of Kamailio and OpenSIPS speak it.
//
//	datagram "cookie d7:command5:offer...e"                                    datagram "cookie d6:result2:ok...e"
//	    │ Server.read (server.go), one goroutine a socket                                  ▲
//	    ▼                                                                                  │
//	engine.receive (engine.go) ── cookies (cookies.go): sent again? ──────────────────► the same reply
//	    │ decode (message.go: bencode/, json.go) ► options (options.go, flags.go)          │
//	    ├─ ping, list, statistics (statistics.go) ───────────────────────► reply (reply.go)│
//	    ▼                                                                      ▲           │
//	call.handle, on the call's queue (queue.go): in order, one at a time       │           │
//	    ├─ offer.go, answer.go: dialogue (dialogue.go) ► section (section.go) ──► rewrite.go
//	    │                         branches, forks          legs, mux, routes      codecs.go, translate.go
//	    ├─ delete.go, query.go, opinions.go: what legs saw    │                   secure.go: SRTP
//	    ▼                                                     ▼
//	call ends: engine.remove            Relay, Leg (leg.go) ── OverRelay (relay.go) ──► relay.Relay
//
// A call's dialogues, sections and legs belong to its queue; the table of calls and the cookies to the
// engine's lock, which is never held while anything is waited for. A call that is stuck in the relay
// holds up nobody else. The relay's shards tell OverRelay.Event that media has stopped; that only posts
// to a queue. Server may be used from any goroutine.
//
// Limits: UDP only; 1,400 bytes a report of a call, which tells as much as has room there (query.go); 64
// KiB and 4,096 values a message; 64 waiting requests and 32 branches a call, 16 forks a branch;
// MaxPending requests under way; 16,384 cookies or 32 MiB for 30 s. ICE is taken out of every
// description, and DTLS-SRTP is refused. What is not RTP but goes over UDP (T.38) is passed on as it is,
// what goes over TCP goes from side to side without us. ptime is asked of the peer in a=ptime; packets
// are not cut to another length.
package ng
