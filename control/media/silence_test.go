package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/dtmf"
	"sidetone/codecs/g711"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

// A phone with Opus is silent, and sends a packet every 400 ms as its DTX has it, or none any more: the phone with G.711 hears the background
// go on without a hole, in one stream without a gap, until the other is believed to be gone; and a key in between.
func TestPausesOfOpusAreHeard(t *testing.T) {
	const fmtp = "usedtx=1"
	set, codec := libraryOf(t, codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: fmtp})
	x := newExchange(t)
	x.cfg.Set, x.players.set = set, set
	speaker := x.handset(t, 4000, 0, "107\r\na=rtpmap:107 opus/48000/2\r\na=fmtp:107 "+fmtp+"\r\n")
	listener := x.handset(t, 4002, 0, pcmuAndEvents)
	if err := Connect(speaker.leg, listener.leg, Plan{To: listener.leg, AddDigits: true}, Plan{To: speaker.leg}); err != nil {
		t.Fatal(err)
	}
	listener.say(0, voice20)
	x.net.SetPath(udptest.Config{Seed: 3, Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond})
	e, pcm, payload := codec.NewEncoder(), make([]int16, 960), make([]byte, 1500)
	said, silent, sent, noise := 0, 0, 0, rand.New(rand.NewPCG(1, 2))
	frame := func(level float64) {
		for i := range pcm {
			pcm[i] = int16(level*math.Sin(2*math.Pi*440*float64(said)/48000) + 30*noise.NormFloat64())
			said++
		}
		n := e.Encode(payload, pcm)
		if silent++; n > 2 {
			silent = 0
		}
		if silent < 3 || silent%20 == 0 {
			speaker.packet(rtp.Header{PayloadType: 107, Timestamp: speaker.time}, payload[:n])
			sent++
		}
		speaker.time += 960
		x.net.Advance(20 * time.Millisecond)
	}
	var packets [][]byte
	for i := range 500 {
		level := 0.0
		if i < 50 || i >= 450 {
			level = 8000
		}
		frame(level)
		packets = append(packets, listener.heard()...)
	}
	if sent > 300 {
		t.Fatalf("%d packets are no DTX", sent)
	}
	if n := len(packets); n < 490 || n > 505 {
		t.Errorf("%d packets came in 10 s, of %d sent", n, sent)
	}
	inOrder(t, packets, 101)
	decoded, quiet := make([]int16, 160), 0
	for i, p := range packets[1:] {
		if step := rtp.TimestampDiff(rtp.Timestamp(p), rtp.Timestamp(packets[i])); step != 160 {
			t.Errorf("packet %d is %d after the one before", i+1, step)
		}
		if peak := 0; i > 100 && i < 440 {
			g711.MuLaw{}.Decode(decoded, rtp.Payload(p))
			for _, v := range decoded {
				peak = max(peak, int(v), -int(v))
			}
			if peak > 1000 {
				t.Errorf("packet %d is as loud as %d in the pause", i+1, peak)
			}
			if peak <= 8 {
				quiet++
			}
		}
	}
	if quiet > 34 {
		t.Errorf("%d packets of the pause are mute", quiet)
	}
	if err := listener.leg.SendDigit(dtmf.Press{Key: '4', Duration: 100 * time.Millisecond}, false); err != nil {
		t.Fatal(err)
	}
	for range 150 {
		frame(0)
		packets = append(packets, listener.heard()...)
	}
	if keys, _ := inOrder(t, packets, 101); keys != "4" {
		t.Errorf("heard %q", keys)
	}
	before := len(packets)
	x.net.Advance(3 * time.Second)
	packets = append(packets, listener.heard()...)
	if n := len(packets) - before; n > 55 {
		t.Errorf("%d packets of a phone that is gone", n)
	}
}
