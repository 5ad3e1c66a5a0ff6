// Package mixer is what happens on a shard's 20 ms tick: conferences, in which everyone hears
// everyone but himself, and players, which play one source to many.
//
//	packets ─► Participant.ReceiveRTP ─► receive.Stream: jitter buffer, decoder, concealment
//	                                          │ Pull, 20 ms of samples                        participant.go
//	                                          ▼
//	        Conference.Tick:  sum = Σ of all voices, int32                                   mix.go, conference.go
//	                                          │
//	               ┌──────────────────────────┼───────────────────────────┐
//	               ▼ for each who speaks      ▼ once, for all who do not   ▼ once, for the deaf
//	          sum - own voice                sum                          silence                signal.go
//	               ▼                          ▼                            ▼
//	            limiter                    limiter                      limiter              limiter.go
//	               ▼                          ▼                            ▼
//	            encoding        one encoding a codec and ptime     one a codec and ptime     encoding.go
//	               ▼                          ▼                            ▼
//	             sender ─► Output        sender ─► Output, ...        sender ─► Output, ...  sender.go
//
//	        Player.Tick:  Source.Read ─► one encoding a codec and ptime ─► sender ─► Output, ...   player.go
//
// A listener that begins to speak leaves the shared limiter and encoder with a copy of their state,
// and comes back when the states are the same again, so that what it hears never has a seam and encoders with
// memory (G.722, Opus) stay in step with the decoders in the phones.
//
// Nothing here starts a goroutine, takes a lock, reads a clock or logs: a room or player belongs to one
// shard, whose thread calls all its methods, and time is what Tick is called with. The same calls give the same packets,
// on a virtual clock as well (ConferenceConfig.Random makes even the SSRCs repeat).
//
// Limits: 5 members a conference by default, MaxMembers at most; codecs whose sampling rate is the room's; ptime
// 10 to 60 ms; 5 ms of look-ahead in the limiter, added to the delay.
package mixer
