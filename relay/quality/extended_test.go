package quality

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay/rtp"
)

// TestReceiversFindTheRoundTrip lets two receivers, of which neither sends, ask each other 80 ms apart.
func TestReceiversFindTheRoundTrip(t *testing.T) {
	const epoch, way, kept = int64(1_700_000_000e9), 40 * ms, 700 * ms
	var here, there Peer
	r := Report{SSRC: 1, CNAME: "here", Time: epoch + ms, Reference: true}
	here.SentReference(1, r.Time, ms)
	var b [MaxReport]byte
	there.Take(b[:r.Put(b[:])], ms+way)
	answer := Report{SSRC: 2, CNAME: "there", Time: epoch}
	answer.TheirSSRC, answer.TheirReference, answer.SinceTheirs = there.Reference(ms + way + kept)
	if answer.TheirSSRC != 1 || answer.SinceTheirs != uint32(kept*65536/1e9) {
		t.Fatalf("%+v", answer)
	}
	n := answer.Put(b[:])
	if !rtp.ValidRTCP(b[:n]) {
		t.Fatalf("not valid: %x", b[:n])
	}
	here.Take(b[:n], ms+2*way+kept)
	if got := here.RoundTrip().Round(time.Millisecond); got != 80*time.Millisecond {
		t.Errorf("%v, want 80ms", got)
	}
}

func TestExtendedReportIsReadByPion(t *testing.T) {
	r := Report{SSRC: 1, CNAME: "this name is longer than thirty-two bytes", Packets: 1, About: &Block{}, Time: 1_700_000_000_250_000_000, Reference: true,
		TheirSSRC: 7, TheirReference: 8, SinceTheirs: 9, Metrics: &Metrics{SSRC: 5}, Bye: true}
	var b [MaxReport]byte
	packets, err := rtcp.Unmarshal(b[:r.Put(b[:])])
	if err != nil || len(packets) != 4 {
		t.Fatalf("%d packets: %v", len(packets), err)
	}
	x, ok := packets[2].(*rtcp.ExtendedReport)
	if !ok || x.SenderSSRC != 1 || len(x.Reports) != 3 {
		t.Fatalf("%v", packets[2])
	}
	if got := x.Reports[0].(*rtcp.ReceiverReferenceTimeReportBlock).NTPTimestamp; got != (1_700_000_000+2208988800)<<32|1<<30 {
		t.Errorf("time %x", got)
	}
	if got := x.Reports[1].(*rtcp.DLRRReportBlock).Reports; len(got) != 1 || got[0] != (rtcp.DLRRReport{SSRC: 7, LastRR: 8, DLRR: 9}) {
		t.Errorf("%+v", got)
	}
	if got := x.Reports[2].(*rtcp.VoIPMetricsReportBlock).SSRC; got != 5 {
		t.Errorf("metrics of %d", got)
	}
}

func TestWhatThePeerTellsOfItself(t *testing.T) {
	for _, c := range []struct {
		name     string
		mosLQ    uint8
		mosCQ    uint8
		delay    uint16
		mos      float64
		expected time.Duration
	}{
		{"both", 41, 38, 90, 3.8, 90 * time.Millisecond},
		{"conversational unknown", 41, 127, 0, 4.1, 0},
		{"nothing known", 127, 127, 0, 0, 0},
		{"absurd", 0, 200, 65535, 0, 0},
	} {
		var p Peer
		p.Take(marshal(t, &rtcp.ReceiverReport{SSRC: 2}, &rtcp.ExtendedReport{SenderSSRC: 2, Reports: []rtcp.ReportBlock{
			&rtcp.VoIPMetricsReportBlock{SSRC: 1, RoundTripDelay: c.delay, MOSLQ: c.mosLQ, MOSCQ: c.mosCQ}}}), ms)
		m, told := p.Metrics()
		if !told || m.Opinion() != c.mos || p.RoundTrip() != c.expected {
			t.Errorf("%s: %v, MOS %v, round trip %v", c.name, told, m.Opinion(), p.RoundTrip())
		}
	}
}
