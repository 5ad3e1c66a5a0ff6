package quality

import (
	"math"
	"strings"
	"time"
)

// Impairment is what a codec costs in the E-model (ITU-T G.113, appendix I).
type Impairment struct {
	Ie  float64 // equipment impairment factor, without loss
	Bpl float64 // packet-loss robustness factor
}

// ImpairmentOf returns a codec's figures by its name in SDP. They are those for a receiver that conceals losses, as
// phones do. A codec that G.113 does not rate counts as G.711.
func ImpairmentOf(codec string) Impairment {
	switch strings.ToUpper(codec) {
	case "G729", "G729A":
		return Impairment{Ie: 11, Bpl: 19}
	case "G723":
		return Impairment{Ie: 15, Bpl: 16.1}
	case "GSM":
		return Impairment{Ie: 20, Bpl: 10}
	case "G726-32":
		return Impairment{Ie: 7, Bpl: 25.1}
	case "ILBC":
		return Impairment{Ie: 11, Bpl: 32}
	}
	return Impairment{Ie: 0, Bpl: 25.1}
}

// The defaults of the E-model (ITU-T G.107, table 2) and what follows from them alone.
const (
	signalToNoise = 94.77 // Ro
	simultaneous  = 1.41  // Is
	noise         = -61.18
	receiveRating = 2.0   // RLR, dB
	talkerEcho    = 65.0  // TELR, dB
	listenerEcho  = 110.0 // WEPL, dB
)

// Rating is the transmission rating R of the E-model, 0 to 93.2, with the defaults of G.107: loss is the share of
// packets lost at random, 0 to 1, delay the one way from mouth to ear.
func Rating(c Impairment, loss float64, delay time.Duration) float64 {
	loss = 100 * min(max(loss, 0), 1)
	effective := c.Ie + (95-c.Ie)*loss/(loss+c.Bpl)
	return max(signalToNoise-simultaneous-delayImpairment(delay)-effective, 0)
}

// delayImpairment is Id: talker echo, listener echo, and what delay costs without any (G.107, 7.4).
func delayImpairment(delay time.Duration) float64 {
	t := max(float64(delay)/float64(time.Millisecond), 0)
	terv := talkerEcho - 40*math.Log10((1+t/10)/(1+t/150)) + 6*math.Exp(-0.3*t*t)
	roe, re := -1.5*(noise-receiveRating), 80+2.5*(terv-14)
	echo := max((roe-re)/2+math.Sqrt((roe-re)*(roe-re)/4+100)-1, 0) * (1 - math.Exp(-t))
	rle := 10.5 * (listenerEcho + 7) * math.Pow(2*t+1, -0.25)
	listener := (signalToNoise-rle)/2 + math.Sqrt((signalToNoise-rle)*(signalToNoise-rle)/4+169)
	pure := 0.0
	if t > 100 {
		x := math.Log2(t / 100)
		pure = 25 * (math.Pow(1+math.Pow(x, 6), 1.0/6) - 3*math.Pow(1+math.Pow(x/3, 6), 1.0/6) + 2)
	}
	return echo + listener + pure
}

// MOS is the mean opinion score that a rating stands for, 1 to 4.5 (G.107, annex B).
func MOS(rating float64) float64 {
	switch {
	case rating <= 0:
		return 1
	case rating >= 100:
		return 4.5
	}
	return max(1+0.035*rating+rating*(rating-60)*(100-rating)*7e-6, 1)
}

// frame is what packets of 20 ms cost before they leave.
const frame = 20 * time.Millisecond

// Delay estimates the way from mouth to ear from what a relay can know: half the round trip to the phone, filling a packet,
// and a playout buffer of twice the jitter.
func Delay(roundTrip, jitter time.Duration) time.Duration { return roundTrip/2 + frame + 2*jitter }
