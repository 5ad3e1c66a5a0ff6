package audio

import "time"

// The short windows that see gaps. A hole as long as the window or longer is seen at its true length,
// within one hop.
const (
	gapWindow = 20 * time.Millisecond
	gapHop    = 5 * time.Millisecond
	gapDepth  = 6.0 // dB under the tone's usual level: half the amplitude
)

// Gap is a stretch in which an expected tone was missing.
type Gap struct {
	Start  time.Duration `json:"start"` // from the beginning of the recording
	Length time.Duration `json:"length"`
}

// Gaps returns every stretch of at least one short window in which the tone at hz was more than 6 dB
// below its median level. A tone under floor (dBFS) throughout is one gap over the whole recording.
func Gaps(pcm []int16, rate int, hz, floor float64) []Gap {
	levels := Levels(pcm, rate, hz, gapWindow, gapHop)
	usual := median(levels)
	if usual < floor {
		return []Gap{{Length: Duration(len(pcm), rate)}}
	}
	var gaps []Gap
	inside := false
	for i, level := range levels {
		low := level < usual-gapDepth
		switch {
		case low && !inside:
			// A window is judged by its middle.
			gaps = append(gaps, Gap{Start: time.Duration(i)*gapHop + gapWindow/2, Length: gapHop})
		case low:
			gaps[len(gaps)-1].Length += gapHop
		}
		inside = low
	}
	return gaps
}

// Longest returns the longest gap, the zero Gap when there is none.
func Longest(gaps []Gap) Gap {
	var longest Gap
	for _, g := range gaps {
		if g.Length > longest.Length {
			longest = g
		}
	}
	return longest
}
