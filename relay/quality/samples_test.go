package quality

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// conversation is a peer that is 40 ms away and hears one that is 60 ms away.
type conversation struct {
	t            *testing.T
	peer, beyond Peer
	samples      Samples
	now          int64
}

// reports lets the peer report, in timestamp units of 8 kHz.
func (c *conversation) reports(fraction uint8, jitter uint32) {
	c.now += 5000 * ms
	c.round(&c.peer, 40*ms, rtcp.ReceptionReport{FractionLost: fraction, Jitter: jitter})
	c.samples.Take(&c.peer, &c.beyond, 8, g711, c.now)
}

// round is a report to a peer and one of the peer that answers it.
func (c *conversation) round(p *Peer, trip int64, about rtcp.ReceptionReport) {
	p.Sent(marshal(c.t, &rtcp.SenderReport{SSRC: 1, NTPTime: uint64(c.now) << 16}), c.now-trip)
	about.SSRC, about.LastSenderReport = 1, uint32(c.now)
	if !p.Take(marshal(c.t, &rtcp.ReceiverReport{SSRC: 2, Reports: []rtcp.ReceptionReport{about}}), c.now) {
		c.t.Error("the report said nothing")
	}
}

func TestSamplesOfAConversation(t *testing.T) {
	c := conversation{t: t, now: ms}
	c.reports(0, 0)
	if c.samples.Count != 0 || c.samples.Average() != (Sample{}) {
		t.Errorf("a sample without the way beyond: %+v", c.samples)
	}
	c.round(&c.beyond, 60*ms, rtcp.ReceptionReport{})
	c.reports(0, 16)   // whole, 2 ms
	c.reports(51, 160) // a fifth lost, 20 ms
	c.reports(0, 16)
	s := &c.samples
	const trip, leg = 100 * time.Millisecond, 40 * time.Millisecond
	high := Sample{At: 10001 * ms, MOS: 44, Jitter: 2 * time.Millisecond, RoundTrip: trip, Leg: leg}
	low := Sample{At: 15001 * ms, MOS: s.Lowest.MOS, Loss: 51, Jitter: 20 * time.Millisecond, RoundTrip: trip, Leg: leg}
	if s.Count != 3 || s.Highest != high || s.Lowest != low || low.MOS < 20 || low.MOS > 35 {
		t.Errorf("%d samples\nhighest %+v\nwant    %+v\nlowest %+v\nwant   %+v", s.Count, s.Highest, high, s.Lowest, low)
	}
	mean := Sample{MOS: (2*44 + low.MOS + 1) / 3, Loss: 17, Jitter: 8 * time.Millisecond, RoundTrip: trip, Leg: leg}
	if got := s.Average(); got != mean {
		t.Errorf("average %+v, want %+v", got, mean)
	}
	c.now += 500*ms - 5000*ms
	c.reports(255, 0)
	if s.Count != 3 {
		t.Error("a sample half a second after another")
	}
}

func TestNoSamplesOfWhatIsNoVoice(t *testing.T) {
	c := conversation{t: t, now: 1000 * ms}
	c.round(&c.peer, 40*ms, rtcp.ReceptionReport{})
	c.round(&c.beyond, 40*ms, rtcp.ReceptionReport{})
	if c.samples.Take(&c.peer, &c.beyond, 90, Impairment{}, c.now); c.samples.Count != 0 {
		t.Errorf("%+v", c.samples)
	}
}

func TestSamplesNoAllocs(t *testing.T) {
	c := conversation{t: t, now: 1000 * ms}
	c.round(&c.peer, 40*ms, rtcp.ReceptionReport{})
	c.round(&c.beyond, 40*ms, rtcp.ReceptionReport{})
	if n := testing.AllocsPerRun(100, func() {
		c.now += sampleEvery
		c.samples.Take(&c.peer, &c.beyond, 8, g711, c.now)
	}); n != 0 || c.samples.Count < 100 {
		t.Errorf("%v allocations, %d samples", n, c.samples.Count)
	}
}

func BenchmarkSamples(b *testing.B) {
	b.ReportAllocs()
	p, beyond, s := Peer{roundTrip: 40 * ms, fraction: 20, jitter: 80}, Peer{roundTrip: 60 * ms}, Samples{}
	for now := int64(ms); b.Loop(); now += sampleEvery {
		s.Take(&p, &beyond, 8, g711, now)
	}
}
