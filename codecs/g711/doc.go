// Package g711 is ITU-T G.711, both laws, bit-exact to ITU-T G.191's software tools.
//
//	            codec.go       laws.go: tables, laws_amd64.s: arithmetic
//	[]int16 ──► MuLaw.Encode ──► octets ──► MuLaw.Decode ──► []int16
//	        └─► ALaw.Encode  ──► octets ──► ALaw.Decode  ──┘
//
//	                transcode.go
//	A octets ──► AToMu.Transform (256 B) ──► mu octets ──► MuToA.Transform ──► A octets
//
// The laws are in law.go as arithmetic; the tables are filled from it when the program starts and
// never written again, so every function may be called from any goroutine. On amd64 eight samples go at once through kernels that
// a test holds equal to the tables. The transcoding tables
// are the composition decode, encode through 16-bit linear; they are the same, word for word, as
// decoding and encoding the stream, so a transcoded call sounds as a mixed one would.
//
// Limits: one octet a sample, 8 kHz, one channel; packing and packet loss are not its business
// (see codecs/plc).
package g711
