package jitter

import "time"

// Mode says how the playout delay is chosen.
type Mode uint8

const (
	Adaptive Mode = iota // follows the network between Min and Max, from Normal
	Fixed                // aims at Normal whatever the network does
)

// Config is what a Buffer is made for. The zero value of a field takes its default.
type Config struct {
	Mode      Mode
	Min       time.Duration // least delay the buffer aims at; default 20 ms
	Normal    time.Duration // delay it starts with, and keeps when Fixed; default 60 ms
	Max       time.Duration // no packet is played later than this after it came; default 200 ms, at most 480 ms
	ClockRate int           // of the RTP timestamps, Hz; default 8000
	Tick      time.Duration // how often the reader comes for audio; default 20 ms
	// PayloadBytes is the room for one payload; a longer one is dropped and counted. Default 960:
	// 120 ms of G.711, 60 ms of L16/8000.
	PayloadBytes int
}

const maxDelayLimit = 480 * time.Millisecond // what the histogram can tell apart

// WithDefaults fills what is zero and puts Min <= Normal <= Max in order.
func (c Config) WithDefaults() Config {
	c.Tick = defaulted(c.Tick, 20*time.Millisecond)
	c.Min = defaulted(c.Min, 20*time.Millisecond)
	c.Max = min(max(defaulted(c.Max, 200*time.Millisecond), c.Min, 2*c.Tick), maxDelayLimit)
	c.Min = min(c.Min, c.Max)
	c.Normal = min(max(defaulted(c.Normal, 60*time.Millisecond), c.Min), c.Max)
	if c.ClockRate <= 0 {
		c.ClockRate = 8000
	}
	if c.PayloadBytes <= 0 {
		c.PayloadBytes = 960
	}
	return c
}

func defaulted(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
