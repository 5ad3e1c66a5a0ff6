package relay_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay"
	"sidetone/relay/quality"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

// TestExtendedReportsWhereAsked: a phone that is only listened to finds the round trip by extended reports, and so do we, if it has
// asked for them; otherwise it gets none.
func TestExtendedReportsWhereAsked(t *testing.T) {
	for _, asked := range []bool{true, false} {
		b := start(t, udptest.Config{Delay: 15 * time.Millisecond}, relay.Config{})
		a := b.phone("10.0.1.1:4000", 0xa)
		leg := b.leg(relay.LegConfig{ID: "A"})
		to := a.remote()
		to.RoundTrips = asked
		leg.SetRemote(to)
		if err := leg.SetRoute(relay.Route{Sink: &sink{}}); err != nil {
			t.Fatal(err)
		}
		told := false // the phone's time has come back
		for i := range 1500 {
			a.send(leg.LocalRTP())
			b.net.Advance(20 * time.Millisecond)
			if i == 100 {
				a.rtcp.Send(leg.LocalRTCP(), rtcpOf(t, &rtcp.ReceiverReport{SSRC: 0xa}, &rtcp.ExtendedReport{SenderSSRC: 0xa, Reports: []rtcp.ReportBlock{
					&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: 0x1122334455667788}}}))
			}
			for _, c := range a.compounds(t, plainly) {
				x, ok := c[len(c)-1].(*rtcp.ExtendedReport)
				if ok != asked {
					t.Fatalf("asked %v: %v", asked, c)
				}
				if !ok {
					continue
				}
				for _, block := range x.Reports {
					switch r := block.(type) {
					case *rtcp.ReceiverReferenceTimeReportBlock:
						a.rtcp.Send(leg.LocalRTCP(), rtcpOf(t, &rtcp.ReceiverReport{SSRC: 0xa}, &rtcp.ExtendedReport{SenderSSRC: 0xa, Reports: []rtcp.ReportBlock{
							&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: x.SenderSSRC, LastRR: uint32(r.NTPTimestamp >> 16)}}}}}))
					case *rtcp.DLRRReportBlock:
						told = told || r.Reports[0].SSRC == 0xa && r.Reports[0].LastRR == 0x33445566
					}
				}
			}
		}
		trip := leg.Stats().Quality.RoundTrip // 30 ms, and up to 20 until the phone looks
		if told != asked || (trip >= 30*time.Millisecond && trip <= 51*time.Millisecond) != asked {
			t.Errorf("asked %v: its time came back %v, round trip %v", asked, told, trip)
		}
	}
}

// player is a sink that plays what it gets, and too late some of it.
type player struct {
	sink
	discarded uint64
}

func (p *player) ReceiveRTP(b []byte, now int64) {
	p.sink.ReceiveRTP(b, now)
	if rtp.SequenceNumber(b)%50 == 20 {
		p.discarded++
	}
}

func (p *player) Discarded() uint64 { return p.discarded }

func (p *player) Delay() (nominal, most time.Duration, adaptive bool) {
	return 60 * time.Millisecond, 200 * time.Millisecond, true
}

func (p *player) Loudness() (speech, noise float64) { return -26.15, 0 }

// TestVoIPMetricsWhereAsked: a phone that asks for VoIP metrics is told what its stream is like here, of a leg that only listens and of
// one that plays; who does not ask is not told. The burst is that of packets 100 to 120, of which every second is lost.
func TestVoIPMetricsWhereAsked(t *testing.T) {
	listened := rtcp.VoIPMetricsReportBlock{SSRC: 0xa, BurstDensity: 11 * 256 / 21, BurstDuration: 420,
		SignalLevel: 127, NoiseLevel: 127, RERL: 127, Gmin: 16, ExtRFactor: 127}
	played := listened
	played.DiscardRate, played.GapDensity = 4, 4
	played.EndSystemDelay, played.SignalLevel, played.JBNominal, played.JBMaximum, played.JBAbsMax, played.RXConfig = 100, 0xec, 60, 200, 200, 0xb1
	for _, c := range []struct {
		name  string
		asked bool
		sink  relay.Sink
		want  rtcp.VoIPMetricsReportBlock
	}{
		{"listened to", true, &sink{}, listened},
		{"played", true, &player{}, played},
		{"not asked", false, &player{}, played},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, udptest.Config{Delay: 15 * time.Millisecond}, relay.Config{})
			a := b.phone("10.0.1.1:4000", 0xa)
			leg := b.leg(relay.LegConfig{ID: "A"})
			to := a.remote()
			to.Metrics, to.Impairment = c.asked, quality.ImpairmentOf("PCMU")
			leg.SetRemote(to)
			if err := leg.SetRoute(relay.Route{Sink: c.sink}); err != nil {
				t.Fatal(err)
			}
			var got *rtcp.VoIPMetricsReportBlock
			for i := range 1000 {
				if p := a.packet(); i < 100 || i > 120 || i%2 != 0 {
					a.rtp.Send(leg.LocalRTP(), p)
				}
				b.net.Advance(20 * time.Millisecond)
				for _, compound := range a.compounds(t, plainly) {
					x, ok := compound[len(compound)-1].(*rtcp.ExtendedReport)
					if ok != c.asked {
						t.Fatalf("asked %v: %v", c.asked, compound)
					}
					if ok {
						got = x.Reports[0].(*rtcp.VoIPMetricsReportBlock)
					}
				}
			}
			q := leg.Stats().Quality.Reception
			if q.Expected != 1000 || q.Lost != 11 || q.Bursts.Bursts != 1 || q.Bursts.Gaps != 2 {
				t.Errorf("%+v", q)
			}
			if !c.asked {
				return
			}
			if got == nil {
				t.Fatal("no VoIP metrics")
			}
			if got.RFactor < 60 || got.RFactor > 93 || got.MOSLQ < 35 || got.MOSCQ > got.MOSLQ || got.GapDuration < 5000 || got.GapDuration > 10_000 || got.LossRate < 2 || got.LossRate > 4 {
				t.Errorf("%+v", got)
			}
			got.RFactor, got.MOSLQ, got.MOSCQ, got.GapDuration, got.LossRate, got.XRHeader = 0, 0, 0, 0, 0, rtcp.XRHeader{}
			if *got != c.want {
				t.Errorf("\n%+v, want\n%+v", *got, c.want)
			}
		})
	}
}

// rtcpOf is a compound.
func rtcpOf(t *testing.T, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRTCPGoodbyeEndsNothing: phones say goodbye for one stream and begin another, and anybody may forge it.
func TestRTCPGoodbyeEndsNothing(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).call()
	c.talk(5)
	c.events.take()
	bye := rtcpOf(t, &rtcp.ReceiverReport{SSRC: 0xa}, &rtcp.Goodbye{Sources: []uint32{0xa}})
	c.a.rtcp.Send(c.legA.LocalRTCP(), bye)
	c.a.rtcp.Send(c.legA.LocalRTCP(), []byte{0x80, rtp.BYE, 0, 0})
	c.net.Advance(time.Millisecond)
	c.talk(5)
	heard(t, c.b, 0xa, 10)
	heard(t, c.a, 0xb, 10)
	if got := c.events.take(); len(got) != 0 {
		t.Errorf("events %q", got)
	}
	if s := c.legA.Stats(); s.RTCPReceived.Packets < 1 || s.State != relay.Locked {
		t.Errorf("%+v", s)
	}
}

// TestForwardedExtendedReportsAreUntouched: what a phone says to the other one arrives byte by byte, and is listened to.
func TestForwardedExtendedReportsAreUntouched(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).call()
	c.talk(5)
	sent := rtcpOf(t, &rtcp.ReceiverReport{SSRC: 0xa}, &rtcp.ExtendedReport{SenderSSRC: 0xa, Reports: []rtcp.ReportBlock{
		&rtcp.VoIPMetricsReportBlock{SSRC: 0xb, RoundTripDelay: 77, MOSLQ: 40, MOSCQ: 39}}})
	c.a.rtcp.Send(c.legA.LocalRTCP(), sent)
	c.net.Advance(time.Millisecond)
	if got, _, ok := c.b.rtcp.Receive(); !ok || string(got) != string(sent) {
		t.Errorf("%x, want %x", got, sent)
	}
	if q := c.legA.Stats().Quality; !q.Rated || q.PeerMetrics.MOSLQ != 40 || q.PeerMetrics.Opinion() != 3.9 || q.RoundTrip != 77*time.Millisecond {
		t.Errorf("%+v", q)
	}
}
