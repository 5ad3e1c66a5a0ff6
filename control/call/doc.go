// Package call is the back-to-back user agent: calls between stations and over trunks, hold, transfer, forward, pickup, park and rooms,
// over the dialogs of control/sip and the legs of control/media.
//
//	 INVITE in network order                         dialled codes
//	          │                                            │
//	          ▼                                            ▼
//	Exchange.OnInvite (exchange.go) ──► Feature.Dial: answered 480 (control/features)
//	          │ makes                ──► Service.Serve: connected
//	          ▼
//	Call (call.go): an actor on a Queue (queue.go) ◄── relay.Event (timeouts)
//	   │    a Leg                     b Leg(s)
//	   │    sip.Dialog + media.Leg    sip.Dialog + media.Leg
//	   │
//	   ├─ route.go    where a number leads: rooms, stations, forwards, do not disturb
//	   ├─ group.go    station groups: who of the members rings, and when
//	   ├─ trunk.go    the ways out of the house (control/trunk), and who may take them
//	   ├─ setup.go    ringing, forking, early media, answer, failure codes
//	   ├─ offer.go    re-INVITE and UPDATE from a phone: hold, resume, codecs
//	   ├─ ask.go      those that bring video or a fax, for which the other phone is asked first
//	   ├─ display.go  whom a phone shows as the other party
//	   ├─ direct.go   two phones that may send to each other
//	   ├─ capacity.go channels and ports in use
//	   ├─ settle.go   after every event: who hears whom, what phones are told
//	   ├─ move.go     legs change calls; on it stand
//	   │    refer.go, hangup.go   transfer by REFER and by hanging up
//	   │    takeover.go           INVITE with Replaces, pickup, park and retrieval
//	   │    waiting.go, hold.go   who waits for somebody, recalls
//	   ├─ room.go     Room: legs of several calls in one conference
//	   │    enter.go    who comes in, and by which PIN
//	   │    moderate.go    what members and operators may do
//	   │    focus.go    conferences that phones make: factory, REFER, conference-info
//	   │    summon.go, page.go    stations that we call into one; paging, intercom
//	   ├─ attendance.go a machine answers in place of a phone: it plays, hears keys, records
//	   ├─ recording.go  each phone in a channel of a file, or a room's mix: when asked, or always
//	   ├─ digits.go   keys that phones press: to the other phone, or to Leg.OnDigit
//	   └─ quality.go, record.go   what each leg sounded like, and the record
//	        remains.go    what is left of a call after a restart
//
// A Call's fields are touched by its own queue only; features reach it with Call.Post, and a leg, wherever it has moved,
// with Leg.Do. What others may read without asking (API, features) is published in snapshot.go and line.go. settle is
// idempotent: an event changes state, settle makes media and signalling follow, so no event needs to know all the others.
//
// No call ever waits for another one: a leg is given away like a message, and comes back when there is no place for it.
//
// Limits: one audio stream a call. Video is for two phones: rooms, machines and parking take it out, and it is offered again to two that
// are joined. A caller whose INVITE has no description is called back with audio alone.
package call
