// Package codecs says which media formats this build understands and makes encoders, decoders and
// packet transcoders for them.
//
//	        Builtin() Set  ⊂  Extended() Set  ⊂  Available(FindLibraries()) Set
//	        builtin.go        extended.go   │    libraries.go, loaded_*.go: codecs of C libraries
//	   Set.Lookup(name, rate)               │  Set.Transcoder(from, to)
//	            ┌───────────────────────────┴──┐
//	            ▼ set.go                       ▼ transcoder.go
//	  Codec{Format, NewEncoder,   Transcoder.Transform(dst, payload)
//	        NewDecoder, Duration}   G.711 and G.726 without linear samples between,
//	            │                   else decode ─► resample if need be ─► encode
//	[]int16 ─► Encoder ─► payload ─► Decoder ─► []int16
//	            codecs/g711, codecs/g722, codecs/g726, codecs/pcm, codecs/cn, ... (leaves)
//
// What comes from a codec with pauses (Codec.Pauses) has a Transcoder that fills them: Pause and Fill.
//
// A Set is a value: it is made once, handed down and never changed; reading it is safe anywhere.
// An Encoder, Decoder or Transcoder belongs to one stream and is used by one goroutine at a time.
// Encode, Decode and Transform are on the hot path; everything else is set-up.
//
// An Encoder with memory, of Extended, has CopyState and SameState too (resumable.go): the stream of one
// can go on in another.
//
// Limits: one channel; a packet in is a packet out at the same time (timeline.go where the clock rates are two), or goes with the next one
// where it is no whole frame of the other codec (Framing).
package codecs
