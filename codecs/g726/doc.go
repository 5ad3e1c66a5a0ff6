// Package g726 is ITU-T G.726, ADPCM of 8 kHz speech at 16, 24, 32 and 40 kbit/s, bit-exact to the ITU's
// test sequences.
//
//	[]int16 ─► Encoder.Encode ────┐   encoder.go
//	 octets ─► Encoder.EncodeLaw ─┴► 14 bits ─► quantizer ─► code I ─► Packing ─► payload
//	 (G.711)                                    rate.go        │       packing.go
//	                             state.predict ◄─ state.adapt ◄┘
//	                             state.go         adapt.go  (float.go: its products)
//
//	[]int16 ◄─ Decoder.Decode ────┐   decoder.go
//	 octets ◄─ Decoder.DecodeLaw ─┴─ state.adapt ◄─ code I ◄─ Packing ◄─ payload
//	 (G.711, law.go)
//
// Encode and Decode are the uniform PCM interface of Annex A, 14 bits in the upper part of 16.
// EncodeLaw and DecodeLaw take and give G.711 octets, as the recommendation's body has it: DecodeLaw's
// synchronous coding adjustment lets G.711 and G.726 follow each other on a way any number of times
// without more loss than the first time, which going through linear samples does not.
//
// Two packings are about. RTP, of the encodings G726-16 to G726-40 (RFC 3551 section 4.5.4), has the
// first sample in the least significant bits of the first octet; AAL2, of AAL2-G726-16 to -40 (ITU-T
// I.366.2 annex E), in the most significant. Phones that call the second by the first's name exist.
//
// An Encoder or Decoder has the memory of one stream and is used by one goroutine at a time; Encode,
// EncodeLaw, Decode and DecodeLaw are on the hot path. The recommendation's blocks are named where
// they are done. A lost packet leaves the decoder off the encoder's track; it comes back to it as the
// coefficients leak. The codec does not delay.
//
// Limits: one channel; a frame is encoded in whole octets; concealing loss is not its business (codecs/plc).
package g726
