package mixer

import (
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// On a clean network the way from one mouth to another ear is a packet's length at the sender, the jitter buffer, the wait
// for the tick and the limiter's look-ahead; what the listener's phone adds is not ours.
func TestDelayMouthToEarOnACleanNetwork(t *testing.T) {
	const ticks, onset = 600, 500 // the talker is silent for ten seconds, then loud
	c := NewConference(ConferenceConfig{Set: codecs.Builtin()})
	receive := map[uint8]codecs.Format{0: pcmu}
	out := &recorder{}
	talker, err := c.Add(ParticipantConfig{Receive: receive, Send: pcmu, Output: &counter{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add(ParticipantConfig{Receive: receive, Send: pcmu, Output: out}); err != nil {
		t.Fatal(err)
	}
	encoder, packet, pcm := mustCodec(t, pcmu).NewEncoder(), make([]byte, 172), make([]int16, 160)
	const frame = int64(20 * time.Millisecond)
	jitter := []int64{0, 3, 1, 4, 2, 5, 0, 1} // ms
	for tick := range ticks {
		for i := range pcm {
			pcm[i] = int16((i%2*2 - 1) * 5)
			if tick >= onset {
				pcm[i] *= 2000
			}
		}
		// Captured from tick*frame on, sent when full, a few ms under way; the tick comes 7 ms after that at the latest.
		now := int64(tick+1)*frame + jitter[tick%len(jitter)]*int64(time.Millisecond)
		rtp.Header{SequenceNumber: uint16(tick), Timestamp: uint32(tick) * 160}.Put(packet)
		encoder.Encode(packet[12:], pcm)
		talker.ReceiveRTP(packet, now)
		c.Tick(int64(tick+1)*frame + 7*int64(time.Millisecond))
	}
	heard := out.samples(t, pcmu, 0)
	for i, v := range heard {
		if v > 5000 || v < -5000 {
			sent := int64(i/160+1)*frame + 7*int64(time.Millisecond) // when the tick sent that packet
			delay := time.Duration(sent + int64(i%160)*frame/160 - int64(onset)*frame)
			t.Logf("mouth to ear %v", delay)
			if delay > 90*time.Millisecond {
				t.Errorf("mouth to ear %v, want at most 90 ms", delay)
			}
			return
		}
	}
	t.Fatal("the onset was not heard")
}
