// Package gsm encodes and decodes GSM 06.10 full rate (RFC 3551 section 4.5.8) by libgsm when the system has it.
//
//	clib.Loader ─► Open (library.go) ─► Library ─┬─ NewEncoder() ─► Encoder ─ Encode    coder.go
//	                                             └─ NewDecoder() ─► Decoder ─ Decode
//	20 ms, 160 samples at 8 kHz ◄──► 33 octets that begin with 1101
//
// Each coder belongs to one goroutine at a time.
package gsm
