// Package g722 is ITU-T G.722, 7 kHz audio in 64 kbit/s, bit-exact to the ITU's test sequences.
//
//	           encoder.go              quantize.go            band.go
//	[]int16 ─► Encoder.Encode ─split─► low, high ─► 6 + 2 bits ──► octet
//	 16 kHz                    qmf.go      ▲             │
//	                                       └── band ◄────┘ predicts, scales
//
//	           decoder.go
//	octet ───► Decoder.Decode ─► 6, 5 or 4 + 2 bits ─► low, high ─join─► []int16
//	                                       ▲  │                  qmf.go
//	                                  band ┘◄─┘ the same as the encoder's
//
// Two samples make one octet: two bits of the higher sub-band (4 to 7 kHz) above six of the lower.
// The predictors of both ends move with the code alone, and of the lower sub-band with its upper four
// bits alone. So a data channel may take the last bit (mode 2, 56 kbit/s) or two (mode 3, 48 kbit/s)
// from the octets on their way, and a decoder that knows the mode leaves them out. On RTP the mode is 1.
//
// The RTP clock is not the sample rate: RFC 1890 erred and RFC 3551 section 4.5.2 keeps to it, so that
// G722 is payload type 9 with a clock of 8000 Hz, one octet a tick, and 16000 samples a second. See
// ClockRate and SampleRate.
//
// An Encoder or Decoder has the memory of one stream and is used by one goroutine at a time; Encode
// and Decode are on the hot path. A lost packet leaves the decoder off the encoder's track; it comes back
// to it over the next tenths of a second, as the coefficients leak. Both ends together delay by 22 samples.
//
// Limits: one channel; concealing loss is not its business (codecs/plc).
package g722
