// Package media joins the relay and the mixer under one description: a Leg is
// what was agreed with a phone in SDP, a local port pair for each section of it, and what the phone hears.
//
// It knows nothing of SIP: the B2BUA (control/call) and later ng drive the same
// legs.
//
//	         offers, answers                        what should be heard
//	              │                                         │
//	              ▼                                         ▼
//	Offer, SetAnswer, SetOffer, Answer               Connect, Plan (plan.go)
//	(describe.go) codecs (negotiate.go),             translate.go: between two codecs
//	keys (secure.go), sections (section.go)          extra.go: the sections besides the voice
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
// (splice.go), as events or tones, in one stream without a gap (relay.Leg.Insert). Leg.Record and Room.Record write what is said to a
// mixer/record.Recorder (record.go).
//
// A Leg belongs to the actor that opened it: its methods are called by one
// goroutine at a time. Engine and Room may be used from anywhere. Both legs of
// a pair and all legs of a room live on one shard; Connect and Room.join move
// them there.
//
// Where two phones may send to each other without us is direct.go's to say.
//
// Video, fax and whatever else goes over UDP are sections besides the voice: what two joined phones say of them is told on (shared.go),
// their packets pass untouched, under the payload type that the other phone has for them (match.go).
//
// Limits: one audio stream a leg, and seven sections besides; what is decoded (rooms, tones, transcoding)
// is what codecs.Set decodes, everything else is relayed untouched. RTP header extensions are not agreed about in video.
package media
