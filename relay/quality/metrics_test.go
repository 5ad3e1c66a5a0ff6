package quality

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay/rtp"
)

// TestMetricsAreReadByPion puts a reception into a report and reads it with another implementation.
func TestMetricsAreReadByPion(t *testing.T) {
	for _, c := range []struct {
		name string
		r    Reception
		want rtcp.VoIPMetricsReportBlock
	}{
		{"nothing came", Reception{}, rtcp.VoIPMetricsReportBlock{
			SignalLevel: 127, NoiseLevel: 127, RERL: 127, Gmin: 16, RFactor: 127, ExtRFactor: 127, MOSLQ: 127, MOSCQ: 127}},
		{"faultless, listened to", Reception{Stream: 9, Expected: 3000, RoundTrip: 40 * time.Millisecond, Jitter: time.Millisecond, Frame: 20 * time.Millisecond,
			Bursts: Bursts{Gaps: 1, GapPackets: 3000}}, rtcp.VoIPMetricsReportBlock{
			SSRC: 9, GapDuration: 60000, RoundTripDelay: 40,
			SignalLevel: 127, NoiseLevel: 127, RERL: 127, Gmin: 16, RFactor: 92, ExtRFactor: 127, MOSLQ: 44, MOSCQ: 44}},
		{"lossy, played", Reception{Stream: 9, Expected: 1000, Lost: 100, RoundTrip: 300 * time.Millisecond, Frame: 20 * time.Millisecond,
			Bursts:  Bursts{Bursts: 10, BurstPackets: 240, BurstBad: 120, Gaps: 11, GapPackets: 760, GapBad: 5},
			Playout: Playout{Playing: true, Adaptive: true, Discarded: 25, Nominal: 61 * time.Millisecond, Most: 200 * time.Millisecond, Signal: -26.15, Noise: -66.15}},
			rtcp.VoIPMetricsReportBlock{
				SSRC: 9, LossRate: 25, DiscardRate: 6, BurstDensity: 128, GapDensity: 1, BurstDuration: 480, GapDuration: 1382, RoundTripDelay: 300, EndSystemDelay: 101,
				SignalLevel: 236, NoiseLevel: 196, RERL: 127, Gmin: 16, RFactor: 50, ExtRFactor: 127, MOSLQ: 32, MOSCQ: 26,
				RXConfig: 0b10_11_0001, JBNominal: 61, JBMaximum: 200, JBAbsMax: 200}},
		{"more than there is room for", Reception{Expected: 10, Lost: 10, RoundTrip: 2 * time.Minute, Frame: 20 * time.Millisecond,
			Bursts: Bursts{Bursts: 1, BurstPackets: 1 << 31, BurstBad: 1 << 31}, Playout: Playout{Playing: true, Signal: 900, Noise: -900}},
			rtcp.VoIPMetricsReportBlock{LossRate: 255, BurstDensity: 255, BurstDuration: 65535, RoundTripDelay: 65535, EndSystemDelay: 40,
				SignalLevel: 126, NoiseLevel: 130, RERL: 127, Gmin: 16, RFactor: 0, ExtRFactor: 127, MOSLQ: 12, MOSCQ: 10, RXConfig: 0b10_10_0000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.r.Metrics(ImpairmentOf("PCMU"))
			r := Report{SSRC: 1, CNAME: "n", Metrics: &m}
			var b [MaxReport]byte
			n := r.Put(b[:])
			if !rtp.ValidRTCP(b[:n]) {
				t.Fatalf("not valid: %x", b[:n])
			}
			packets, err := rtcp.Unmarshal(b[:n])
			if err != nil || len(packets) != 3 {
				t.Fatalf("%d packets: %v", len(packets), err)
			}
			x := packets[2].(*rtcp.ExtendedReport)
			got := *x.Reports[0].(*rtcp.VoIPMetricsReportBlock)
			got.XRHeader = rtcp.XRHeader{}
			if got != c.want {
				t.Errorf("\n%+v, want\n%+v", got, c.want)
			}
			var there Peer
			there.Take(b[:n], ms)
			if back, told := there.Metrics(); !told || back != m {
				t.Errorf("read again: %+v, want %+v", back, m)
			}
		})
	}
}
