package mixer

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/pcm"
	"sidetone/relay/rtp"
)

// watch is an Output that listens for breaks in a sine, packet by packet.
type watch struct {
	c, amplitude float64
	a, b         int16 // the last two samples
	samples      int
	breaks       int
	worst        float64
	silent       int // frames that are not at the level
	skip         int // samples until it begins
}

func (w *watch) WriteRTP(p []byte) {
	x := make([]int16, 960)
	n, _ := pcm.L16{}.Decode(x, rtp.Payload(p))
	var sum float64
	for _, v := range x[:n] {
		if w.samples++; w.samples > w.skip {
			if e := math.Abs(float64(v) - w.c*float64(w.b) + float64(w.a)); e > 0.05*w.amplitude {
				w.breaks++
				w.worst = max(w.worst, e/w.amplitude)
			}
			sum += float64(v) * float64(v)
		}
		w.a, w.b = w.b, v
	}
	if w.samples-n > w.skip && math.Abs(10*math.Log10(sum/float64(n)/w.amplitude/w.amplitude*2+1e-9)) > 0.2 {
		w.silent++
	}
}

// An hour of a tone through jitter buffer and room while the network jitters, the sender's clock is off, ticks come late and are
// caught up, and others come, go and are silent: not one discontinuity for a narrowband and a wideband listener.
func TestAnHourOfATone(t *testing.T) {
	length := time.Hour
	if raceEnabled { // which makes it a hundred times as slow
		length = time.Minute
	}
	amplitude := 32768 * math.Pow(10, -14.0/20)
	r := rand.New(rand.NewPCG(7, 9))
	c := NewConference(ConferenceConfig{Members: 8, Set: codecs.Extended()})
	add := func(config ParticipantConfig) *Participant {
		t.Helper()
		p, err := c.Add(config)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	talker := add(ParticipantConfig{Receive: map[uint8]codecs.Format{97: l16}, Send: l16, Output: &counter{}})
	w := &watch{c: 2 * math.Cos(2*math.Pi*1000/8000), amplitude: amplitude, skip: 4 * 8000}
	ww := &watch{c: 2 * math.Cos(2*math.Pi*1000/16000), amplitude: amplitude, skip: 4 * 16000}
	add(ParticipantConfig{Send: l16, Voice: silentVoice{}, Output: w})
	add(ParticipantConfig{Send: l16wide, Voice: silentVoice{}, Output: ww})

	const frame, ms = int64(20 * time.Millisecond), int64(time.Millisecond)
	ticks, sent, sample := int64(length)/frame, int64(0), 0
	packet, x := make([]byte, 12+320), make([]int16, 160)
	step, phase := 2*math.Pi*1000/8000, 0.0
	arrival := func(n int64) int64 { // 40 ppm slow, up to 12 ms late
		return n*frame + n*frame*40/1_000_000 + r.Int64N(12*ms)
	}
	next, now := arrival(1), int64(0)
	var guest *Participant
	for tick := int64(1); tick <= ticks; tick++ {
		due := tick*frame + 7*ms
		if now <= due { // else caught up
			now = due + r.Int64N(4*ms)
			if r.IntN(400) == 0 {
				now += r.Int64N(70 * ms) // the shard was held up
			}
		}
		for ; next <= now; next = arrival(sent + 1) {
			for i := range x {
				x[i] = int16(math.Round(amplitude * math.Sin(phase)))
				phase += step
			}
			phase = math.Mod(phase, 2*math.Pi)
			rtp.Header{PayloadType: 97, SequenceNumber: uint16(sent), Timestamp: uint32(sample)}.Put(packet)
			pcm.L16{}.Encode(packet[12:], x)
			talker.ReceiveRTP(packet, next)
			sent, sample = sent+1, sample+160
		}
		switch {
		case guest == nil && tick%500 == 250:
			guest = add(ParticipantConfig{Send: []codecs.Format{pcmu, g722}[tick/500%2], Voice: silentVoice{}, Output: &counter{}})
		case guest != nil && tick%500 == 0:
			c.Remove(guest)
			guest = nil
		}
		c.Tick(now)
	}
	for name, w := range map[string]*watch{"narrowband": w, "wideband": ww} {
		if w.breaks > 0 || w.silent > 0 {
			t.Errorf("%s: %d discontinuities, the worst %.2f of the amplitude, %d frames not at the level", name, w.breaks, w.worst, w.silent)
		}
	}
	t.Logf("%v, %d packets; %+v", length, sent, talker.Received())
	if s := talker.Received(); s.Jitter.Played < uint64(sent)*99/100 {
		t.Errorf("%+v", s)
	}
}
