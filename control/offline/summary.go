package offline

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Schema is the version of Summary as JSON.
const Schema = 1

// Turn is a time in which somebody talks, in seconds from the beginning.
type Turn struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Heard is what became of one party. Levels are in dBov: of its voice while it talks, and of all it hears; -127 is silence.
type Heard struct {
	Name        string  `json:"name"`
	File        string  `json:"file"` // what it would have heard; filled in by the caller
	Packets     uint64  `json:"packets"`
	Lost        uint64  `json:"lost"`
	Late        uint64  `json:"late"`
	Skipped     uint64  `json:"skipped"`
	Reordered   uint64  `json:"reordered"`
	Duplicates  uint64  `json:"duplicates"`
	ConcealedMS float64 `json:"concealed_ms"`
	DelayMS     float64 `json:"delay_ms"`     // of playout, mean
	MostDelayMS float64 `json:"max_delay_ms"` // and at most
	JitterMS    float64 `json:"jitter_ms"`    // interarrival, at the end (RFC 3550)
	VoiceDBov   float64 `json:"voice_dbov"`
	HeardDBov   float64 `json:"heard_dbov"`
	PeakDBFS    float64 `json:"peak_dbfs"` // of what it hears
	Talked      []Turn  `json:"talked"`
}

// Summary is what Mix found.
type Summary struct {
	Schema   int     `json:"schema"`
	Rate     int     `json:"rate"`
	Duration float64 `json:"duration"` // seconds
	Parties  []Heard `json:"parties"`  // and Everyone
	Notes    []Note  `json:"notes"`    // filled in by the caller
}

func summarize(parties []Party, all []*listener, rate int, duration time.Duration) *Summary {
	s := &Summary{Schema: Schema, Rate: rate, Duration: duration.Seconds(), Notes: []Note{}}
	for n, l := range all {
		r := l.member.Received()
		h := Heard{
			Name: Everyone, Packets: r.Jitter.Received, Lost: r.Jitter.Lost, Late: r.Jitter.Late, Skipped: r.Jitter.Skipped,
			Reordered: r.Jitter.Reordered, Duplicates: r.Jitter.Duplicates, ConcealedMS: 1000 * float64(r.Concealed) / float64(l.rate),
			DelayMS: milliseconds(l.delays / time.Duration(max(l.timed, 1))), MostDelayMS: milliseconds(l.worst), JitterMS: milliseconds(r.Jitter.Jitter),
			VoiceDBov: decibels(l.voice / float64(max(l.talked, 1))),
			HeardDBov: decibels(l.energy / float64(max(l.heard, 1)) / 32768 / 32768),
			PeakDBFS:  decibels(float64(l.peak) * float64(l.peak) / 32768 / 32768),
			Talked:    []Turn{},
		}
		if n < len(parties) {
			h.Name = parties[n].Name
		}
		for _, t := range l.turns {
			if t.To < 0 {
				t.To = s.Duration
			}
			h.Talked = append(h.Talked, t)
		}
		s.Parties = append(s.Parties, h)
	}
	return s
}

func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 100 }

// decibels of a power beside full scale, two decimals, -127 at least.
func decibels(power float64) float64 {
	if power <= 0 {
		return -127
	}
	return max(math.Round(1000*math.Log10(power))/100, -127)
}

// Text is the summary as a table.
func (s *Summary) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.1f s at %d Hz\n\n%-28s %8s %6s %6s %8s %9s %7s %7s %7s  %s\n", s.Duration, s.Rate,
		"party", "packets", "lost", "late", "delay", "concealed", "voice", "hears", "talked", "file")
	for _, p := range s.Parties {
		talked := 0.0
		for _, t := range p.Talked {
			talked += t.To - t.From
		}
		fmt.Fprintf(&b, "%-28s %8d %6d %6d %5.0f ms %6.0f ms %7.1f %7.1f %5.1f s  %s\n", p.Name, p.Packets, p.Lost, p.Late, p.DelayMS, p.ConcealedMS,
			p.VoiceDBov, p.HeardDBov, talked, p.File)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "left out: %s: %s\n", n.What, n.Why)
	}
	return b.String()
}
