// Package pcm is uncompressed audio on the wire (L16) and the level of a block of samples.
//
//	[]int16 ──► L16.Encode (l16.go) ──► big-endian octets ──► L16.Decode ──► []int16
//	[]int16 ──► Level (level.go) ──► dBov
//
// A leaf: it imports nothing of ours. All functions are without state and may be called from anywhere.
//
// Limits: one channel; the sample rate is the caller's.
package pcm
