// Package opus encodes and decodes Opus (RFC 6716) by libopus when the system has it, and takes apart its
// packets and SDP parameters (RFC 7587) by itself.
//
//	clib.Loader ─► Open (library.go) ─► Library
//	                                     ├─ NewEncoder(Config) ─► Encoder ─ Encode(dst, pcm)      encoder.go
//	                                     └─ NewDecoder(rate)   ─► Decoder ─ Decode, Conceal       decoder.go
//	a=fmtp ─► ParseParameters ─► Parameters ─► Config                                             parameters.go
//	payload ─► Duration: what a packet says of itself; Decode passes on nothing that is malformed  packet.go
//	without libopus: NewPlainDecoder(rate) ─► PlainDecoder ─ Decode, in Go                        plain.go
//
// An Encoder makes packets of 10 to 60 ms with in-band FEC, DTX and a bit rate as the other side asked;
// its state can be copied. A Decoder conceals losses itself, from the FEC of the next packet when there
// is one.
//
// Each coder belongs to one goroutine at a time.
//
// Limits: one channel is encoded, and of two channels decoded the mean; a packet has at most 120 ms.
package opus
