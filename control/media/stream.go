package media

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"sidetone/codecs"
	"sidetone/jitter"
	"sidetone/mixer/moh"
	"sidetone/mixer/receive"
	"sidetone/relay"
)

// stream is a class of music that comes by RTP.
//
//	rtp://239.1.1.1:5004 ──► socket ──► receive.Stream ──► moh.Leveller ──► moh.Live ──► a cursor a shard ──► mixer.Player
//	                         └────────── one goroutine, every 20 ms ──────────┘
type stream struct {
	class string
	from  netip.AddrPort
	codec codecs.Format
	live  *moh.Live

	// Owned by run.
	sender netip.AddrPort // whom it is heard from
	last   time.Duration  // when that was
	plays  bool
}

// StreamsConfig is what streams of music are received with.
type StreamsConfig struct {
	Set        codecs.Set // that decodes
	Jitter     jitter.Config
	Interfaces []relay.Interface // the first of the group's family is the one at whose network a multicast group is joined
	Logger     *slog.Logger
}

// What a stream is held to.
const (
	streamRetry  = 5 * time.Second // after its address could not be had
	streamSilent = time.Second     // without a packet: it has ended, and who sends next is heard
)

// Receive receives the streams of all classes until ctx ends. An address that cannot be had is tried again.
func (p *Programs) Receive(ctx context.Context, c StreamsConfig) error {
	var all sync.WaitGroup
	for _, s := range p.streams {
		all.Go(func() { s.run(ctx, c) }) // ends with ctx, waited for below
	}
	all.Wait()
	return nil
}

func (s *stream) run(ctx context.Context, c StreamsConfig) {
	log := c.Logger.With("class", s.class, "peer", s.from.String())
	failed := false
	for ctx.Err() == nil {
		conn, err := s.listen(c.Interfaces)
		if err == nil {
			failed = false
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			err = s.receive(conn, c, log)
			stop()
			conn.Close()
		}
		if ctx.Err() != nil {
			return
		}
		if !failed {
			log.Error("music stream", "err", err)
		}
		failed = true
		select {
		case <-time.After(streamRetry):
		case <-ctx.Done():
		}
	}
}

// listen opens the socket.
func (s *stream) listen(interfaces []relay.Interface) (*net.UDPConn, error) {
	a := net.UDPAddrFromAddrPort(s.from)
	if !s.from.Addr().IsMulticast() {
		return net.ListenUDP("udp", a)
	}
	for _, i := range interfaces {
		if i.Address.Is4() == s.from.Addr().Is4() {
			return net.ListenMulticastUDP("udp", deviceOf(i.Address), a)
		}
	}
	return net.ListenMulticastUDP("udp", nil, a)
}

// deviceOf is the network device that has an address, nil for none.
func deviceOf(a netip.Addr) *net.Interface {
	devices, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, d := range devices {
		list, err := d.Addrs()
		if err != nil {
			continue
		}
		for _, n := range list {
			if p, err := netip.ParsePrefix(n.String()); err == nil && p.Addr() == a {
				return &d
			}
		}
	}
	return nil
}

// formats are the payload types that are known: those of RFC 3551, and above 95 the class's codec.
func (s *stream) formats(set codecs.Set) map[uint8]codecs.Format {
	list := make(map[uint8]codecs.Format)
	for pt := range uint8(96) {
		if k, ok := set.Static(pt); ok && k.Kind == codecs.Audio {
			list[pt] = k.Format
		}
	}
	if s.codec.Name != "" {
		for pt := uint8(96); pt < 128; pt++ {
			list[pt] = s.codec
		}
	}
	return list
}

// receive plays what comes until the socket fails.
func (s *stream) receive(conn *net.UDPConn, c StreamsConfig, log *slog.Logger) error {
	in := receive.New(receive.Config{Set: c.Set, Jitter: c.Jitter, SampleRate: s.live.Rate(), Formats: s.formats(c.Set)})
	level := moh.NewLeveller(s.live.Rate())
	begin := time.Now()
	next := ptime
	buf := make([]byte, 2048)
	for {
		if err := conn.SetReadDeadline(begin.Add(next)); err != nil {
			return err
		}
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		now := time.Since(begin)
		switch {
		case err == nil && s.admit(from, now):
			in.ReceiveRTP(buf[:n], int64(now))
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
		if now > next+streamSilent { // the machine slept
			next = now
		}
		for ; next <= now; next += ptime {
			frame := make([]int16, s.live.Rate()/50)
			in.Pull(int64(next), frame)
			plays := s.sender.IsValid() && next-s.last < streamSilent
			if plays {
				frame = level.Next(frame)
			}
			if err := s.live.Write(frame, plays); err != nil {
				return err
			}
			if plays != s.plays {
				s.plays = plays
				if log.Info("music stream", "playing", plays, "sender", s.sender.String()); !plays {
					s.sender = netip.AddrPort{}
					level.Restart()
				}
			}
		}
	}
}

// admit tells whether a packet is of the sender that is heard: the first one, until it falls silent.
func (s *stream) admit(from netip.AddrPort, now time.Duration) bool {
	if !s.sender.IsValid() {
		s.sender = from
	}
	if from == s.sender {
		s.last = now
	}
	return from == s.sender
}
