package pcm

import "math"

// Silent is the level given for a block without energy, in dBov: the lowest that RFC 6464 can say.
const Silent = -127.0

// Level gives the RMS of a block in dBov (RFC 6464 section 3): 0 is the power of a square wave at full
// scale, a sine at full scale is -3.01. Never below Silent.
func Level(pcm []int16) float64 {
	var energy int64
	for _, s := range pcm {
		energy += int64(s) * int64(s)
	}
	if energy == 0 {
		return Silent
	}
	const full = 32768.0 * 32768.0
	return max(Silent, 10*math.Log10(float64(energy)/float64(len(pcm))/full))
}
