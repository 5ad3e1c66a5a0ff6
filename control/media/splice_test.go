package media

import (
	"fmt"
	"testing"
	"time"

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

// Late packets keep their places while others are taken out and put in before them.
func TestNumbersOfLatePackets(t *testing.T) {
	var n numbers
	packet := func(seq uint16) []byte {
		b := make([]byte, rtp.HeaderSize)
		rtp.Header{SequenceNumber: seq, SSRC: 1}.Put(b)
		return b
	}
	pass := func(seq uint16) uint16 {
		b := packet(seq)
		n.pass(b, 0)
		return rtp.SequenceNumber(b)
	}
	check := func(what string, got, want uint16) {
		t.Helper()
		if got != want {
			t.Errorf("%s leaves as %d, want %d", what, got, want)
		}
	}
	check("65534", pass(65534), 65534)
	n.drop(packet(0)) // 65535 is late
	n.drop(packet(1))
	check("2", pass(2), 0)
	check("65535", pass(65535), 65535)
	check("put in", n.insert(), 1)
	check("put in", n.insert(), 2)
	check("3", pass(3), 3)
	check("4", pass(4), 4)
	n.drop(packet(6))
	check("5", pass(5), 5)
	check("7", pass(7), 6)
	check("after a jump", pass(30000), 29999)
	check("the next", pass(30001), 30000)
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
