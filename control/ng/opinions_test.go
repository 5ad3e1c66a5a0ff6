package ng

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/control/ng/bencode"
	"sidetone/relay/quality"
)

// reported makes the leg's peer have sent under an SSRC, and reported every five seconds since 2027 what it lacks, of 256; it is
// 40 ms away, whom it talks to 60 ms.
func (l *fakeLeg) reported(t *testing.T, ssrc uint32, fractions ...uint8) {
	t.Helper()
	var near, far quality.Peer
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	answer := func(p *quality.Peer, trip time.Duration, about rtcp.ReceptionReport) {
		sr, err := (&rtcp.SenderReport{SSRC: 1, NTPTime: uint64(now) << 16}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		p.Sent(sr, now-trip.Nanoseconds())
		about.SSRC, about.LastSenderReport = 1, uint32(now)
		rr, err := (&rtcp.ReceiverReport{SSRC: ssrc, Reports: []rtcp.ReceptionReport{about}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		p.Take(rr, now)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.SSRC = ssrc
	answer(&far, 60*time.Millisecond, rtcp.ReceptionReport{})
	for _, f := range fractions {
		answer(&near, 40*time.Millisecond, rtcp.ReceptionReport{FractionLost: f, TotalLost: 12, Jitter: 24})
		l.stats.Samples.Take(&near, &far, 8, quality.ImpairmentOf("PCMA"), now)
		now += int64(5 * time.Second)
	}
	l.stats.PeerLost = near.Lost()
}

// numbers are the integers of a dictionary.
func numbers(v bencode.Value) map[string]int64 {
	m := make(map[string]int64)
	for key, value := range v.Pairs() {
		m[key], _ = value.Int()
	}
	return m
}

// TestOpinionsOfACall: what the phones report is told in the words and units of rtpengine 10.5, under the SSRC that each sends with,
// by query and by delete.
func TestOpinionsOfACall(t *testing.T) {
	c := newClient(t, nil)
	c.room = 0
	c.setUp("1")
	if v := c.ask(req("query", "call-id", "1")); v.Get("SSRC").Kind() != bencode.Absent {
		t.Error("an opinion before there was a report")
	}
	legs := c.relay.open()
	legs[0].reported(t, 4_000_000_002, 0, 51, 0)
	legs[1].reported(t, 1_111)
	for _, command := range []string{"query", "delete"} {
		v := c.ask(req(command, "call-id", "1", "from-tag", "a"))
		if keys := slices.Collect(maps.Keys(maps.Collect(v.Get("SSRC").Pairs()))); !slices.Equal(keys, []string{"4000000002"}) {
			t.Fatalf("%s: opinions of %v, want of the side that reported", command, keys)
		}
		got := v.Get("SSRC").Get("4000000002")
		begun := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
		low := numbers(got.Get("lowest MOS"))["MOS"]
		for key, want := range map[string]map[string]int64{
			"average MOS": {"MOS": (88 + low + 1) / 3, "jitter": 3, "packet loss": 6, "round-trip time": 100_000, "round-trip time leg": 40_000, "samples": 3},
			"highest MOS": {"MOS": 44, "jitter": 3, "packet loss": 0, "round-trip time": 100_000, "round-trip time leg": 40_000, "reported at": begun},
			"lowest MOS":  {"MOS": low, "jitter": 3, "packet loss": 19, "round-trip time": 100_000, "round-trip time leg": 40_000, "reported at": begun + 5},
		} {
			if n := numbers(got.Get(key)); !maps.Equal(n, want) {
				t.Errorf("%s: %s is\n%v, want\n%v", command, key, n, want)
			}
		}
		if n, _ := got.Get("cumulative loss").Int(); n != 12 || low < 20 || low > 35 {
			t.Errorf("%s: %d lost, lowest opinion %d", command, n, low)
		}
		for tag, ssrc := range map[string]int64{"a": 4_000_000_002, "b": 1_111} {
			for i, stream := range v.Get("tags").Get(tag).Get("medias").Items()[0].Get("streams").Items() {
				address, _ := stream.Get("local address").Text()
				if n, _ := stream.Get("SSRC").Int(); n != ssrc || address != "203.0.113.9" {
					t.Errorf("%s: stream %d of %s has SSRC %d, address %q", command, i, tag, n, address)
				}
			}
		}
	}
}

// TestOpinionsUnderOneSSRC: a phone that echoes sends with the SSRC of who it hears.
func TestOpinionsUnderOneSSRC(t *testing.T) {
	c := newClient(t, nil)
	c.setUp("1")
	for _, l := range c.relay.open() {
		l.reported(t, 7, 0)
	}
	if n := c.ask(req("query", "call-id", "1")).Get("SSRC").Len(); n != 1 {
		t.Errorf("%d opinions", n)
	}
}

// TestOpinionsFitIntoADatagram: all that Kamailio reads of a call of two, and the averages of one that has video besides.
func TestOpinionsFitIntoADatagram(t *testing.T) {
	for _, tc := range []struct {
		name, more string
		opinions   []string
	}{
		{"voice", "", []string{"average MOS", "highest MOS", "lowest MOS"}},
		{"voice and video", "m=video 4002 RTP/AVP 99\r\n", []string{"average MOS"}},
	} {
		for _, enc := range []encoding{inBencode, inJSON} {
			t.Run(fmt.Sprint(tc.name, enc), func(t *testing.T) {
				c := newClient(t, nil)
				id := strings.Repeat("i", 60)
				tags := []string{strings.Repeat("a", 36), strings.Repeat("b", 36)} // UUIDs
				c.ask(req("offer", "call-id", id, "from-tag", tags[0], "label", "A-side", "sdp", audio("192.0.2.101", 4000, "0")+tc.more))
				c.ask(req("answer", "call-id", id, "from-tag", tags[0], "to-tag", tags[1], "label", "B-side", "sdp", audio("192.0.2.102", 4000, "0")+tc.more))
				for i, l := range c.relay.open() {
					l.received(3_600*50, time.Now())
					l.reported(t, 4_000_000_000+uint32(i), 0, 30, 60)
				}
				reply := c.raw(string(encode("12345_678", enc, req("query", "call-id", id))))
				if len(reply) > datagramRoom {
					t.Fatalf("%d bytes", len(reply))
				}
				v := c.parsed(reply)
				known := v.Get("SSRC")
				for key, o := range known.Pairs() {
					if got := slices.Collect(maps.Keys(maps.Collect(o.Pairs()))); !slices.Equal(slices.Sorted(slices.Values(got)), tc.opinions) {
						t.Errorf("%s has %q", key, got)
					}
					if n := len(numbers(o.Get("average MOS"))); n != 6 {
						t.Errorf("%s: %d entries", key, n)
					}
				}
				streams := 0
				for i, tag := range tags {
					of := v.Get("tags").Get(tag)
					if label, _ := of.Get("label").Text(); label != []string{"A-side", "B-side"}[i] {
						t.Errorf("label %q", label)
					}
					for _, m := range of.Get("medias").Items() {
						streams++
						stream := m.Get("streams").Items()[0]
						n, _ := stream.Get("SSRC").Int()
						packets, _ := stream.Get("stats").Get("packets").Int()
						if known.Get(fmt.Sprint(n)).Kind() == bencode.Absent || packets != 180_000 {
							t.Errorf("SSRC %d, %d packets", n, packets)
						}
					}
				}
				if streams != len(c.relay.open()) || known.Len() != streams {
					t.Errorf("%d streams, %d opinions of %d legs", streams, known.Len(), len(c.relay.open()))
				}
			})
		}
	}
}

// TestHowASideHears: the relay is told the clocks of what a side sends and what its codec costs; video is no voice.
func TestHowASideHears(t *testing.T) {
	c := newClient(t, nil)
	const video = "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
	c.ask(req("offer", "call-id", "1", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "96 18 0")+"a=rtpmap:96 opus/48000/2\r\n"+video))
	c.ask(req("answer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", audio("192.0.2.2", 4000, "18 0")+video))
	for i, l := range c.relay.open() {
		want, pt, kHz := quality.ImpairmentOf("G729"), 18, uint8(8)
		if i >= 2 {
			want, pt, kHz = quality.Impairment{}, 99, 90
		}
		if r := l.remote; r.Impairment != want || r.Clocks[pt] != kHz {
			t.Errorf("leg %d: %+v, clock %d kHz", i, r.Impairment, r.Clocks[pt])
		}
	}
}
