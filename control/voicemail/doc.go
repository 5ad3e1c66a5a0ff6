// Package voicemail keeps messages for stations that did not answer, and lets them listen by telephone (SPEC S18).
//
//	forwarded call ──► Greeting (menu.go) ──► tone ──► recorder ──► Mailboxes.Add
//	                                                                    │ mailbox.go: WAV files in DIR/TEL, a table
//	station's own call ──► Menu (menu.go) ◄── keys                      │ of them in control/store
//	                         │ Script: what to say next                 ▼
//	                         ▼                                   Waiting: new and old
//	                    control/prompt, numbers.go                      │ summary.go
//	                                                                    ▼
//	                                                     message-summary (RFC 3842), lamps of phones
//
// Menu and Greeting are plain state machines: keys and the ends of what was said go in, what to say next comes out.
// They know neither SIP nor packets; control/call plays, listens and records. A Menu belongs to one call; Mailboxes may
// be used from any goroutine.
//
// Limits: MaxMessages a mailbox, MaxLength a message.
package voicemail
