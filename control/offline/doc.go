// Package offline mixes what was captured or recorded, on a virtual clock, as a conference would have.
//
//	capture.pcap ──► captureFile (capturefile.go, pcapng.go) ──► packets ──► parse (frame.go)
//	                                                                           ▼
//	                 ReadCapture (capture.go) ◄────────────────────────── datagrams: SIP ─► media descriptions   (describe.go)
//	                                                  │                                            ▼
//	                                                  └─► RTP ─► streams, by source (streams.go)
//	                                                                  ▼
//	talk.wav ──► ReadAudio (voice.go) ─────────────────────────────► Party
//	                                                                  ▼
//	                     Mix (mix.go): mixer.Conference, a tick every 20 ms of the capture's own time
//	                                                                  ▼
//	                     Sink, one a party: what it would have heard  +  Summary (summary.go)
//
// The packets go through the very jitter buffers, decoders and mixer that serve calls, and come when the capture says they came. The
// clock is the capture's and all that is random is seeded, so the same input gives the same output, octet by octet. Only
// cmd calls it, from one goroutine.
//
// A stream is known by its look: RTP whose sequence numbers go on. What its payload types mean is said by whoever calls, else by the
// SDP in the capture's own SIP messages, else by RFC 3551. A stream that carries the same payloads as an earlier one is a relayed copy and
// left out. Limits: UDP; no fragments; no SRTP; no packets that a pcapng file gives no time; a capture of at most MostPackets RTP packets, of MostParties parties.
package offline
