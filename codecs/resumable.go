package codecs

// resumable is an encoder with memory that takes over the memory of another of its kind, so that a
// stream goes on without a seam when its encoder changes. The codecs' packages know only their own
// encoders; this gives their methods to whoever knows encoders as Encoder.
type resumable[E interface {
	Encoder
	CopyState(from E)
	SameState(as E) bool
}] struct {
	encoder E
}

// Encode is the encoder's.
// hot path: no allocation, lock, clock or log.
func (r resumable[E]) Encode(dst []byte, pcm []int16) int { return r.encoder.Encode(dst, pcm) }

// CopyState makes r go on exactly as from, an encoder of the same Codec, would.
// hot path: no allocation, lock, clock or log.
func (r resumable[E]) CopyState(from Encoder) { r.encoder.CopyState(from.(resumable[E]).encoder) }

// SameState tells whether r and as, an encoder of the same Codec, will make the same payloads of the same samples.
// hot path: no allocation, lock, clock or log.
func (r resumable[E]) SameState(as Encoder) bool {
	return r.encoder.SameState(as.(resumable[E]).encoder)
}
