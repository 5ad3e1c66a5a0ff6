package relay

import (
	"testing"
	"time"

	"sidetone/relay/rtp"
)

// TestReportNoAllocs: a leg speaks, hears, and is due for a report each time.
func TestReportNoAllocs(t *testing.T) {
	s, legs := driven(t)
	l := legs[0]
	p := hotPacket()
	now, seq := s.now, uint16(0)
	if n := testing.AllocsPerRun(100, func() {
		seq++
		now += int64(20 * time.Second)
		s.now = now
		rtp.SetSequenceNumber(p, seq)
		l.WriteRTP(p)
		l.stream.Packet(p, 8, now)
		l.reportIfDue(s, now)
		s.out.n = 0 // nothing is sent
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if l.stats.RTCPSent.Packets < 99 {
		t.Errorf("%d reports", l.stats.RTCPSent.Packets)
	}
}
