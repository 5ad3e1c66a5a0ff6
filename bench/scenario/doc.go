// Package scenario plays whole calls with bench phones against a running server and judges them by
// what was heard.
//
//	Demo ──► six phones ──SIP and RTP over the wire──► the server (Target)
//	  │  demo.go
//	  ├ registering      all, and unregistering at the end
//	  ├ callAndHold      a–b  ringing, both ways, hold, resume, relay delay   ┐
//	  ├ transcoding      c–d  A-law to mu-law                                 ├ at the same time
//	  ├ refusals         e–f  404, 486, CANCEL                                ┘
//	  ├ conference       a    by feature code with b, c, d, e; then f as the sixth; then e vanishes
//	  └ ending           every call ends with an answered BYE
//	        │
//	        ▼
//	     Report: Checks, the matrix who heard whom, delays; JSON by its tags, a table by Text
//
// The server is known by its address only; nothing of it is imported. Demo may be called from any
// goroutine, owns the goroutines it starts and returns when they are done. Every check that Demo knows
// is in the report, also when a step before it failed: then as failed, with the reason.
//
// Limits: six accounts; about 25 s; judged windows assume a machine that runs the phones in time, and
// say so when it did not (Phone.Paused).
package scenario
