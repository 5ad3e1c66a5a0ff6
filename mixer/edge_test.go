package mixer

import (
	"math"
	"slices"
	"testing"

	"sidetone/relay/rtp"
)

// steepest gives the fastest change of a steady tone's level, dB a millisecond, where it is above -45 dB of full gain.
func steepest(heard []int16, amplitude float64) (worst float64) {
	level := func(at int) float64 { // over 2 ms: two periods of 1 kHz
		var sum float64
		for _, v := range heard[at : at+16] {
			sum += float64(v) * float64(v)
		}
		return 10 * math.Log10(sum/8/amplitude/amplitude+1e-9)
	}
	for at := 0; at+24 <= len(heard); at += 8 {
		if a, b := level(at), level(at+8); min(a, b) > leastGain {
			worst = max(worst, math.Abs(a-b))
		}
	}
	return worst
}

// A coach is heard by one member alone, the one who is coached hears all, the customer hears the agent only.
func TestCoachWhispersToOne(t *testing.T) {
	const ticks = 60
	c := room(0)
	said := [][]int16{noise(1, ticks*160, 5000), noise(2, ticks*160, 5000), noise(3, ticks*160, 5000)}
	agent, customer := join(t, c, "agent", said[0], 0), join(t, c, "customer", said[1], 0)
	coach := joinAs(t, c, ParticipantConfig{ID: "coach", Send: l16, SendPayloadType: 97, Muted: true}, said[2], 0)
	agent.SetEdge(coach.Participant, 0)
	if g, ok := agent.Edge(coach.Participant); !ok || g != 1 {
		t.Errorf("gain %v, %v", g, ok)
	}
	run(c, ticks)
	const settled = 12 * 160 // the edge has come to its gain
	for _, p := range []struct {
		who   *party
		hears []int32
	}{
		{agent, sumOf(ticks*160, said[1], said[2])}, {customer, sumOf(ticks*160, said[0])}, {coach, sumOf(ticks*160, said[0], said[1])},
	} {
		expect(t, p.who.ID(), p.who.samples(t, l16, 97), p.hears, settled)
	}
}

// Barge and back: the coach is heard by all, the edge goes away, and whoever said nothing shares the common mix again.
func TestEdgeGoesBackToWhatAllHear(t *testing.T) {
	const ticks = 80
	c := room(8)
	said := noise(3, ticks*160, 5000)
	agent := join(t, c, "agent", nil, 0)
	for range 4 {
		join(t, c, "customer", nil, 0)
	}
	coach := joinAs(t, c, ParticipantConfig{ID: "coach", Send: l16, SendPayloadType: 97, Muted: true}, said, 0)
	agent.SetEdge(coach.Participant, 6)
	run(c, 30)
	if agent.shared != nil {
		t.Error("who hears a whisper shares the common mix")
	}
	coach.SetMuted(false)
	agent.ClearEdge(coach.Participant)
	run(c, 30)
	if len(agent.edges) != 0 || agent.shared == nil {
		t.Errorf("%d edges, shared %v", len(agent.edges), agent.shared)
	}
	before := c.Stats().Encodes
	run(c, 20)
	if got := c.Stats().Encodes - before; got != 2*20 { // the coach's mix and everybody else's
		t.Errorf("%d packets encoded in 20 ticks", got)
	}
	expect(t, "agent", agent.samples(t, l16, 97), sumOf(ticks*160, said), 50*160)
}

func TestEdgesAreExactAtAnyGain(t *testing.T) {
	const ticks = 60
	c := room(0)
	a, b, d := noise(1, ticks*160, 3000), noise(2, ticks*160, 3000), noise(3, ticks*160, 3000)
	pa := join(t, c, "a", a, 0)
	pb, pd := join(t, c, "b", b, 0), join(t, c, "d", d, 0)
	pa.SetEdge(pb.Participant, -6)
	pb.SetGain(3)
	pd.SetEdge(pa.Participant, -90) // silence
	run(c, ticks)
	quieter, louder := slices.Clone(b), slices.Clone(b)
	scale(quieter, span{gainOf(-6), gainOf(-6)})
	scale(louder, span{gainOf(3), gainOf(3)})
	expect(t, "a", pa.samples(t, l16, 97), sumOf(ticks*160, quieter, d), 12*160)
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, a, d), 12*160)
	expect(t, "d", pd.samples(t, l16, 97), sumOf(ticks*160, louder), 12*160)
}

func TestEdgeEndsWithTheOther(t *testing.T) {
	c := room(0)
	a, b := join(t, c, "a", nil, 0), join(t, c, "b", noise(1, 16000, 9), 0)
	a.SetEdge(b.Participant, 3)
	run(c, 10)
	c.Remove(b.Participant)
	run(c, 2)
	if len(a.edges) != 0 {
		t.Errorf("%d edges to nobody", len(a.edges))
	}
	a.SetEdge(b.Participant, 3) // it is gone
	if len(a.edges) != 0 {
		t.Error("an edge to one who left")
	}
}

// Who is on hold hears nothing of one who leaves meanwhile when it comes back, and a rate that has risen meanwhile does not matter.
func TestEdgeEndsWithTheOtherDuringHold(t *testing.T) {
	c := room(8)
	a, b := join(t, c, "a", nil, 0), join(t, c, "b", noise(1, 16000, 9000), 0)
	a.SetEdge(b.Participant, 3)
	run(c, 10)
	a.SetHeld(true)
	run(c, 2)
	c.Remove(b.Participant)
	for range 2 {
		joinAs(t, c, ParticipantConfig{ID: "wide", Send: l16wide, SendPayloadType: 97}, nil, 0)
	}
	run(c, 3)
	if len(a.edges) != 0 {
		t.Errorf("%d edges to nobody", len(a.edges))
	}
	before := len(a.packets)
	a.SetHeld(false)
	run(c, 10)
	for _, p := range a.packets[before:] {
		for i, v := range rtp.Payload(p) {
			if v != 0 {
				t.Fatalf("octet %d of what it hears in an empty room is %d", i, v)
			}
		}
	}
}

func TestNoGainStepsFasterThanHalfADecibelAMillisecond(t *testing.T) {
	amplitude := 32768 * math.Pow(10, -20.0/20) * math.Sqrt2
	for name, turn := range map[string]func(talker, listener *Participant, on bool){
		"mute":    func(a, _ *Participant, on bool) { a.SetMuted(on) },
		"deaf":    func(_, b *Participant, on bool) { b.SetDeaf(on) },
		"gain":    func(a, _ *Participant, on bool) { a.SetGain(map[bool]float64{true: -20, false: 12}[on]) },
		"whisper": func(a, b *Participant, on bool) { b.SetEdge(a, map[bool]float64{true: -90, false: 3}[on]) },
		"back": func(a, b *Participant, on bool) {
			if b.SetEdge(a, -90); !on {
				b.ClearEdge(a)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			const ticks = 160
			c := room(0)
			a, b := join(t, c, "talker", sine(8000, ticks*160, -20, 1000), 0), join(t, c, "listener", nil, 0)
			for tick := range ticks {
				if tick%30 == 10 {
					turn(a.Participant, b.Participant, tick%60 == 10)
				}
				c.Tick(0)
			}
			heard := b.samples(t, l16, 97)[3*160:]
			if worst := steepest(heard, amplitude); worst > 0.5 {
				t.Errorf("%.2f dB a millisecond", worst)
			}
			quiet, loud := math.Inf(1), math.Inf(-1)
			for at := 0; at+160 <= len(heard); at += 160 {
				l := levelOf(heard[at:at+160], 8000, 1000)
				quiet, loud = min(quiet, l), max(loud, l)
			}
			if loud-quiet < 19.9 {
				t.Errorf("from %.1f to %.1f dBov only: nothing was turned", quiet, loud)
			}
		})
	}
}

func TestControlsNoAllocs(t *testing.T) {
	c := NewConference(ConferenceConfig{Members: 20, Talkers: 3, Set: room(0).config.Set})
	var all []*Participant
	for range 10 {
		p, err := c.Add(ParticipantConfig{Send: pcmu, Voice: &onOff{}, Output: &counter{}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	all[0].SetEdge(all[1], 3)
	all[2].SetEdge(all[3], -90)
	if _, err := c.Play(Announcement{Source: &sequence{}, To: all[4]}); err != nil {
		t.Fatal(err)
	}
	run(c, 3)
	tick := 0
	if n := testing.AllocsPerRun(100, func() {
		all[5].SetMuted(tick%7 == 0)
		if tick == 20 {
			all[0].ClearEdge(all[1])
		}
		c.Tick(0)
		tick++
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
