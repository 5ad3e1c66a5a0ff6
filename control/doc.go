// Package control builds a server from a configuration and runs it: the one
// place that knows every part.
//
//	config.Config ──► New (server.go)
//	                    │
//	     sip.Stack ─────┼──── call.Exchange ──── media.Engine ──── relay.Relay
//	  registrar, dialogs│     B2BUA, rooms       SDP, tones         shards
//	                    │        │
//	                    │     features.Conference (46)
//	                    │        │
//	                    ├── trunk.Table   registrations of ours, ways out
//	                    ├── ng.Server ── ng.OverRelay ──► relay.Relay   calls that SIP proxies place
//	                    │
//	                    └── api.Server  ◄── state.go turns snapshots into JSON shapes
//	                        api.Events  ◄── talk.go: who talks in rooms
//	                        cdr.Writer  ◄── one record a call
//	                        store.Store ◄── registrations.go, accesslog.go: what survives a restart
//
// New acquires addresses and files, Run owns the goroutines, and the end of
// Run's context is a clean stop: new calls refused, BYE to every call.
package control
