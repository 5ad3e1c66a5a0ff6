package relay_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay"
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
	if q := c.legA.Stats().Quality; q.PeerMOS != 3.9 || q.RoundTrip != 77*time.Millisecond {
		t.Errorf("%+v", q)
	}
}
