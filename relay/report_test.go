package relay_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay"
	"sidetone/relay/quality"
	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp/udptest"
)

// announcer is a ticker that speaks to a leg.
type announcer struct {
	leg *relay.Leg
	n   int
}

func (a *announcer) Tick(int64) {
	b := make([]byte, rtp.HeaderSize+160)
	rtp.Header{SSRC: 0x70e, SequenceNumber: uint16(a.n), Timestamp: uint32(a.n * 160), PayloadType: 0}.Put(b)
	a.leg.WriteRTP(b)
	a.n++
}

// compounds empties a phone's RTCP port.
func (p *phone) compounds(t *testing.T, open func([]byte) []byte) (all [][]rtcp.Packet) {
	t.Helper()
	for {
		b, _, ok := p.rtcp.Receive()
		if !ok {
			return all
		}
		packets, err := rtcp.Unmarshal(open(b))
		if err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		all = append(all, packets)
	}
}

func plainly(b []byte) []byte { return b }

// TestReportsWhereMediaEnds: a phone that hears a ticker and speaks to a sink gets sender reports of ours with a block about
// what it sends, finds the round trip by them, and a goodbye at the end.
func TestReportsWhereMediaEnds(t *testing.T) {
	for _, p := range []srtp.Profile{0, srtp.AES128CM80} {
		t.Run(p.String(), func(t *testing.T) {
			b := start(t, udptest.Config{Delay: 15 * time.Millisecond}, relay.Config{})
			a, v := b.phone("10.0.1.1:4000", 0xa), newVault(t, p)
			leg := b.leg(relay.LegConfig{ID: "A"})
			r := a.remote()
			r.Keys = v.keys
			leg.SetRemote(r)
			if err := leg.SetRoute(relay.Route{Sink: &sink{}}); err != nil {
				t.Fatal(err)
			}
			b.Do(leg.Shard(), func(s *relay.Shard) { s.AddTicker(&announcer{leg: leg}) })
			var reports []*rtcp.SenderReport
			cname, wall := "", time.Now()
			for i := range 1500 { // 30 s
				if i%10 != 9 { // a tenth is lost
					a.rtp.Send(leg.LocalRTP(), v.seal(a.packet()))
				} else {
					a.packet()
				}
				b.net.Advance(20 * time.Millisecond)
				for _, c := range a.compounds(t, v.open) {
					sr, ok := c[0].(*rtcp.SenderReport)
					if !ok || len(c) != 2 || len(sr.Reports) != 1 {
						t.Fatalf("%v", c)
					}
					cname = c[1].(*rtcp.SourceDescription).Chunks[0].Items[0].Text
					reports = append(reports, sr)
					a.rtcp.Send(leg.LocalRTCP(), v.seal(answerTo(t, a.ssrc, sr)))
				}
			}
			if n := len(reports); n < 4 || n > 12 {
				t.Fatalf("%d reports in 30 s", n)
			}
			if len(cname) < 16 {
				t.Errorf("CNAME %q", cname)
			}
			for i, sr := range reports {
				block := sr.Reports[0]
				if sr.SSRC != 0x70e || sr.PacketCount == 0 || sr.OctetCount != sr.PacketCount*160 || block.SSRC != a.ssrc {
					t.Errorf("%+v", sr)
				}
				if f := float64(block.FractionLost) / 256; f < 0.08 || f > 0.12 {
					t.Errorf("a fraction of %.3f lost", f)
				}
				if i > 0 {
					passed := time.Duration(float64(sr.NTPTime-reports[i-1].NTPTime) / (1 << 32) * float64(time.Second))
					if got := time.Duration(sr.RTPTime-reports[i-1].RTPTime) * time.Second / 8000; (got - passed).Abs() > time.Millisecond {
						t.Errorf("%v by NTP are %v by RTP", passed, got)
					}
				}
			}
			if at := time.Unix(int64(reports[0].NTPTime>>32)-2208988800, 0); at.Sub(wall).Abs() > time.Minute {
				t.Errorf("the first report is of %v", at)
			}
			q := leg.Stats().Quality
			if q.Expected < 1490 || q.Lost < 145 || q.Lost > 150 || q.Jitter > time.Millisecond {
				t.Errorf("%+v", q)
			}
			// The phone answers at the next step of 20 ms and says that it did so at once.
			if q.RoundTrip < 30*time.Millisecond || q.RoundTrip > 50*time.Millisecond || !q.Reported || q.PeerLost != 7 || q.PeerJitter != 5*time.Millisecond {
				t.Errorf("%+v", q)
			}
			leg.Close()
			b.net.Advance(time.Second)
			last := a.compounds(t, v.open)
			if len(last) == 0 {
				t.Fatal("no goodbye")
			}
			c := last[len(last)-1]
			bye, ok := c[len(c)-1].(*rtcp.Goodbye)
			if !ok || len(bye.Sources) != 1 || bye.Sources[0] != 0x70e {
				t.Errorf("the last compound is %v", c)
			}
		})
	}
}

// answerTo is what a phone says when it gets a report: that it lost 7 packets, a jitter of 5 ms, and how to find the round trip.
func answerTo(t *testing.T, ssrc uint32, sr *rtcp.SenderReport) []byte {
	t.Helper()
	b, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: ssrc, Reports: []rtcp.ReceptionReport{{
		SSRC: sr.SSRC, TotalLost: 7, Jitter: 40, LastSenderReport: uint32(sr.NTPTime >> 16)}}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOwnSourcesAreOneStream: music, then a mix, then the music again are one stream to the phone, without a gap in the
// numbers and with timestamps that follow the clock.
func TestOwnSourcesAreOneStream(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{})
	a := b.phone("10.0.1.1:4000", 0xa)
	leg := b.leg(relay.LegConfig{ID: "A"})
	leg.SetRemote(a.remote())
	sources := []*rtp.Header{{SSRC: 1, SequenceNumber: 40000, Timestamp: 7}, {SSRC: 2, SequenceNumber: 900, Timestamp: 1 << 31}}
	var first, last rtp.Header
	for i := range 300 {
		h := sources[i/100%2]
		pause := 20 * time.Millisecond
		if i == 100 {
			pause = 3 * time.Millisecond // another tick
		} else if i == 200 {
			pause = 500 * time.Millisecond
		}
		b.net.Advance(pause)
		p := make([]byte, rtp.HeaderSize+160)
		h.Put(p)
		b.Do(leg.Shard(), func(*relay.Shard) { leg.WriteRTP(p) })
		h.SequenceNumber++
		h.Timestamp += 160
		b.net.Advance(0)
		got, _, ok := a.rtp.Receive()
		if !ok {
			t.Fatalf("packet %d did not come", i)
		}
		now := rtp.ReadHeader(got)
		want := rtp.Header{SSRC: 1, SequenceNumber: last.SequenceNumber + 1, Timestamp: last.Timestamp + 160}
		switch i {
		case 0:
			first, want = now, rtp.Header{SSRC: 1, SequenceNumber: 40000, Timestamp: 7}
		case 100:
			want.Marker = true
		case 200:
			want.Marker, want.Timestamp = true, last.Timestamp+4000
		}
		if now != want {
			t.Fatalf("packet %d is %+v, want %+v; the first was %+v", i, now, want, first)
		}
		last = now
	}
}

func TestReceiverReportsWhenNothingIsSent(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{})
	a := b.phone("10.0.1.1:4000", 0xa)
	leg := b.leg(relay.LegConfig{ID: "A"})
	leg.SetRemote(a.remote())
	if err := leg.SetRoute(relay.Route{Sink: &sink{}}); err != nil {
		t.Fatal(err)
	}
	for range 800 {
		a.send(leg.LocalRTP())
		b.net.Advance(20 * time.Millisecond)
	}
	got := a.compounds(t, plainly)
	if len(got) < 2 {
		t.Fatalf("%d reports in 16 s", len(got))
	}
	for _, c := range got {
		if rr, ok := c[0].(*rtcp.ReceiverReport); !ok || len(rr.Reports) != 1 || rr.SSRC == a.ssrc {
			t.Errorf("%v", c)
		}
	}
	b.net.Advance(10 * time.Second) // the newest packets are still to be reported
	a.compounds(t, plainly)
	b.net.Advance(30 * time.Second)
	if got := a.compounds(t, plainly); len(got) != 0 {
		t.Errorf("%d reports about silence", len(got))
	}
	leg.Close()
	if got := a.compounds(t, plainly); len(got) != 0 {
		t.Errorf("a goodbye for a stream that never was: %v", got)
	}
}

// TestRelayedReportsAreOnlyListenedTo: between two phones nothing of ours is sent, and both legs know their round trip from the
// phones' own reports.
func TestRelayedReportsAreOnlyListenedTo(t *testing.T) {
	c := start(t, udptest.Config{Delay: 20 * time.Millisecond}, relay.Config{}).call()
	report := func(p *phone, leg *relay.Leg, at int, heard *rtcp.SenderReport) {
		sr := &rtcp.SenderReport{SSRC: p.ssrc, NTPTime: uint64(at+1) << 32}
		if heard != nil {
			sr.Reports = []rtcp.ReceptionReport{{SSRC: heard.SSRC, LastSenderReport: uint32(heard.NTPTime >> 16)}}
		}
		b, err := rtcp.Marshal([]rtcp.Packet{sr})
		if err != nil {
			t.Fatal(err)
		}
		p.rtcp.Send(leg.LocalRTCP(), b)
	}
	for p, leg := range map[*phone]*relay.Leg{c.a: c.legA, c.b: c.legB} {
		r := p.remote()
		r.Impairment = quality.ImpairmentOf("PCMU")
		leg.SetRemote(r)
	}
	count := map[string]int{}
	for i := range 1000 {
		c.talk(1)
		if i%100 == 99 {
			report(c.a, c.legA, i, nil)
		}
		for _, got := range c.b.compounds(t, plainly) {
			count["to B"]++
			if sr, ok := got[0].(*rtcp.SenderReport); ok {
				report(c.b, c.legB, i, sr)
			}
		}
		for _, got := range c.a.compounds(t, plainly) {
			count["to A"]++
			c.a.rtcp.Send(c.legA.LocalRTCP(), answerTo(t, c.a.ssrc, got[0].(*rtcp.SenderReport)))
		}
	}
	for name, s := range map[string]relay.LegStats{"A": c.legA.Stats(), "B": c.legB.Stats()} {
		// A 20 ms step of the test lies between what a phone hears and what it says.
		if q := s.Quality; q.RoundTrip < 39*time.Millisecond || q.RoundTrip > 81*time.Millisecond || q.Lost != 0 || q.Expected < 990 {
			t.Errorf("%s: %+v", name, q)
		}
		// The way from phone to phone is that of both legs; A, who began, is measured first and knows the whole way later.
		if x := s.Quality.Samples; x.Count < 7 || x.Count > 10 || x.Highest.MOS != 44 || x.Lowest.MOS != 44 ||
			x.Average().RoundTrip < 78*time.Millisecond || x.Average().RoundTrip > 162*time.Millisecond || x.Average().Leg < x.Average().RoundTrip/4 {
			t.Errorf("%s: %+v", name, x)
		}
	}
	// A's ten reports, B's ten that answer them, and A's ten answers to those; the last ones are still on their way.
	if count["to A"] > 10 || count["to B"] > 20 || count["to A"] < 9 || count["to B"] < 18 {
		t.Errorf("reports %v, want those of the phones alone: 10 and 20", count)
	}
	c.legA.Close()
	c.legB.Close()
	c.net.Advance(time.Second)
	if n := len(c.a.compounds(t, plainly)) + len(c.b.compounds(t, plainly)); n > 1 {
		t.Errorf("%d compounds at the end", n)
	}
}
