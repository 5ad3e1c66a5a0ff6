// Package cn makes comfort noise from its description on the wire (RFC 3389).
//
//	CN payload: level (-dBov), reflection coefficients 1..12
//	     │ Generator.Update (payload.go)
//	     ▼
//	white noise ──► gain ──► lattice all-pole filter ──► Generator.Generate (generate.go) ──► []int16
//
// A Generator belongs to one stream and one goroutine. Noise is deterministic: the same payloads give
// the same samples. Update and Generate are on the hot path.
//
// Limits: filter order 12; what a payload says beyond that is ignored. A new description is reached
// over 10 ms.
package cn
