package receive

import (
	"sidetone/codecs"
	"sidetone/jitter"
)

// Pull fills dst, one tick long, with the next audio: decoded, concealed, stretched, or silence. It
// reports whether there is anything but silence in it; when not, every sample is zero.
// hot path: no allocation, lock, clock or log.
func (s *Stream) Pull(now int64, dst []int16) (active bool) {
	for len(dst) > 0 {
		part := dst[:min(len(dst), s.tick)]
		if s.pull(now, part) {
			active = true
		}
		dst = dst[len(part):]
	}
	return active
}

func (s *Stream) pull(now int64, dst []int16) (active bool) {
	for s.queue.len() < len(dst) {
		if !s.more(now, len(dst)-s.queue.len()) {
			break
		}
	}
	s.stretch(now, len(dst))
	if s.queue.len() < len(dst) { // idle: nothing queued, nothing to come
		clear(dst)
		return false
	}
	active = s.heard > 0
	s.heard = max(s.heard-len(dst), 0)
	s.queue.read(dst)
	return active
}

// more queues the next piece of the stream, wanting at least so many samples; false when there is
// only silence.
func (s *Stream) more(now int64, wanted int) bool {
	item := s.buffer.Next(now, s.time(s.queue.len()))
	switch item.Kind {
	case jitter.Play:
		s.play(item)
	case jitter.Lost:
		s.stats.Concealed += uint64(s.bridge(item.Samples*s.rate/s.clock, item))
	case jitter.Wait:
		return s.fill(wanted)
	}
	return true
}

// play queues a packet.
func (s *Stream) play(item jitter.Item) {
	f := s.find(item.PayloadType)
	switch {
	case f == nil: // renegotiated since it came
	case f.kind == codecs.Noise:
		s.noise.Update(item.Payload)
		s.blend = s.filler == concealment && !s.conceal.Concealing()
		s.filler, s.helped = comfortNoise, 0
	case f.kind == codecs.Event:
		if s.filler == concealment {
			s.filler, s.helped = silenceForNow, 0
		}
	default:
		if item.Onset && s.filler == concealment && !s.concealing() {
			s.repeat(s.conceal.FrameLen()) // audio was skipped: blend over the cut
		}
		pcm := s.queue.grow(item.Samples * s.rate / s.clock)
		n := s.decode(f, pcm, item.Payload)
		if f.requester != nil {
			s.wish = f.requester.Requested() + 1
		}
		s.conceal.Good(pcm[:n])
		s.queue.keep(n)
		s.heard, s.sounding = s.queue.len(), true
		s.filler = concealment
		s.spoken, s.helped = item.PayloadType, 0
	}
}

// Requested is the mode that the party wants to be sent to in, of a codec that has modes (AMR); -1 when it has no wish.
// hot path: no allocation, lock, clock or log.
func (s *Stream) Requested() int { return s.wish - 1 }

// decode fills pcm with what a packet says, at the stream's rate; what could be decoded is played.
func (s *Stream) decode(f *format, pcm []int16, payload []byte) int {
	if f.resampler == nil {
		n, _ := f.decoder.Decode(pcm, payload)
		return n
	}
	n, _ := f.decoder.Decode(s.decoded, payload)
	return f.resampler.Resample(pcm, s.decoded[:n])
}

// repeat queues concealment for so many samples, in whole steps, and gives how many it was.
func (s *Stream) repeat(samples int) int {
	step := s.conceal.FrameLen()
	pcm := s.queue.grow(max((samples+step/2)/step, 1) * step)
	s.conceal.Lost(pcm)
	s.queue.keep(len(pcm))
	s.heard, s.sounding = s.queue.len(), true
	return len(pcm)
}

// fill queues what is heard while there is no packet, at least wanted samples unless there is only
// silence to be heard.
func (s *Stream) fill(wanted int) bool {
	switch s.filler {
	case concealment:
		if s.conceal.Faded() {
			return s.silence(wanted)
		}
		step := s.conceal.FrameLen()
		s.stats.Concealed += uint64(s.bridge((wanted+step-1)/step*step, jitter.Item{}))
		return true
	case comfortNoise:
		if s.blend {
			s.blend = false
			s.repeat(s.conceal.FrameLen())
			return true
		}
		pcm := s.queue.grow(wanted)
		s.noise.Generate(pcm)
		s.append(pcm)
		return true
	case silenceForNow:
		if !s.sounding {
			return s.silence(wanted)
		}
		pcm := s.queue.grow(max(wanted, s.conceal.FrameLen()))
		clear(pcm)
		s.append(pcm)
		s.sounding = false
		return true
	}
	return s.silence(wanted)
}

// append sends samples that were made here through the concealer, which keeps the history.
func (s *Stream) append(pcm []int16) {
	s.conceal.Good(pcm)
	s.queue.keep(len(pcm))
	s.heard, s.sounding = s.queue.len(), true
}

// silence queues zeros behind audio that is still queued; with none there is nothing to do.
func (s *Stream) silence(wanted int) bool {
	if s.queue.len() == 0 {
		return false
	}
	pcm := s.queue.grow(wanted)
	clear(pcm)
	s.queue.keep(len(pcm))
	return true
}
