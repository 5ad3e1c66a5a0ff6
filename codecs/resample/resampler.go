package resample

import (
	"errors"
	"time"
)

// ErrRate says that a rate is not 8000, 16000, 32000 or 48000 Hz.
var ErrRate = errors.New("not a sample rate that can be converted")

// Resampler converts one stream from one rate to another. Between a rate and itself it copies.
type Resampler struct {
	bank    *bank // nil when it copies
	next    int   // where the next output lies after the history's end, in samples of the filter's rate
	history [mostTaps - 1]int16
}

// New makes a resampler of a stream that begins after silence. Rates are in Hz.
func New(from, to int) (*Resampler, error) {
	b, err := bankBetween(from, to)
	if err != nil {
		return nil, err
	}
	return &Resampler{bank: b}, nil
}

// Reset forgets the stream.
func (r *Resampler) Reset() { *r = Resampler{bank: r.bank} }

// CopyState makes r go on exactly as from, of the same rates, would.
func (r *Resampler) CopyState(from *Resampler) { r.next, r.history = from.next, from.history }

// SameState tells whether r and as will make the same samples of the same samples.
func (r *Resampler) SameState(as *Resampler) bool { return *r == *as }

// Delay gives the time by which the output is late, the same at all frequencies.
func (r *Resampler) Delay() time.Duration {
	if r.bank == nil {
		return 0
	}
	ratio := max(r.bank.up, r.bank.down)
	return time.Duration(ratio*perPhase/2-1) * time.Second / time.Duration(r.bank.up*r.bank.from)
}

// Len gives how many samples Resample will make of the next n. It is n*to/from exactly whenever that and
// all before it were whole numbers, as with frames of whole milliseconds.
func (r *Resampler) Len(n int) int {
	if r.bank == nil {
		return n
	}
	return max(0, (n*r.bank.up-r.next+r.bank.down-1)/r.bank.down)
}

// chunk is how many input samples are filtered at once: 20 ms at 16 kHz.
const chunk = 320

// Resample writes what src makes to dst and gives the number of samples, Len(len(src)); src may be of any
// length. With less room than that in dst, the samples of src that have none are not taken. dst and
// src must not overlap.
// hot path: no allocation, lock, clock or log.
func (r *Resampler) Resample(dst, src []int16) int {
	if r.bank == nil {
		return copy(dst, src)
	}
	b := r.bank
	src = src[:min(len(src), (len(dst)*b.down+r.next)/b.up)]
	var buf [mostTaps - 1 + chunk]int16
	old := b.width - 1
	copy(buf[:], r.history[:old])
	total := 0
	for len(src) > 0 {
		n := copy(buf[old:old+chunk], src)
		made := r.Len(n)
		r.filter(dst[:made], buf[:old+n])
		copy(buf[:old], buf[n:])
		dst, src, total = dst[made:], src[n:], total+made
	}
	copy(r.history[:old], buf[:])
	return total
}

// filter fills dst from x, whose first width-1 samples are old. The outputs of a phase are b.up apart
// and their inputs b.down.
func (r *Resampler) filter(dst, x []int16) {
	b := r.bank
	at := r.next
	for i := range min(b.up, len(dst)) {
		convolve(dst[i:], b.up, x[at/b.up:], b.down, b.phase(at%b.up), b.shift, (len(dst)-i+b.up-1)/b.up)
		at += b.down
	}
	r.next += len(dst)*b.down - (len(x)-b.width+1)*b.up
}
