package mixer

import (
	"math/rand/v2"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// strict is an Output that sees whether an RTP stream runs on.
type strict struct {
	t         *testing.T
	what      string
	last      rtp.Header
	packets   int
	packet    uint32 // RTP time of one
	mayChange bool   // the format, with the next packet
}

func (s *strict) WriteRTP(p []byte) {
	h := rtp.ReadHeader(p)
	if s.packets > 0 && h.SequenceNumber != s.last.SequenceNumber+1 {
		s.t.Errorf("%s: packet %d after %d", s.what, h.SequenceNumber, s.last.SequenceNumber)
	}
	if took := h.Timestamp - s.last.Timestamp; s.packets > 0 && !s.mayChange && (took != s.packet && !h.Marker || int32(took) < int32(s.packet)) {
		s.t.Errorf("%s: timestamp %d later, a packet has %d", s.what, took, s.packet)
	}
	s.last, s.mayChange = h, false
	s.packets++
}

// Whatever is done to a room and in whatever order, it goes on, and so do the RTP streams of its members.
func TestControlsInAnyOrder(t *testing.T) {
	formats := []codecs.Format{pcmu, g722, l16, l16wide, {Name: "G726-24", ClockRate: 8000}}
	type member struct {
		*Participant
		out *strict
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := NewConference(ConferenceConfig{Members: 8, Talkers: 3, Set: codecs.Extended()})
		var all []member
		any := func() member { return all[r.IntN(len(all))] }
		send := func(s *strict) (f codecs.Format, ptime time.Duration) {
			f, ptime = formats[r.IntN(len(formats))], time.Duration(1+r.IntN(6))*10*time.Millisecond
			s.packet, s.mayChange = uint32(int64(ptime)*int64(f.ClockRate)/int64(time.Second)), true
			return f, ptime
		}
		for tick := range 600 {
			switch k := r.IntN(22); {
			case k < 3 || len(all) == 0:
				m := member{out: &strict{t: t, what: "of seed " + string(rune('A'+seed))}}
				f, ptime := send(m.out)
				said := &script{pcm: noise(uint64(tick), 160*300, 1+r.IntN(30000)), from: r.IntN(20)}
				var err error
				if m.Participant, err = c.Add(ParticipantConfig{Send: f, Ptime: ptime, Output: m.out, Voice: said}); err == nil {
					all = append(all, m)
				}
			case k < 5:
				i := r.IntN(len(all))
				c.Remove(all[i].Participant)
				all = append(all[:i], all[i+1:]...)
			case k < 8:
				p := any()
				p.SetHeld(!p.Held())
			case k < 9:
				any().SetMuted(r.IntN(2) == 0)
			case k < 10:
				any().SetDeaf(r.IntN(2) == 0)
			case k < 11:
				any().SetGain(float64(r.IntN(60) - 47))
			case k < 14:
				any().SetEdge(any().Participant, float64(r.IntN(60)-47))
			case k < 15:
				any().ClearEdge(any().Participant)
			case k < 17:
				a := Announcement{Source: NewClip(noise(1, r.IntN(5000), 9000)), Rate: []int{8000, 16000, 48000}[r.IntN(3)], Gain: -3}
				if r.IntN(2) == 0 {
					a.To = any().Participant
				}
				if p, err := c.Play(a); err == nil && r.IntN(4) == 0 {
					p.Stop()
				}
			case k < 18:
				p := any()
				f, ptime := send(p.out)
				if err := p.SetSend(f, uint8(96+tick%8), ptime); err != nil {
					t.Fatal(err)
				}
			}
			c.Tick(int64(tick) * int64(20*time.Millisecond))
		}
	}
}
