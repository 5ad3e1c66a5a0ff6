package call

import (
	"math"
	"time"

	"sidetone/relay"
	"sidetone/relay/quality"
)

// Quality is how a leg sounds, both ways.
type Quality struct {
	Said      Flow          // the phone's voice as it reaches us
	Heard     Flow          // what we send as it reaches the phone, by its own reports; zero before one
	RoundTrip time.Duration // to the phone and back, 0 = unknown
}

// Metrics returns how the phone's voice reaches us in the words of VoIP metrics (RFC 3611), nil before it does, and how the phone
// says that it hears us, nil when it has not.
func Metrics(s relay.LegStats, codec string) (said, heard *quality.Metrics) {
	if s.Quality.Expected > 0 {
		said = new(s.Quality.Reception.Metrics(quality.ImpairmentOf(codec)))
	}
	if s.Quality.Rated {
		heard = &s.Quality.PeerMetrics
	}
	return said, heard
}

// Flow is one way of a leg.
type Flow struct {
	Lost   uint64
	Loss   float64 // share of what was sent
	Jitter time.Duration
	MOS    float64 // opinion of a listener at this point, 1 to 4.4 (ITU-T G.107); 0 = nothing to judge
}

// QualityOf judges a leg that speaks a codec, named as in SDP.
func QualityOf(s relay.LegStats, codec string) Quality {
	q := Quality{RoundTrip: s.Quality.RoundTrip}
	impairment := quality.ImpairmentOf(codec)
	flow := func(lost, of uint64, jitter time.Duration) Flow {
		f := Flow{Lost: lost, Jitter: jitter}
		if of > 0 {
			f.Loss = min(float64(lost)/float64(of), 1)
			f.MOS = quality.MOS(quality.Rating(impairment, f.Loss, quality.Delay(q.RoundTrip, jitter)))
		}
		return f
	}
	q.Said = flow(s.Quality.Lost, s.Quality.Expected, s.Quality.Jitter)
	if s.Quality.Reported {
		q.Heard = flow(s.Quality.PeerLost, s.Sent.Packets, s.Quality.PeerJitter)
	}
	if mos := s.Quality.PeerMetrics.Opinion(); mos > 0 { // the phone knows more than we can: its playout, its concealment
		q.Heard.MOS = mos
	}
	return q
}

// Milliseconds is a duration as records and the API show it, to the tenth.
func Milliseconds(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 1) }

// Score is an opinion as records and the API show it, to the hundredth.
func Score(mos float64) float64 { return round(mos, 2) }

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}
