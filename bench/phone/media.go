package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sidetone/bench/audio"
)

// frame is a packet's worth of samples, 20 ms.
const frame = rate / 50

// Stats counts what one call's media did.
type Stats struct {
	Sent, Received    int
	Lost              int                          // sequence numbers that never came
	Late              int                          // came after they should have been heard
	Streams           int                          // SSRCs heard one after the other
	Foreign           int                          // not from the address the peer signalled
	Early             int                          // came before it was agreed what may come
	Bad               int                          // no RTP, or a payload type that was not agreed
	Unauthentic       int                          // SRTP and SRTCP that the peer's key does not open, or seen before
	Events            int                          // packets of telephone-event
	RTCP              int                          // RTCP packets received
	Reports           int                          // of them, reports about what this phone sends
	Goodbyes          int                          // of them, with a BYE
	ReportedLost      uint32                       // as the newest report says
	Metrics           *rtcp.VoIPMetricsReportBlock // the newest about what this phone sends, nil = none
	RoundTrip         time.Duration                // by the newest report that answers one of this phone's
	LongestPause      time.Duration                // between two packets
	Latencies         []time.Duration
	First, LastPacket time.Time
}

// stream is the media of one call: sockets, a pacer that speaks and a reader that records.
type stream struct {
	// immutable
	phone    *Phone
	rtp      *net.UDPConn
	rtcp     *net.UDPConn
	local    netip.AddrPort
	ssrc     uint32
	recorder *recorder
	stop     context.CancelFunc

	closing sync.Once
	mute    atomic.Bool

	lacking float64 // speak's: how much of a packet is to get lost

	mu             sync.Mutex // guards what follows
	remote         netip.AddrPort
	codec          Codec
	silence        []byte          // a frame of it in codec, never changed
	formats        map[uint8]Codec // nil = nothing is agreed
	event          int             // payload type of telephone-event, -1 = none
	sending        bool
	vault          vault
	last           []byte           // the latest voice packet as it was sent
	clip           []int16          // spoken over the tone, from the next frame on
	clipSent       chan<- time.Time // when its first packet left
	stats          Stats
	highest        uint16 // sequence number
	senderReport   uint32 // middle of the NTP time of the peer's latest, 0 = none
	senderReportAt time.Time
	heard          uint32 // SSRC
	keypad         keypad
}

// openStream binds an even port for RTP and the next for RTCP, and starts to listen. The phone's Run
// waits for the goroutines, close stops them.
func (p *Phone) openStream() (*stream, error) {
	rtpConn, rtcpConn, err := openPair(p.cfg.Address)
	if err != nil {
		return nil, err
	}
	if err := stampArrivals(rtpConn); err != nil {
		p.log.Warn("no arrival times from the kernel", "err", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	local := rtpConn.LocalAddr().(*net.UDPAddr).AddrPort()
	s := &stream{
		phone:    p,
		rtp:      rtpConn,
		rtcp:     rtcpConn,
		local:    netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		ssrc:     rand.Uint32(),
		recorder: newRecorder(time.Now().Round(0), p.cfg.Playout),
		stop:     cancel,
	}
	p.media.Go(s.read)
	p.media.Go(s.readRTCP)
	p.media.Go(func() { s.speak(ctx) })
	return s, nil
}

func openPair(address string) (a, b *net.UDPConn, err error) {
	for range 50 {
		ip := net.ParseIP(address)
		if a, err = net.ListenUDP("udp", &net.UDPAddr{IP: ip}); err != nil {
			return nil, nil, err
		}
		port := a.LocalAddr().(*net.UDPAddr).Port
		if port%2 == 0 {
			if b, err = net.ListenUDP("udp", &net.UDPAddr{IP: ip, Port: port + 1}); err == nil {
				return a, b, nil
			}
		}
		a.Close()
	}
	return nil, nil, fmt.Errorf("no free pair of ports: %w", err)
}

func (s *stream) close() {
	s.closing.Do(func() {
		s.stop()
		s.rtp.Close()
		s.rtcp.Close()
	})
}

// agree sets what signalling agreed on: where to send, if at all, in which codec, and what may come.
func (s *stream) agree(remote description, codec Codec, formats []Codec, event int, send bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remote, s.codec, s.event = remote.address, codec, event
	s.silence = codec.Law.Encode(nil, make([]int16, frame))
	s.formats = map[uint8]Codec{}
	for _, f := range formats {
		s.formats[f.PayloadType] = f
	}
	s.sending = send && remote.address.Port() != 0 && !remote.address.Addr().IsUnspecified()
}

// secure sets the keys that signalling agreed on.
func (s *stream) secure(local, remote crypto) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vault.set(local, remote)
}

// say speaks pcm over the tone from the next frame on and returns when its first sample was spoken:
// one frame before its packet left.
func (s *stream) say(ctx context.Context, pcm []int16) (time.Time, error) {
	sent := make(chan time.Time, 1)
	s.mu.Lock()
	s.clip, s.clipSent = pcm, sent
	s.mu.Unlock()
	select {
	case at := <-sent:
		return at.Add(-audio.Duration(frame, rate)), nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	case <-s.phone.done:
		return time.Time{}, ErrClosed
	}
}

// speak sends a frame every 20 ms by an absolute schedule, so that no lateness adds up.
func (s *stream) speak(ctx context.Context) {
	tone := audio.NewOscillator(s.phone.cfg.Tone, s.phone.cfg.Level, rate)
	pcm := make([]int16, frame)
	first := s.phone.cfg.Sequence
	if first == 0 {
		first = uint16(rand.Uint32())
	}
	packet := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: s.ssrc, SequenceNumber: first, Timestamp: rand.Uint32(), Marker: true}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	next, reports := time.Now(), 0
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		s.phone.note(time.Since(next))
		if s.frame(&packet, pcm, tone) {
			if reports++; reports%250 == 1 {
				s.report(&packet)
			}
		}
		packet.Timestamp += frame
		next = next.Add(20 * time.Millisecond)
		timer.Reset(time.Until(next))
	}
}

// frame speaks one frame, if the call lets it, and says whether it did.
func (s *stream) frame(packet *rtp.Packet, pcm []int16, tone *audio.Oscillator) bool {
	voiced := s.phone.cfg.Tone != 0
	if voiced {
		tone.Read(pcm)
	} else {
		clear(pcm)
	}
	s.mu.Lock()
	remote, codec, silence, sending, sent := s.remote, s.codec, s.silence, s.sending, s.clipSent
	if s.phone.vanished.Load() || s.mute.Load() {
		sending = false
	}
	if sending && len(s.clip) > 0 {
		n := min(frame, len(s.clip))
		audio.Add(pcm, s.clip[:n])
		s.clip, s.clipSent, voiced = s.clip[n:], nil, true
	}
	if sending {
		s.stats.Sent++
	}
	clock := packet.Timestamp
	defer func() { packet.Timestamp = clock }()
	pressing := sending && s.key(packet)
	s.mu.Unlock()
	if !sending {
		packet.Marker = true // the next packet starts a talk spurt (RFC 3551 section 4.1)
		return false
	}
	switch {
	case pressing: // it is filled
	case voiced:
		packet.PayloadType, packet.Payload = codec.PayloadType, codec.Law.Encode(packet.Payload[:0], pcm)
	default:
		packet.PayloadType, packet.Payload = codec.PayloadType, append(packet.Payload[:0], silence...)
	}
	b, err := packet.Marshal()
	if err != nil {
		return false
	}
	s.mu.Lock()
	b, err = s.vault.seal(b)
	s.last = append(s.last[:0], b...)
	s.mu.Unlock()
	if err != nil {
		s.phone.log.Warn("cannot encrypt", "err", err)
		return false
	}
	at := time.Now().Round(0)
	s.phone.cfg.Ledger.sent(packet.SSRC, packet.SequenceNumber, packet.Timestamp, at)
	if s.lacking += s.phone.cfg.Loss; s.lacking >= 1 {
		s.lacking--
	} else {
		// An unreachable port is the peer's business: a phone goes on.
		_, _ = s.rtp.WriteToUDPAddrPort(b, remote)
	}
	if sent != nil {
		sent <- at
	}
	packet.SequenceNumber++
	packet.Marker = false
	return true
}

// report sends the sender report a phone owes every five seconds (RFC 3550 section 6.4.1).
func (s *stream) report(packet *rtp.Packet) {
	s.mu.Lock()
	remote, sent := s.remote, s.stats.Sent
	now := time.Now()
	var reports []rtcp.ReceptionReport
	if s.stats.Received > 0 {
		about := rtcp.ReceptionReport{SSRC: s.heard, TotalLost: uint32(s.stats.Lost), LastSequenceNumber: uint32(s.highest)}
		if s.senderReport != 0 {
			about.LastSenderReport = s.senderReport
			about.Delay = uint32(now.Sub(s.senderReportAt) * 65536 / time.Second)
		}
		reports = append(reports, about)
	}
	s.mu.Unlock()
	compound := []rtcp.Packet{
		&rtcp.SenderReport{
			SSRC:        s.ssrc,
			NTPTime:     toNTP(now),
			Reports:     reports,
			RTPTime:     packet.Timestamp,
			PacketCount: uint32(sent),
			OctetCount:  uint32(sent * frame),
		},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
			Source: s.ssrc,
			Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: s.phone.cfg.Tel}},
		}}},
	}
	if s.phone.cfg.Metrics && reports != nil {
		compound = append(compound, &rtcp.ExtendedReport{SenderSSRC: s.ssrc, Reports: []rtcp.ReportBlock{s.metrics(reports[0].SSRC)}})
	}
	b, err := rtcp.Marshal(compound)
	if err == nil {
		s.mu.Lock()
		b, err = s.vault.sealRTCP(b)
		s.mu.Unlock()
	}
	if err == nil {
		_, _ = s.rtcp.WriteToUDPAddrPort(b, netip.AddrPortFrom(remote.Addr(), remote.Port()+1))
	}
}

// metrics are what this phone knows of what it hears of a stream (RFC 3611, 4.7).
func (s *stream) metrics(ssrc uint32) *rtcp.VoIPMetricsReportBlock {
	const unknown = 127
	stats := s.snapshot()
	delay := uint16(s.phone.cfg.Playout / time.Millisecond)
	m := &rtcp.VoIPMetricsReportBlock{
		SSRC: ssrc, RoundTripDelay: uint16(min(stats.RoundTrip/time.Millisecond, 65535)), EndSystemDelay: delay + 20, Gmin: 16,
		SignalLevel: unknown, NoiseLevel: unknown, RERL: unknown, RFactor: unknown, ExtRFactor: unknown, MOSLQ: unknown, MOSCQ: unknown,
		JBNominal: delay, JBMaximum: delay, JBAbsMax: delay,
	}
	if all := stats.Lost + stats.Received; all > 0 {
		m.LossRate, m.DiscardRate = uint8(min(stats.Lost<<8/all, 255)), uint8(min(stats.Late<<8/all, 255))
	}
	return m
}

func (s *stream) read() {
	buffer, control := make([]byte, 2048), make([]byte, 128)
	for {
		n, source, at, err := readStamped(s.rtp, buffer, control)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			s.receive(buffer[:n], netip.AddrPortFrom(source.Addr().Unmap(), source.Port()), at)
		}
	}
}

func (s *stream) receive(b []byte, source netip.AddrPort, at time.Time) {
	var packet rtp.Packet
	s.mu.Lock()
	if s.formats == nil {
		s.stats.Early++
		s.mu.Unlock()
		return
	}
	b, err := s.vault.open(b)
	if err != nil {
		s.stats.Unauthentic++
		s.mu.Unlock()
		return
	}
	err = packet.Unmarshal(b)
	codec, known := s.formats[packet.PayloadType]
	if err == nil && s.event >= 0 && packet.PayloadType == uint8(s.event) {
		s.stats.Events++
		if press, ok := s.keypad.heard.Receive(packet.SSRC, packet.Timestamp, packet.Marker, packet.Payload); ok {
			s.keypad.text += string(press.Key)
		}
		s.number(packet.Header)
		s.mu.Unlock()
		return
	}
	if err != nil || packet.Version != 2 || !known {
		s.stats.Bad++
		s.mu.Unlock()
		return
	}
	if source != s.remote {
		s.stats.Foreign++
	}
	if s.stats.Received > 0 {
		s.stats.LongestPause = max(s.stats.LongestPause, at.Sub(s.stats.LastPacket))
	} else {
		s.stats.First = at
	}
	s.stats.LastPacket = at
	s.number(packet.Header)
	s.stats.Received++
	if sent, ok := s.phone.cfg.Ledger.lookup(packet.SSRC, packet.SequenceNumber, packet.Timestamp); ok && len(s.stats.Latencies) < 1e5 {
		s.stats.Latencies = append(s.stats.Latencies, at.Sub(sent))
	}
	s.mu.Unlock()
	var pcm []int16
	if !s.phone.cfg.Deaf {
		pcm = codec.Law.Decode(nil, packet.Payload)
	}
	s.recorder.place(at, packet.SSRC, packet.Timestamp, pcm)
}

// number counts what is missing before a packet. mu is held.
func (s *stream) number(packet rtp.Header) {
	step := int16(packet.SequenceNumber - s.highest)
	switch {
	case s.stats.Received == 0 && s.stats.Events <= 1 || packet.SSRC != s.heard:
		s.heard, s.highest = packet.SSRC, packet.SequenceNumber
	case step > 0:
		s.stats.Lost += int(step) - 1
		s.highest = packet.SequenceNumber
	case step < 0 && s.stats.Lost > 0:
		s.stats.Lost-- // it was only slow
	}
}

func (s *stream) readRTCP() {
	buffer := make([]byte, 2048)
	for {
		n, _, err := s.rtcp.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		s.mu.Lock()
		if b, err := s.vault.openRTCP(buffer[:n]); err != nil {
			s.stats.Unauthentic++
		} else if packets, err := rtcp.Unmarshal(b); err == nil {
			s.stats.RTCP++
			s.reported(packets, time.Now())
		}
		s.mu.Unlock()
	}
}

// reported takes what the peer says in RTCP. mu is held.
func (s *stream) reported(packets []rtcp.Packet, now time.Time) {
	var blocks []rtcp.ReceptionReport
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			s.senderReport, s.senderReportAt = uint32(p.NTPTime>>16), now
			blocks = append(blocks, p.Reports...)
		case *rtcp.ReceiverReport:
			blocks = append(blocks, p.Reports...)
		case *rtcp.ExtendedReport:
			for _, b := range p.Reports {
				if m, ok := b.(*rtcp.VoIPMetricsReportBlock); ok && m.SSRC == s.ssrc {
					s.stats.Metrics = m
				}
			}
		case *rtcp.Goodbye:
			s.stats.Goodbyes++
		}
	}
	for _, b := range blocks {
		if b.SSRC != s.ssrc {
			continue
		}
		s.stats.Reports++
		s.stats.ReportedLost = b.TotalLost
		if b.LastSenderReport != 0 {
			trip := uint32(toNTP(now)>>16) - b.LastSenderReport - b.Delay
			s.stats.RoundTrip = time.Duration(max(int32(trip), 0)) * time.Second / 65536
		}
	}
}

// toNTP is a time in NTP's format: seconds since 1900, and 32 bits of their fraction.
func toNTP(t time.Time) uint64 {
	const epoch = 2208988800 // seconds from 1900 to 1970
	return uint64(t.Unix()+epoch)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// snapshot returns the counters so far.
func (s *stream) snapshot() Stats {
	s.mu.Lock()
	stats := s.stats
	stats.Latencies = append([]time.Duration(nil), s.stats.Latencies...)
	s.mu.Unlock()
	stats.Late, stats.Streams = s.recorder.counts()
	return stats
}
