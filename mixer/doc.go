// Package mixer is what happens on a shard's 20 ms tick: conferences, in which everyone hears
// everyone but himself, and players, which play one source to many.
//
//	packets ─► Participant.ReceiveRTP ─► receive.Stream: jitter buffer, decoder, concealment
//	                                          │ Pull, 20 ms of samples                        participant.go
//	                                          ▼
//	                                      converter: to the rate of the bus, 2 ms late        converter.go
//	                                          │
//	                   Playing ─────────►     │     announcements, tones                      announce.go
//	                                          ▼
//	        Conference.Tick:  sum = Σ of the loudest voices at their gains, int32             mix.go, conference.go,
//	                                          │                                               loudest.go, gain.go
//	               ┌──────────────────────────┼───────────────────────────┐
//	               ▼ for each who speaks,     ▼ once, for all others       ▼ once, for the deaf
//	                 or has an edge
//	          sum - own voice                sum                          silence                signal.go, edge.go
//	               ▼                          ▼                            ▼
//	            limiter                    limiter                      limiter              limiter.go
//	               ▼                          ▼                            ▼
//	            encoding        one encoding a codec and ptime     one a codec and ptime     encoding.go, with a converter
//	               ▼                          ▼                            ▼
//	             sender ─► Output        sender ─► Output, ...        sender ─► Output, ...  sender.go
//
//	        Player.Tick:  Source.Read ─► one encoding a codec and ptime ─► sender ─► Output, ...   player.go
//
// A listener that begins to speak leaves the shared limiter and encoder with a copy of their state,
// and comes back when the states are the same again, so that what it hears never has a seam and encoders with
// memory (G.722, Opus) stay in step with the decoders in the phones. Memories that do not become the same bit for bit change places in a
// lull (lull.go), where it is not heard.
//
// With some hundred members each one's memory has been driven from the processor's cache when its turn comes: before a tick all of it is
// read at once (fetch.go). The loops over samples are SSE2 on amd64 (kernels_amd64.s).
//
// A conference mixes at the second highest sampling rate of its members' codecs, as one wideband phone among narrowband ones has
// nobody to hear more of: five G.711 phones in a room cost four times as much at 16 kHz as at 8 (BenchmarkConferenceRate). The
// rate rises when it must and never falls while anybody is in. All ways through a room take the same time at every rate,
// and the tick of the change is mixed at both (bus.go), so that nobody hears it.
//
// Nothing here starts a goroutine, takes a lock, reads a clock or logs: a room or player belongs to one
// shard, whose thread calls all its methods, and time is what Tick is called with. The same calls give the same packets,
// on a virtual clock as well (ConferenceConfig.Random makes even the SSRCs repeat).
//
// Limits: where nothing but digital silence is ever between words, an encoder whose memory does not come to be bit for bit that of the shared
// one after talk (G.722, some rates of G.726, Opus) stays the member's own. 5 members a conference by default, MaxMembers at most; codecs of 8, 16, 32 or 48 kHz; ptime
// 10 to 60 ms; 5 ms of look-ahead in the limiter and 2 ms in each of two converters, added to the delay.
package mixer
