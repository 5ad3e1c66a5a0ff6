// Package jitter puts the packets of one stream back in order and in time.
//
//	                       source.go                ring.go
//	Packet ──► Buffer.Put ──► index, media time ──► slots ────────────────┐
//	               │                                                      │
//	               └─► transit ──► baseline.go ──► histogram.go           │
//	                                 least       what is worth waiting    │
//	                                   └──► target.go ◄── spikes          │
//	                                           │                          ▼
//	reader, every tick ──► Buffer.Next ◄───────┴──── next.go: Play, Lost or Wait
//	               └─────► Buffer.Stretch ◄──── playout.go: how much time there is to spare
//	                              │
//	                              ▼ stretch.go
//	                  Shorten, Lengthen: one pitch period out of or into []int16
//
// A Buffer is used by one goroutine at a time. Time is passed in: nanoseconds of a monotonic clock.
// Put, Next, Stretch and Stretched are on the hot path; all memory is made by New. The package
// imports nothing of ours: payloads are octets and lengths are given in units of the clock rate.
//
// The way a stream's numbers are read: sequence numbers give the order, timestamps the time; a new
// SSRC, a leap of the timestamps or a restart of the numbers is laid behind what was there by the
// time that passed, so that everything else sees one endless stream.
//
// The target is the 0.97 quantile of the delay, and more where, by the E-model, the packets that would still be late cost
// more than the wait (histogram.go).
//
// Limits: as many packets as Max has 10 ms, and some more; the delay is at most Config.Max, and that
// at most 480 ms.
package jitter
