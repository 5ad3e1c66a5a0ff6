package moh

import "math"

// How a stream is brought to the loudness that files have at once.
const (
	levelMemory = 300   // blocks that the loudness is the mean of: 30 s
	levelAnew   = 100   // blocks in a row so soft that they do not count, after which something else is playing: 10 s
	levelSlope  = 6.0   // dB a second
	leastGain   = -30.0 // dB
)

// Leveller brings music that is not known beforehand to the loudness of files: it measures as they are (BS.1770, gated, so that pauses
// raise nothing), over half a minute, and lets the gain follow slowly. It is late by the frame it is given last, so that a peak that would
// come too near full scale is seen in time. It belongs to one goroutine.
//
//	frame ─► meter ─► blocks of 400 ms ─► gate ─► mean ─► gain wanted
//	     └─► held ───────── next frame ────────────────────► held × gain, in a straight line
type Leveller struct {
	meter   *meter
	parts   [4]float64 // the last 100 ms each
	part    int        // how many there have been
	mean    float64    // power of the blocks that count
	counted int        // how many those are, at most levelMemory
	soft    int        // blocks in a row that were too soft to count
	gain    float64    // dB, at the end of what was given back
	held    []int16
}

// NewLeveller makes one for samples of a rate in Hz; the gain begins with 0 dB.
func NewLeveller(rate int) *Leveller { return &Leveller{meter: newMeter(rate, 32768)} }

// Next takes the next frame of the stream, to keep, and gives the one before, which the caller may keep; at first silence.
func (l *Leveller) Next(frame []int16) []int16 {
	for _, v := range frame {
		if p, whole := l.meter.take(v); whole {
			l.measure(p)
		}
	}
	out := l.held
	l.held = frame
	if out == nil {
		l.gain = min(l.gain, room(frame))
		return make([]int16, len(frame))
	}
	most := levelSlope * float64(len(frame)) / float64(10*l.meter.hop)
	gain := l.gain + max(min(l.wanted()-l.gain, most), -most)
	gain = min(gain, room(out), room(frame)) // where out begins it is no more than its room already
	scale, end := amplification(l.gain), amplification(gain)
	step := (end - scale) / float64(len(out))
	for i, v := range out {
		scale += step
		out[i] = toInt16(float64(v) * scale)
	}
	l.gain = gain
	return out
}

// Restart forgets what was played: another stream begins, with the gain of the last.
func (l *Leveller) Restart() { l.part, l.counted, l.soft, l.held = 0, 0, 0, nil }

// measure takes the mean square of the next 100 ms.
func (l *Leveller) measure(p float64) {
	l.parts[l.part%len(l.parts)] = p
	if l.part++; l.part < len(l.parts) {
		return
	}
	block := (l.parts[0] + l.parts[1] + l.parts[2] + l.parts[3]) / 4
	if block <= power(-70) {
		return
	}
	if l.counted > 0 && block < l.mean/10 {
		if l.soft++; l.soft < levelAnew {
			return
		}
		l.counted, l.mean = 0, 0
	}
	l.soft = 0
	l.counted = min(l.counted+1, levelMemory)
	l.mean += (block - l.mean) / float64(l.counted)
}

// wanted is the gain for what has been measured, as it is before anything has.
func (l *Leveller) wanted() float64 {
	if l.counted == 0 {
		return l.gain
	}
	return max(min(targetLoudness-units(l.mean), mostGain), leastGain)
}

// room is the gain that brings a frame's peak as near to full scale as any may come.
func room(frame []int16) float64 {
	var peak float64
	for _, v := range frame {
		peak = max(peak, math.Abs(float64(v)))
	}
	return mostPeak - 20*math.Log10(peak/32768) // of silence +Inf
}

func amplification(dB float64) float64 { return math.Pow(10, dB/20) }
