// Package loadtest is the least server that the load generator can drive: it answers ng and sends every packet of a
// call's one end to the other, so that tests of the bench need no server under test.
//
//	ng offer, answer, delete ──► Reflector ── opens two UDP ports a call      reflector.go
//	RTP at one port ──► decrypt ─► change the law ─► encrypt ──► from the other port     flow.go
//
// Tests of the bench call it. Limits: loopback, one audio stream a call, G.711, one SRTP suite, no RTCP; a goroutine
// a port.
package loadtest
