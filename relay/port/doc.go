// Package port hands out pairs of UDP ports, an even one for RTP and the odd one above it for RTCP (RFC 3550, 11).
//
//	Allocate ◄── head [ 20014 | 20382 | 20006 | ... | 20240 ] tail ◄── Release
//	                   free the longest            quarantined until its release + Quarantine
//
// Allocator (allocator.go) keeps the free pairs of one range in a ring: oldest release first, at the start in
// shuffled order, so that the next port is hard to guess. Both ends are O(1). A pair released late in a call may
// still be sent to by the peer; the quarantine keeps such stragglers out of the next call, and with the ring
// it is never the pair just released that is given next unless it is the only one. A leaf; any goroutine may call it.
// Limits: one range, up to 32,767 pairs, 4 bytes and a time each.
package port
