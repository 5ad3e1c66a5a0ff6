package receive

import (
	"math"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/g711"
	"sidetone/codecs/pcm"
	"sidetone/jitter"
	"sidetone/relay/rtp"
)

func TestToneComesThroughAtItsLevel(t *testing.T) {
	s := New(Config{Set: codecs.Builtin(), Formats: map[uint8]codecs.Format{0: {Name: "PCMU", ClockRate: 8000}}, Jitter: jitter.Config{}})
	const tick = int64(20 * time.Millisecond)
	var packet [12 + 160]byte
	in, out := make([]int16, 160), make([]int16, 160)
	for i := range 3000 {
		for j := range in {
			in[j] = int16(10000 * math.Sin(2*math.Pi*1000/8000*float64(i*160+j)))
		}
		rtp.Header{PayloadType: 0, SequenceNumber: uint16(i), Timestamp: uint32(i * 160), SSRC: 7}.Put(packet[:])
		g711.MuLaw{}.Encode(packet[12:], in)
		s.ReceiveRTP(packet[:], int64(i)*tick)
		active := s.Pull(int64(i)*tick+tick/3, out)
		if i > 10 {
			if d := pcm.Level(out) - pcm.Level(in); !active || math.Abs(d) > 0.1 {
				t.Fatalf("tick %d: active %v, level off by %.2f dB", i, active, d)
			}
		}
	}
	t.Logf("%+v", s.Stats())
}
