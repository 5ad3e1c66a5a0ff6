package mixer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

func TestListenersShareOneEncoder(t *testing.T) {
	const ticks = 100
	c := room(100)
	join(t, c, "talker", noise(1, ticks*160, 5000), 0)
	for i := range 90 {
		format, pt := pcmu, uint8(0)
		if i%3 == 0 {
			format, pt = pcma, 8
		}
		joinAs(t, c, ParticipantConfig{ID: "listener", Send: format, SendPayloadType: pt, Deaf: i%10 == 0}, nil, 0)
	}
	run(c, 2) // one with the fade-in, each by itself
	before := c.Stats().Encodes
	run(c, ticks-2)
	// The talker; the mix in two laws, silence in two laws.
	if got := c.Stats().Encodes - before; got != 5*(ticks-2) {
		t.Errorf("%d packets encoded in %d ticks, want 5 a tick", got, ticks-2)
	}
}

func TestTalkerTurnsListenerAndBackWithoutASeam(t *testing.T) {
	// Bursts of talk that begin and end at different ticks; whoever is silent shares the mix. A codec
	// that sends differences turns any seam into an offset that stays.
	const ticks = 400
	for _, ptime := range []int{10, 20, 30, 60} {
		set := codecs.Builtin().With(differenceCodec)
		c := NewConference(ConferenceConfig{Members: 8, Set: set})
		r := rand.New(rand.NewPCG(uint64(ptime), 1))
		var said [][]int16
		var parties []*party
		for i := range 8 {
			pcm := make([]int16, ticks*160)
			for at := 0; at < ticks; {
				pause, burst := r.IntN(30), 1+r.IntN(12)
				for k := range burst * 160 {
					if s := (at+pause)*160 + k; s < len(pcm) {
						pcm[s] = int16(r.IntN(6001) - 3000)
					}
				}
				at += pause + burst
			}
			said = append(said, pcm)
			p := &party{}
			var err error
			p.Participant, err = c.Add(ParticipantConfig{ID: string(rune('a' + i)), Send: differenceCodec.Format, SendPayloadType: 98,
				Ptime: time.Duration(ptime) * time.Millisecond, Voice: &bursts{pcm: pcm}, Output: &p.recorder})
			if err != nil {
				t.Fatal(err)
			}
			parties = append(parties, p)
		}
		run(c, ticks)
		for i, p := range parties {
			var heard []int16
			d, buf := differenceCodec.NewDecoder(), make([]int16, 480)
			for _, packet := range p.packets {
				n, _ := d.Decode(buf, rtp.Payload(packet))
				heard = append(heard, buf[:n]...)
			}
			expect(t, p.ID(), heard, sumOf(len(heard), except(said, i)...), faded)
		}
		alone := uint64(ticks * 20 / ptime * 8)
		if got := c.Stats().Encodes; got > alone*8/10 {
			t.Errorf("ptime %d: %d packets encoded, %d without sharing", ptime, got, alone)
		}
	}
}

// bursts is a Voice that is active where its samples are not all zero.
type bursts struct {
	pcm []int16
	at  int
}

func (b *bursts) ReceiveRTP([]byte, int64) {}
func (b *bursts) Pull(_ int64, dst []int16) bool {
	copy(dst, b.pcm[b.at:])
	b.at += len(dst)
	return slices.ContainsFunc(dst, func(v int16) bool { return v != 0 })
}

// differenceCodec sends 16-bit differences, modulo 2^16: lossless, and with a memory that never fades.
var differenceCodec = codecs.Codec{
	Format: codecs.Format{Name: "X-DIFFERENCE", ClockRate: 8000}, PayloadType: codecs.Dynamic, SampleRate: 8000,
	NewEncoder: func() codecs.Encoder { return &difference{} },
	NewDecoder: func() codecs.Decoder { return &difference{} },
	Duration:   func(p []byte) int { return len(p) / 2 }, EncodedLen: func(n int) int { return 2 * n },
}

type difference struct{ last int16 }

func (d *difference) Encode(dst []byte, pcm []int16) int {
	for i, v := range pcm {
		x := v - d.last
		dst[2*i], dst[2*i+1] = byte(uint16(x)>>8), byte(x)
		d.last = v
	}
	return 2 * len(pcm)
}

func (d *difference) Decode(dst []int16, p []byte) (int, error) {
	for i := range len(p) / 2 {
		d.last += int16(uint16(p[2*i])<<8 | uint16(p[2*i+1]))
		dst[i] = d.last
	}
	return len(p) / 2, nil
}

func (d *difference) CopyState(from codecs.Encoder)    { *d = *from.(*difference) }
func (d *difference) SameState(as codecs.Encoder) bool { return *d == *as.(*difference) }

func TestEncoderWithoutACopyableStateIsNeverShared(t *testing.T) {
	opaque := differenceCodec
	opaque.Name = "X-OPAQUE"
	opaque.NewEncoder = func() codecs.Encoder { return struct{ codecs.Encoder }{&difference{}} }
	const ticks = 20
	c := NewConference(ConferenceConfig{Set: codecs.Builtin().With(opaque)})
	for range 3 {
		joinAs(t, c, ParticipantConfig{Send: opaque.Format}, nil, 0)
	}
	run(c, ticks)
	if got := c.Stats().Encodes; got != 3*ticks {
		t.Errorf("%d packets encoded, want %d", got, 3*ticks)
	}
}
