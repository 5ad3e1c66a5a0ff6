package jitter

import "math"

// The pitch lags a stretch may take out or put in, and the shortest cross-fade, by sample rate.
const (
	shortestLagHz = 400 // 2.5 ms
	longestLagHz  = 66  // 15 ms
	shortestFade  = 200 // 5 ms
	quietRMS      = 104 // below this (-50 dBov) any two pieces fit each other
)

// StretchContext gives how many samples before the place of a stretch are of use to it.
func StretchContext(rate int) int { return rate/longestLagHz + rate/shortestFade }

// Shorten takes one pitch period, at most most samples, out of pcm just behind position at: WSOLA
// with one cross-fade. What precedes at is context and stays as it is. It gives what is left and how
// many samples went; none when no two pieces match by at least match, a normalised correlation, or
// when there is too little audio behind at.
// hot path: no allocation, lock, clock or log.
func Shorten(pcm []int16, at, most, rate int, match float64) ([]int16, int) {
	fade := rate / shortestFade
	most = min(most, rate/longestLagHz, len(pcm)-at-fade)
	lag, like := bestLag(pcm, at, rate/shortestLagHz, most, +1, fade)
	if lag == 0 || like < match {
		return pcm, 0
	}
	fade = min(max(lag, fade), len(pcm)-at-lag)
	crossFade(pcm[at:at+fade], pcm[at+lag:])
	copy(pcm[at+fade:], pcm[at+lag+fade:])
	return pcm[:len(pcm)-lag], lag
}

// Lengthen puts one pitch period, at most most samples, into pcm at position at by going back to what
// came just before; pcm must have the capacity. It gives the longer audio and how many samples came;
// none when nothing before at matches, or when there is too little audio on either side.
// hot path: no allocation, lock, clock or log.
func Lengthen(pcm []int16, at, most, rate int, match float64) ([]int16, int) {
	fade := rate / shortestFade
	most = min(most, rate/longestLagHz, cap(pcm)-len(pcm), at-fade)
	lag, like := bestLag(pcm, at, rate/shortestLagHz, most, -1, min(fade, len(pcm)-at))
	if lag == 0 || like < match {
		return pcm, 0
	}
	fade = min(lag, len(pcm)-at)
	n := len(pcm)
	pcm = pcm[:n+lag]
	copy(pcm[at+fade:], pcm[at+fade-lag:n])
	crossFade(pcm[at:at+fade], pcm[at-lag:])
	return pcm, lag
}

// bestLag finds the lag from least to most at which the audio around at is most like the audio that
// many samples later (direction +1) or earlier (-1): every second lag and sample first, then all of
// them around the best. ahead is how much behind at is looked at. The longest lag is given for
// near silence; 0 when there is no room.
func bestLag(pcm []int16, at, least, most, direction, ahead int) (lag int, like float64) {
	if most < least || ahead <= 0 {
		return 0, 0
	}
	back := min(at, ahead)
	if direction < 0 {
		back = min(at-most, ahead)
	}
	if back < 0 {
		return 0, 0
	}
	here := pcm[at-back : at+ahead]
	energy := dot(here, here, 1)
	if energy <= quietRMS*quietRMS*float64(len(here)) {
		other := pcm[at-back+direction*most:][:len(here)]
		if dot(other, other, 1) <= quietRMS*quietRMS*float64(len(here)) {
			return most, 1
		}
	}
	look := func(from, to, step int) {
		for l := from; l <= to; l += step {
			other := pcm[at-back+direction*l:][:len(here)]
			product, power := dot(here, other, step), dot(other, other, step)
			norm := energy / float64(step) * power
			if step > 1 {
				norm = dot(here, here, step) * power
			}
			if norm <= 0 {
				continue
			}
			if c := product / math.Sqrt(norm); c > like || lag == 0 {
				lag, like = l, c
			}
		}
	}
	look(least, most, 2)
	coarse := lag
	like = 0
	lag = 0
	look(max(coarse-1, least), min(coarse+1, most), 1)
	return lag, like
}

// dot gives the inner product of every step-th sample.
func dot(a, b []int16, step int) float64 {
	var sum int64
	b = b[:len(a)]
	for i := 0; i < len(a); i += step {
		sum += int64(a[i]) * int64(b[i])
	}
	return float64(sum)
}

// crossFade fades from the samples of to over into those of from, in to.
func crossFade(to, from []int16) {
	n := int32(len(to))
	from = from[:n]
	for i, v := range to {
		w := int32(i) + 1
		to[i] = int16((int32(v)*(n+1-w) + int32(from[i])*w) / (n + 1))
	}
}
