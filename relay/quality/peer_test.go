package quality

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay/rtp"
)

func marshal(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	const ntp = 0x1122334455667788
	ours := marshal(t, &rtcp.SenderReport{SSRC: 1, NTPTime: ntp}, &rtcp.Goodbye{})
	answer := func(mid uint32, kept time.Duration) []byte {
		return marshal(t, &rtcp.ReceiverReport{SSRC: 2, Reports: []rtcp.ReceptionReport{{
			SSRC: 1, LastSenderReport: mid, Delay: uint32(kept * 65536 / time.Second)}}})
	}
	for _, c := range []struct {
		name string
		mid  uint32
		at   int64
		want time.Duration
	}{
		{"measured", 0x33445566, 1120 * ms, 120 * time.Millisecond},
		{"of a report that we did not send", 0x33445567, 1120 * ms, 0},
		{"of none", 0, 1120 * ms, 0},
		{"answered a little too early", 0x33445566, 990 * ms, 1},
		{"answered long before", 0x33445566, 500 * ms, 0},
		{"absurdly long", 0x33445566, 60_000 * ms, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Peer
			p.Sent(ours, 1)
			p.Take(answer(c.mid, time.Second), c.at)
			if got := p.RoundTrip(); got < c.want-time.Millisecond || got > c.want+time.Millisecond || (got == 0) != (c.want == 0) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	t.Run("of one of the last four", func(t *testing.T) {
		var p Peer
		for i := range 6 {
			p.Sent(marshal(t, &rtcp.SenderReport{SSRC: 1, NTPTime: uint64(i+1) << 16}), int64(i)*100*ms+1)
		}
		p.Take(answer(2, 0), 700*ms)
		if p.RoundTrip() != 0 {
			t.Error("a forgotten report was found")
		}
		p.Take(answer(4, 0), 700*ms)
		if got := p.RoundTrip(); got.Round(time.Millisecond) != 400*time.Millisecond {
			t.Errorf("%v", got)
		}
	})
}

func TestWhatThePeerLost(t *testing.T) {
	var p Peer
	if p.Heard() || p.Lost() != 0 {
		t.Error("a peer that said nothing was heard")
	}
	report := func(ssrc, lost, jitter uint32) {
		p.Take(marshal(t, &rtcp.SenderReport{SSRC: 2, Reports: []rtcp.ReceptionReport{{SSRC: ssrc, TotalLost: lost, Jitter: jitter}}},
			rtcp.NewCNAMESourceDescription(2, "a")), ms)
	}
	report(1, 5, 80)
	report(1, 7, 80)
	report(9, 3, 40)         // a tone in between
	report(1, 8, 160)        // and back
	report(7, 0xffffff, 160) // -1: duplicates
	if got := p.Lost(); !p.Heard() || got != 11 || p.Jitter(8) != 20*time.Millisecond || p.Jitter(16) != 10*time.Millisecond {
		t.Errorf("lost %d, jitter %v", got, p.Jitter(8))
	}
	for ssrc := range uint32(10) {
		report(100+ssrc, 1, 0)
	}
	if got := p.Lost(); got != 21 {
		t.Errorf("over many streams %d, want 21", got)
	}
}

func TestLastReport(t *testing.T) {
	var p Peer
	if mid, since := p.LastReport(2, ms); mid != 0 || since != 0 {
		t.Error("a report of a peer that sent none")
	}
	p.Take(marshal(t, &rtcp.SenderReport{SSRC: 2, NTPTime: 0x1122334455667788}), ms)
	if mid, since := p.LastReport(2, 1501*ms); mid != 0x33445566 || since != 3*65536/2 {
		t.Errorf("%x %d", mid, since)
	}
	if mid, _ := p.LastReport(3, 2*ms); mid != 0 {
		t.Error("of another stream")
	}
}

func TestReportIsReadByPion(t *testing.T) {
	about := &Block{SSRC: 7, FractionLost: 12, Lost: -3, Highest: 1<<16 | 5, Jitter: 99}
	at := time.Date(2026, 3, 4, 5, 6, 7, 250_000_000, time.UTC)
	for _, c := range []struct {
		name  string
		r     Report
		kinds []any
	}{
		{"sender", Report{SSRC: 1, CNAME: "name", Time: at.UnixNano(), Timestamp: 5, Packets: 6, Octets: 7, About: about, LastSR: 8, SinceThen: 9}, []any{&rtcp.SenderReport{}, &rtcp.SourceDescription{}}},
		{"sender that hears nothing", Report{SSRC: 1, CNAME: "nam", Packets: 6}, []any{&rtcp.SenderReport{}, &rtcp.SourceDescription{}}},
		{"receiver", Report{SSRC: 1, CNAME: "na", About: about}, []any{&rtcp.ReceiverReport{}, &rtcp.SourceDescription{}}},
		{"neither", Report{SSRC: 1, CNAME: "n"}, []any{&rtcp.ReceiverReport{}, &rtcp.SourceDescription{}}},
		{"goodbye", Report{SSRC: 1, CNAME: "this name is longer than thirty-two bytes", Packets: 1, About: about, Bye: true}, []any{&rtcp.SenderReport{}, &rtcp.SourceDescription{}, &rtcp.Goodbye{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bytes.Repeat([]byte{0xff}, MaxReport)
			b = b[:c.r.Put(b)]
			if !rtp.ValidRTCP(b) {
				t.Fatalf("not valid: %x", b)
			}
			packets, err := rtcp.Unmarshal(b)
			if err != nil || len(packets) != len(c.kinds) {
				t.Fatalf("%d packets: %v", len(packets), err)
			}
			if err := (*rtcp.CompoundPacket)(&packets).Validate(); err != nil {
				t.Error(err)
			}
			var blocks []rtcp.ReceptionReport
			switch p := packets[0].(type) {
			case *rtcp.SenderReport:
				blocks = p.Reports
				if p.SSRC != 1 || p.PacketCount != c.r.Packets || p.OctetCount != c.r.Octets || p.RTPTime != c.r.Timestamp {
					t.Errorf("%+v", p)
				}
				if c.r.Time != 0 && (p.NTPTime>>32 != uint64(at.Unix()+2208988800) || p.NTPTime&0xffffffff != 1<<30) {
					t.Errorf("NTP time %x", p.NTPTime)
				}
			case *rtcp.ReceiverReport:
				blocks = p.Reports
			}
			if c.r.About != nil {
				want := rtcp.ReceptionReport{SSRC: 7, FractionLost: 12, TotalLost: 0xfffffd, LastSequenceNumber: 65541, Jitter: 99, LastSenderReport: c.r.LastSR, Delay: c.r.SinceThen}
				if len(blocks) != 1 || blocks[0] != want {
					t.Errorf("%+v, want %+v", blocks, want)
				}
			}
			name := packets[1].(*rtcp.SourceDescription).Chunks[0].Items[0].Text
			if name != c.r.CNAME[:min(len(c.r.CNAME), MaxCNAME)] {
				t.Errorf("CNAME %q", name)
			}
		})
	}
}

func TestReportsNoAllocs(t *testing.T) {
	var p Peer
	about := Block{SSRC: 7}
	r := Report{SSRC: 1, CNAME: "0123456789abcdef", Packets: 6, About: &about}
	var b [MaxReport]byte
	theirs := marshal(t, &rtcp.SenderReport{SSRC: 2, Reports: []rtcp.ReceptionReport{{SSRC: 1, LastSenderReport: 1}}})
	if n := testing.AllocsPerRun(100, func() {
		p.Sent(b[:r.Put(b[:])], ms)
		p.Take(theirs, 2*ms)
		p.LastReport(2, 3*ms)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzPeer takes any compound that is valid: it must neither panic nor find a round trip that nobody answered.
func FuzzPeer(f *testing.F) {
	f.Add(marshal(f, &rtcp.SenderReport{SSRC: 2, Reports: []rtcp.ReceptionReport{{SSRC: 1}}}, rtcp.NewCNAMESourceDescription(2, "a")))
	f.Add(marshal(f, &rtcp.ReceiverReport{SSRC: 2, Reports: make([]rtcp.ReceptionReport, 31)}))
	f.Add(marshal(f, &rtcp.ExtendedReport{SenderSSRC: 2, Reports: []rtcp.ReportBlock{&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: 1 << 40},
		&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: 1, LastRR: 2, DLRR: 3}}}, &rtcp.VoIPMetricsReportBlock{RoundTripDelay: 9, MOSLQ: 41}}}))
	f.Add([]byte{0x80, rtp.XR, 0, 3, 0, 0, 0, 1, 7, 0, 0, 200, 4, 0, 0, 0})
	f.Add([]byte{0x9f, rtp.SR, 0, 1, 0, 0, 0, 1})
	f.Add([]byte{0x81, rtp.RR, 0, 1, 0, 0, 0, 1, 0x80, rtp.BYE, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if !rtp.ValidRTCP(b) {
			return
		}
		var p Peer
		p.Take(b, ms)
		p.Sent(b, 2*ms)
		if p.roundTrip != 0 {
			t.Fatal("a round trip measured without a report of ours")
		}
		p.Take(b, 3*ms)
	})
}
