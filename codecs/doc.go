// Package codecs says which media formats this build understands and makes encoders, decoders and
// packet transcoders for them.
//
//	                    Builtin() Set          builtin.go
//	                         │
//	   Set.Lookup(name, rate)│  Set.Transcoder(from, to)
//	            ┌────────────┴─────────────┐
//	            ▼ set.go                   ▼ transcoder.go
//	  Codec{Format, NewEncoder,   Transcoder.Transform(dst, payload)
//	        NewDecoder, Duration}   table where one exists (g711.AToMu),
//	            │                   else decode ─► encode
//	[]int16 ─► Encoder ─► payload ─► Decoder ─► []int16
//	            codecs/g711, codecs/pcm, codecs/cn, ... (leaves)
//
// A Set is a value: it is made once, handed down and never changed; reading it is safe anywhere.
// An Encoder, Decoder or Transcoder belongs to one stream and is used by one goroutine at a time.
// Encode, Decode and Transform are on the hot path; everything else is set-up.
//
// Limits: one channel; a Transcoder joins formats of one sample rate, frame by frame, so that a
// packet in is a packet out.
package codecs
