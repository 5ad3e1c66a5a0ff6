package media

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/dtmf"
	"sidetone/codecs/g711"
	"sidetone/relay/rtp"
)

// joined is a call of two handsets, both ways.
func joined(t *testing.T, formatsA, formatsB string, keep bool) (x *exchange, a, b *handset) {
	x = newExchange(t)
	a, b = x.handset(t, 4000, 0, formatsA), x.handset(t, 4010, 0, formatsB)
	if err := Connect(a.leg, b.leg, Plan{To: b.leg, AddDigits: true, KeepDigits: keep}, Plan{To: a.leg, KeepDigits: keep}); err != nil {
		t.Fatal(err)
	}
	for range 5 { // so that both sources are known
		a.say(0, voice20)
		b.say(0, voice20)
	}
	return x, a, b
}

// inOrder checks that packets are one stream without a gap and gives the keys in it.
func inOrder(t *testing.T, packets [][]byte, event uint8) (keys string, events int) {
	t.Helper()
	var r dtmf.Receiver
	for i, p := range packets {
		if i > 0 {
			before := packets[i-1]
			if rtp.SSRC(p) != rtp.SSRC(before) || rtp.SequenceNumber(p) != rtp.SequenceNumber(before)+1 {
				t.Errorf("%x/%d after %x/%d", rtp.SSRC(p), rtp.SequenceNumber(p), rtp.SSRC(before), rtp.SequenceNumber(before))
			}
			if rtp.PayloadType(p) != event && rtp.PayloadType(before) != event && rtp.TimestampDiff(rtp.Timestamp(p), rtp.Timestamp(before)) <= 0 {
				t.Errorf("timestamp %d after %d", rtp.Timestamp(p), rtp.Timestamp(before))
			}
		}
		if rtp.PayloadType(p) == event {
			events++
			if press, ok := r.Receive(rtp.SSRC(p), rtp.Timestamp(p), rtp.Marker(p), rtp.Payload(p)); ok {
				keys += string(press.Key)
			}
		}
	}
	return keys, events
}

// Keys put into a relayed stream arrive once each in the same stream, which has no gap, whether the other phone speaks or is silent
// meanwhile.
func TestKeysPutIntoAStream(t *testing.T) {
	for _, speaks := range []bool{true, false} {
		t.Run(fmt.Sprintf("speaks=%v", speaks), func(t *testing.T) {
			x, a, b := joined(t, pcmuAndEvents, pcmuAndEvents, false)
			for _, k := range []byte("115#") {
				if err := b.leg.SendDigit(dtmf.Press{Key: k, Duration: 100 * time.Millisecond}, false); err != nil {
					t.Fatal(err)
				}
			}
			for range 50 {
				if speaks {
					a.say(0, voice20)
				} else {
					a.time += 160
					x.net.Advance(20 * time.Millisecond)
				}
			}
			for range 5 {
				a.say(0, voice20)
			}
			keys, events := inOrder(t, b.heard(), 101)
			if keys != "115#" || events != 4*7 {
				t.Errorf("heard %q in %d packets", keys, events)
			}
		})
	}
}

// Before the other phone has said anything, keys are a stream of our own.
func TestKeysBeforeTheFirstPacket(t *testing.T) {
	x := newExchange(t)
	b := x.handset(t, 4010, 0, pcmuAndEvents)
	b.say(0, voice20)
	if err := b.leg.SendDigit(dtmf.Press{Key: '0'}, false); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		x.net.Advance(20 * time.Millisecond)
	}
	if keys, _ := inOrder(t, b.heard(), 101); keys != "0" {
		t.Errorf("heard %q", keys)
	}
}

// Events that are kept leave no gap, and are reported.
func TestKeysTakenOutOfAStream(t *testing.T) {
	_, a, b := joined(t, pcmuAndEvents, pcmuAndEvents, true)
	var got keys
	if err := a.leg.OnDigit(got.add); err != nil {
		t.Fatal(err)
	}
	for _, k := range []byte("12*") {
		a.press(101, dtmf.Press{Key: k})
		for range 3 {
			a.say(0, voice20)
		}
	}
	heard := b.heard()
	if keys, _ := inOrder(t, heard, 101); keys != "" || len(heard) != 5+9 {
		t.Errorf("heard %q in %d packets", keys, len(heard))
	}
	if got.String() != "12*" {
		t.Errorf("reported %q", got.String())
	}
}

// A phone that has agreed to no telephone-event gets the key as tones, in its codec and in the same stream.
func TestKeyAsTones(t *testing.T) {
	_, a, b := joined(t, pcmuAndEvents, "0\r\n", true)
	if err := b.leg.SendDigit(dtmf.Press{Key: '5', Duration: 200 * time.Millisecond}, false); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		a.say(0, voice20)
	}
	heard := b.heard()
	inOrder(t, heard, 101)
	loud := 0
	var pcm [160]int16
	for _, p := range heard {
		n, _ := g711.MuLaw{}.Decode(pcm[:], rtp.Payload(p))
		peak := int16(0)
		for _, v := range pcm[:n] {
			peak = max(peak, v, -v)
		}
		if peak > 8000 && peak < 32000 && rtp.PayloadType(p) == 0 && voice20[0] == 0 && p[rtp.HeaderSize] != p[rtp.HeaderSize+1] {
			loud++
		}
	}
	if loud != 10 {
		t.Errorf("%d packets of tone, want 10", loud)
	}
}

func TestSpliceNoAllocs(t *testing.T) {
	leg, err := newExchange(t).Open(OpenConfig{ID: "nowhere", Shard: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := newSplice(leg.relay)
	s.live = true
	p := make([]byte, rtp.HeaderSize+160)
	rtp.Header{SequenceNumber: 5, SSRC: 9}.Put(p)
	leg.relay.Run(func() {
		s.queue = append(s.queue, digit{payloadType: 101, clock: 8000, events: dtmf.NewSender(dtmf.Press{Key: '1', Duration: 10 * time.Second}, 8000, ptime)})
		now := int64(0)
		if n := testing.AllocsPerRun(200, func() {
			now += int64(ptime)
			s.Tick(now)
			s.EditRTP(p, now)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// Whatever the length of a phone's packets is, what is transcoded to a codec of frames of 20 ms is one stream without a gap, also where keys are
// put into it; each packet begins where the last one ended.
func TestTranscodedToFramesWithoutAGap(t *testing.T) {
	set, _ := libraryOf(t, codecs.Format{Name: "GSM", ClockRate: 8000})
	for _, ms := range []int{5, 10, 20, 30, 50, 60} {
		for _, events := range []bool{true, false} {
			formats, want := "3\r\n", ""
			if events {
				formats, want = "3 101\r\na=rtpmap:101 telephone-event/8000\r\n", "7"
			}
			t.Run(fmt.Sprintf("%d ms, events=%v", ms, events), func(t *testing.T) {
				x := newExchange(t)
				x.cfg.Set, x.players.set = set, set
				desk, mobile := x.handset(t, 4000, 0, pcmuAndEvents), x.handset(t, 4010, 0, formats)
				if err := Connect(desk.leg, mobile.leg, Plan{To: mobile.leg, AddDigits: true}, Plan{To: desk.leg}); err != nil {
					t.Fatal(err)
				}
				mobile.say(3, make([]byte, 33))
				voice := bytes.Repeat([]byte{0x55}, 8*ms)
				speak := func(d int) {
					for range d / ms {
						desk.packet(rtp.Header{Timestamp: desk.time}, voice)
						desk.time += uint32(8 * ms)
						x.net.Advance(time.Duration(ms) * time.Millisecond)
					}
				}
				speak(600)
				before := mobile.heard()
				if err := mobile.leg.SendDigit(dtmf.Press{Key: '7', Duration: 100 * time.Millisecond}, false); err != nil {
					t.Fatal(err)
				}
				speak(600)
				all := append(before, mobile.heard()...)
				if keys, n := inOrder(t, all, 101); keys != want {
					t.Errorf("heard %q in %d packets", keys, n)
				}
				next := rtp.Timestamp(before[0])
				for i, p := range before {
					if n := len(rtp.Payload(p)); n == 0 || n%33 != 0 || rtp.Timestamp(p) != next {
						t.Fatalf("packet %d has %d octets and begins at %d, not %d", i, n, rtp.Timestamp(p), next)
					}
					next += uint32(len(rtp.Payload(p)) / 33 * 160)
				}
				if end := next - rtp.Timestamp(before[0]); end < 8*580 || end > 8*600 {
					t.Errorf("%d samples arrived of %d", end, 8*600)
				}
			})
		}
	}
}

// A key put into a stream that leaves with another RTP clock than it came with begins at the time of what leaves.
func TestKeyPutIntoAStreamOfAnotherClock(t *testing.T) {
	set, _ := libraryOf(t, codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2})
	x := newExchange(t)
	x.cfg.Set, x.players.set = set, set
	desk := x.handset(t, 4000, 0, pcmuAndEvents)
	browser := x.handset(t, 4010, 0, "107 110\r\na=rtpmap:107 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n")
	if err := Connect(desk.leg, browser.leg, Plan{To: browser.leg, AddDigits: true}, Plan{To: desk.leg}); err != nil {
		t.Fatal(err)
	}
	desk.time = 1 << 30
	for range 20 {
		desk.say(0, voice20)
	}
	before := browser.heard()
	if err := browser.leg.SendDigit(dtmf.Press{Key: '7', Duration: 100 * time.Millisecond}, false); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		desk.say(0, voice20)
	}
	all := append(before, browser.heard()...)
	if keys, _ := inOrder(t, all, 110); keys != "7" {
		t.Errorf("heard %q", keys)
	}
	last := rtp.Timestamp(before[len(before)-1])
	for _, p := range all {
		if rtp.PayloadType(p) == 110 {
			if d := rtp.TimestampDiff(rtp.Timestamp(p), last); d < 0 || d > 4*960 {
				t.Errorf("the key begins %d after the voice before it", d)
			}
		}
	}
}
