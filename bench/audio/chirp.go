package audio

import "math"

// Chirp returns a marker of n samples at dBFS: a sine that sweeps from low to high Hz, with eased
// ends. Its autocorrelation is one sharp peak, so that Find sees it below other voices.
func Chirp(low, high, dBFS float64, rate, n int) []int16 {
	pcm := make([]int16, n)
	amplitude := Amplitude(dBFS)
	phase := 0.0
	ease := n / 20
	for i := range pcm {
		gain := 1.0
		if edge := min(i, n-1-i); edge < ease {
			gain = float64(edge) / float64(ease)
		}
		pcm[i] = int16(math.Round(amplitude * gain * math.Sin(phase)))
		phase += 2 * math.Pi * (low + (high-low)*float64(i)/float64(n)) / float64(rate)
	}
	return pcm
}

// Find returns the sample of recording at which marker starts and how well it matches there: the
// normalised correlation, 1 for the marker alone, and how many times the best match stands above
// the root mean square of all others, contrast. Trust an answer with a contrast of 8 or more.
func Find(recording, marker []int16) (at int, match, contrast float64) {
	if len(marker) == 0 || len(recording) < len(marker) {
		return 0, 0, 0
	}
	var markerPower, windowPower, best, sum float64
	for i, v := range marker {
		markerPower += float64(v) * float64(v)
		windowPower += float64(recording[i]) * float64(recording[i])
	}
	last := len(recording) - len(marker)
	for i := 0; i <= last; i++ {
		var c int64
		for k, v := range marker {
			c += int64(v) * int64(recording[i+k])
		}
		correlation := math.Abs(float64(c))
		sum += correlation * correlation
		if correlation > best {
			best, at = correlation, i
			match = correlation / math.Sqrt(max(1, markerPower*windowPower))
		}
		if i < last {
			next := float64(recording[i+len(marker)])
			windowPower += next*next - float64(recording[i])*float64(recording[i])
		}
	}
	return at, match, best / math.Sqrt(max(1, sum/float64(last+1)))
}
