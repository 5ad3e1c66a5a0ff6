package ng

import (
	"log/slog"
	"time"

	"sidetone/codecs"
	"sidetone/relay"
)

// Config is what the server is made of.
type Config struct {
	Listen     []string // "udp:127.0.0.1:2223", "udp:[::1]:0", ...
	Relay      Relay
	Interfaces []relay.Interface // as the relay has them; the first one's name is the usual
	Codecs     codecs.Set        // what can be transcoded

	Latching     relay.Mode    // of legs whose request does not ask for another
	MaxSessions  int           // calls at a time; 0 = as many as there are ports
	MaxPending   int           // requests under way at a time, further ones are dropped; 0 = 4096
	MediaTimeout time.Duration // a dialogue without media ends; 0 = 60 s, negative = never
	HoldTimeout  time.Duration // ... when it is on hold; 0 = 3600 s
	OfferTimeout time.Duration // an offer without an answer ends; 0 = 600 s
	DeleteDelay  time.Duration // what delete waits when the request does not say; 0 = not at all

	Logger *slog.Logger // nil = slog.Default()
}

func (c *Config) setDefaults() {
	usual := func(d *time.Duration, value time.Duration) {
		switch {
		case *d == 0:
			*d = value
		case *d < 0:
			*d = 0
		}
	}
	usual(&c.MediaTimeout, 60*time.Second)
	usual(&c.HoldTimeout, 3600*time.Second)
	if c.OfferTimeout <= 0 {
		c.OfferTimeout = 600 * time.Second
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 4096
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}
