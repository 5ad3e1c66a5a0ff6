package receive

import (
	"time"

	"sidetone/codecs/pcm"
	"sidetone/jitter"
)

// How long a codec's own concealment goes on; after it the sound fades as it does for codecs that have none. What is no louder than a
// background goes on from one packet of a sender that suppresses silence to the next: with Opus that is 400 ms, and nothing that has
// to arrive says so.
const (
	helpedMost     = 100 * time.Millisecond
	backgroundMost = time.Second
	background     = -38 // dBov
)

// bridge queues what is heard in place of so many samples that did not come, and gives how many it was: what the codec's decoder makes
// of it, which knows more of the sound than its samples, and of lost.Payload, the packet behind the loss, for error correction that
// is in it. Where the decoder does not do that, the last pitch periods again.
func (s *Stream) bridge(samples int, lost jitter.Item) int {
	f := s.find(s.spoken)
	if f == nil || f.concealer == nil || s.conceal.Concealing() || s.helped >= s.span(int64(s.patience())) {
		return s.repeat(samples)
	}
	var next []byte
	if lost.PayloadType == s.spoken {
		next = lost.Payload
	}
	frame := int(int64(f.frame) * int64(f.rate) / int64(time.Second))
	own := max((samples*f.rate/s.rate+frame/2)/frame, 1) * frame
	made := s.queue.grow(own * s.rate / f.rate)
	n := 0
	if f.resampler == nil {
		n = f.concealer.Conceal(made, next)
	} else {
		n = f.resampler.Resample(made, s.decoded[:f.concealer.Conceal(s.decoded[:min(own, len(s.decoded))], next)])
	}
	if n == 0 {
		return s.repeat(samples)
	}
	s.helped, s.quiet = s.helped+n, pcm.Level(made[:n]) <= background
	s.append(made[:n])
	return n
}

// patience is how long the decoder may go on making up what is heard.
func (s *Stream) patience() time.Duration {
	if s.quiet {
		return backgroundMost
	}
	return helpedMost
}

// concealing: what was queued last was made up.
func (s *Stream) concealing() bool { return s.helped > 0 || s.conceal.Concealing() }
