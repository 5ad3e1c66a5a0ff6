package load

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"runtime/debug"
	"time"

	"sidetone/bench/audio"
)

// A conference is talked into by all its members at once, each with a tone of its own: a multiple of 50 Hz, so that every packet of
// 20 ms has whole periods and the same samples.
const (
	ConferenceSize = 5
	firstTone      = 400
	toneStep       = 300
	toneLevel      = 4000
	packetTime     = 20 * time.Millisecond
	sampled        = 16 // one packet in so many is listened to
)

// Conferences is the far ends of conferences of ConferenceSize members: it sends all members' packets from one thread and measures what the
// server sends back. Like a Generator it belongs to one goroutine, which is best locked to a thread on a core of its own.
type Conferences struct {
	wires   []*wire
	members []*member
	from    map[netip.AddrPort]*member
}

// member is one far end.
type member struct {
	wire   *wire
	to     address
	tone   int // among those of its conference
	packet [PacketSize]byte
	first  int64  // of the window: the least arrival less 20 ms a sequence number
	base   uint16 // sequence number that first is counted from
	seen   bool
	late   []int64 // arrivals less 20 ms a sequence number
}

// ConferenceResult is what Run measured in its window.
type ConferenceResult struct {
	Sent, Received int
	Overrun        int // packets that our own sockets had no room for
	Listened       int // packets whose tones were looked at
	Heard          int // of these, with the tones of all the others within 3 dB of each other, and 20 dB below them nothing of the member's own
	CPU            time.Duration
	Elapsed        time.Duration
	Late           Histogram // of the server: how long after the member's earliest, counted in ticks, a packet came
	GeneratorLate  Histogram
}

// NewConferences opens the sockets of so many conferences.
func NewConferences(local netip.Addr, conferences int) (*Conferences, error) {
	c := &Conferences{from: map[netip.AddrPort]*member{}}
	for range wireLegs {
		w, err := openWire(netip.AddrPortFrom(local, 0), maxMixed)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.wires = append(c.wires, w)
	}
	for i := range conferences * ConferenceSize {
		m := &member{wire: c.wires[i%len(c.wires)], tone: i % ConferenceSize}
		m.packet[0] = 2 << 6
		binary.BigEndian.PutUint32(m.packet[8:], uint32(0x51de0000+i))
		samples := make([]int16, payloadSize)
		for k := range samples {
			samples[k] = int16(toneLevel * math.Sin(2*math.Pi*float64((firstTone+toneStep*m.tone)*k)/8000))
		}
		copy(m.packet[headerSize:], audio.MuLaw.Encode(nil, samples))
		c.members = append(c.members, m)
	}
	return c, nil
}

// maxMixed is the longest packet that is expected back.
const maxMixed = 512

// Close closes the sockets.
func (c *Conferences) Close() {
	for _, w := range c.wires {
		w.close()
	}
}

// Addresses returns where the members are, conference by conference.
func (c *Conferences) Addresses() []netip.AddrPort {
	var all []netip.AddrPort
	for _, m := range c.members {
		all = append(all, m.wire.local)
	}
	return all
}

// Connect says where the server has its port for each member.
func (c *Conferences) Connect(servers []netip.AddrPort) error {
	if len(servers) != len(c.members) {
		return errors.New("load: not every member of a conference has got a port")
	}
	for i, s := range servers {
		c.members[i].to = sockaddr(s)
		c.from[s] = c.members[i]
	}
	if len(c.from) != len(servers) {
		return errors.New("load: two members of a conference have got the same port")
	}
	return nil
}

// Run lets everybody talk, evenly spread over time, and measures after warm for window. meter reads what the server has used so
// far.
func (c *Conferences) Run(ctx context.Context, warm, window time.Duration, meter func() (time.Duration, error)) (*ConferenceResult, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection of ours would make packets late and then many at once
	res := &ConferenceResult{}
	start := time.Now().Add(startDelay).UnixNano()
	interval := int64(packetTime) / int64(len(c.members))
	begin, end := start+int64(warm), start+int64(warm+window)
	begin -= (begin - start) % int64(packetTime)
	sent, measuring := int64(0), false
	var before, after time.Duration
	var err error
	overrun := c.dropped()
	for turn := 0; ; turn++ {
		now := time.Now().UnixNano()
		if !measuring && now >= begin {
			measuring = true
			overrun = c.dropped()
			if before, err = meter(); err != nil {
				return nil, err
			}
		}
		if now >= end {
			break
		}
		if turn%patience == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for due := start + sent*interval; due <= now; due = start + sent*interval {
			m := c.members[sent%int64(len(c.members))]
			m.send(uint16(sent / int64(len(c.members))))
			if sent++; measuring {
				res.Sent++
				res.GeneratorLate.Record(now - due)
			}
		}
		for _, w := range c.wires {
			w.flush()
			for _, a := range w.receive(now) {
				if measuring {
					c.take(&a, res)
				}
			}
		}
	}
	if after, err = meter(); err != nil {
		return nil, err
	}
	res.CPU, res.Elapsed, res.Overrun = after-before, time.Duration(end-begin), c.dropped()-overrun
	for _, m := range c.members {
		for _, late := range m.late {
			res.Late.Record(late - m.first)
		}
		m.seen, m.late = false, m.late[:0]
	}
	return res, nil
}

func (c *Conferences) dropped() (n int) {
	for _, w := range c.wires {
		n += int(w.dropped)
	}
	return n
}

// send puts the member's packet of a number into its wire's batch. A batch holds a packet of a member once, as it is flushed long before
// the member's next turn.
func (m *member) send(number uint16) {
	binary.BigEndian.PutUint16(m.packet[2:], number)
	binary.BigEndian.PutUint32(m.packet[4:], uint32(number)*payloadSize)
	m.wire.put(m.packet[:], &m.to)
}

// take counts a packet from the server, and listens to some.
func (c *Conferences) take(a *arrival, res *ConferenceResult) {
	m := c.from[a.from]
	if m == nil || len(a.data) < headerSize || a.data[0]>>6 != 2 {
		return
	}
	res.Received++
	number := binary.BigEndian.Uint16(a.data[2:])
	if !m.seen {
		m.seen, m.base, m.first = true, number, math.MaxInt64
	}
	late := a.at - int64(number-m.base)*int64(packetTime)
	m.first = min(m.first, late)
	m.late = append(m.late, late)
	if res.Received%sampled == 0 && len(a.data) == PacketSize && a.data[1]&0x7f == payloadTypePCMU {
		if res.Listened++; m.hears(a.data[headerSize:]) {
			res.Heard++
		}
	}
}

// hears tells whether the tones of the others, and nothing of the member's own, are in a payload.
func (m *member) hears(payload []byte) bool {
	samples := audio.MuLaw.Decode(nil, payload)
	var others [2]float64 // least and greatest power
	others[0] = math.Inf(1)
	var own float64
	for tone := range ConferenceSize {
		var re, im float64
		for k, v := range samples {
			sin, cos := math.Sincos(2 * math.Pi * float64((firstTone+toneStep*tone)*k) / 8000)
			re, im = re+float64(v)*cos, im+float64(v)*sin
		}
		if power := re*re + im*im; tone == m.tone {
			own = power
		} else {
			others[0], others[1] = min(others[0], power), max(others[1], power)
		}
	}
	return others[0] > 0 && others[1] < 2*others[0] && own < others[0]/100
}
