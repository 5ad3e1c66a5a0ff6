// Package features holds what stations do by dialling codes: one file a
// feature, each a small state machine over calls.
//
//	INVITE 46 ──► call.Exchange.OnInvite ──► Feature.Match, Feature.Dial      480: conference.go dnd.go forward.go park.go
//	INVITE 65218 ─────────┤            └───► Service.Match, Service.Serve     200: pickup.go park.go (retrieval) intercom.go page.go
//	                      │                          │ posts to
//	answered, ended ──────┴──► Watcher               ▼
//	                                          call.Call (its queue)
//
// What stations set (forwards, do not disturb) is in Settings (settings.go, on control/store: it outlives the program), which calls read through
// call.Config.Settings. Who is parked is there too (park.go), so that after a kill the next start can hang up (Park.Bury).
//
// A feature may be called from any goroutine and never blocks: it keeps its own
// state under its own lock and posts work to the calls it concerns.
package features
