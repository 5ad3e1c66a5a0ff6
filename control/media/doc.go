// Package media joins the relay and the mixer under one description: a Leg is
// a local port pair, what was agreed about it in SDP, and what its phone hears.
//
// It knows nothing of SIP: the B2BUA (control/call) and later ng drive the same
// legs.
//
//	         offers, answers                        what should be heard
//	              │                                         │
//	              ▼                                         ▼
//	Offer, SetAnswer, SetOffer, Answer               Connect, Plan (plan.go)
//	codecs (negotiate.go), keys (secure.go)          translate.go: between two codecs
//	              │                                         │
//	              ▼                                         ▼
//	   relay.Leg.SetRemote ◄────── Leg (leg.go) ──────► relay.Leg.SetRoute
//	                                 │      │
//	             tone or music ◄─────┘      └─────► conference
//	           player.go: one mixer.Player          room.go: one mixer.Conference
//	           a program and shard                  a Room, on one shard; who hears
//	                                                whom how loud: controls.go
//
// Music that somebody else plays comes in by stream.go. What a leg's phone presses is told to Leg.OnDigit (ear.go), whatever the plan; Leg.SendDigit puts keys into what a phone hears
// (splice.go), as events or tones, in one stream without a gap (numbers.go). Leg.Record and Room.Record write what is said to a
// mixer/record.Recorder (record.go).
//
// A Leg belongs to the actor that opened it: its methods are called by one
// goroutine at a time. Engine and Room may be used from anywhere. Both legs of
// a pair and all legs of a room live on one shard; Connect and Room.join move
// them there.
//
// Where two phones may send to each other without us is direct.go's to say.
//
// Limits: one audio stream a leg; what is decoded (rooms, tones, transcoding)
// is what codecs.Set decodes, everything else is relayed untouched.
package media
