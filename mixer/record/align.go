package record

import "encoding/binary"

// The tracks are laid side by side by the times of their frames:
//
//	track 0   ████████████░░░░████      ░ silence where a frame is missing
//	track 1   ░░░░████████████████
//	file      ──────────────────►│ up to where every track has come, or the first one has been for a while

// lagMS is how far a track may be behind the others before the file goes on without it, and pauseMS the longest silence of all
// that is kept.
const (
	lagMS   = 200
	pauseMS = 60_000
)

// write takes what the tracks have and writes what is complete; all of it, if it is the last.
func (r *Recorder) write(last bool) error {
	for {
		first, end, ahead := r.span()
		if !last && end < ahead-int64(lagMS*r.rate/1000) {
			end = ahead - int64(lagMS*r.rate/1000)
		}
		if last {
			end = ahead
		}
		if !r.begun {
			if ahead == 0 {
				return nil
			}
			r.begun, r.origin = true, first
		}
		if first > r.origin+r.at+int64(pauseMS*r.rate/1000) {
			r.origin = first - r.at
		}
		n := end - r.origin - r.at
		if n <= 0 {
			return nil
		}
		if err := r.mix(min(n, int64(r.rate))); err != nil {
			return err
		}
	}
}

// span is where the oldest frame begins, up to where all tracks have come and up to where any has; zeros when there is nothing.
func (r *Recorder) span() (first, end, ahead int64) {
	for i, t := range r.tracks {
		written, taken := t.written.Load(), t.taken.Load()
		from, to := int64(0), int64(0)
		if written > taken {
			oldest, newest := &t.frames[taken%ringFrames], &t.frames[(written-1)%ringFrames]
			from, to = oldest.at, newest.at+int64(len(newest.pcm))
		}
		if q := r.next[i]; len(q.pcm) > 0 {
			from, to = q.at, max(to, q.at+int64(len(q.pcm)))
		}
		if to > 0 && (first == 0 || from < first) {
			first = from
		}
		if i == 0 || to < end {
			end = to
		}
		ahead = max(ahead, to)
	}
	return first, end, ahead
}

// mix writes so many samples of every track.
func (r *Recorder) mix(n int64) error {
	channels := len(r.tracks)
	if need := int(n) * channels * 2; cap(r.buffer) < need {
		r.buffer = make([]byte, need)
	}
	b := r.buffer[:int(n)*channels*2]
	clear(b)
	from := r.origin + r.at
	for i, t := range r.tracks {
		r.lay(b, i, t, from, n)
	}
	if _, err := r.file.Write(b); err != nil {
		return err
	}
	r.at += n
	return nil
}

// lay puts the samples of one track, from a time on, into their places in b.
func (r *Recorder) lay(b []byte, channel int, t *Track, from, n int64) {
	q := &r.next[channel]
	for {
		if len(q.pcm) == 0 {
			taken := t.taken.Load()
			if taken == t.written.Load() {
				return
			}
			f := &t.frames[taken%ringFrames]
			q.store = append(q.store[:0], f.pcm...)
			q.at, q.pcm = f.at, q.store
			t.taken.Store(taken + 1)
		}
		if skip := min(from-q.at, int64(len(q.pcm))); skip > 0 { // too late
			q.at, q.pcm = q.at+skip, q.pcm[skip:]
			continue
		}
		if q.at >= from+n {
			return
		}
		at := q.at - from
		count := min(int64(len(q.pcm)), n-at)
		for i := range count {
			binary.LittleEndian.PutUint16(b[((at+i)*int64(len(r.tracks))+int64(channel))*2:], uint16(q.pcm[i]))
		}
		q.at, q.pcm = q.at+count, q.pcm[count:]
	}
}
