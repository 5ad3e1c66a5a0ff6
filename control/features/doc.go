// Package features holds what stations do by dialling codes: one file a
// feature, each a small state machine over calls.
//
//	INVITE 46 ──► call.Exchange.OnInvite ──► Feature.Match, Feature.Dial
//	                      │                          │ posts to
//	answered, ended ──────┴──► Watcher               ▼
//	                                          call.Call (its queue)
//
// A feature may be called from any goroutine and never blocks: it keeps its own
// state under its own lock and posts work to the calls it concerns.
package features
