package mixer

import (
	"math"
	"slices"
	"testing"

	"sidetone/relay/rtp"
)

func TestHoldTakesThePartyAndItsMusicOut(t *testing.T) {
	const ticks, held, resumed = 60, 20, 40
	c := room(0)
	a, b := noise(1, ticks*160, 5000), noise(2, ticks*160, 5000)
	pa, pb := join(t, c, "a", a, 0), join(t, c, "b", b, 0)
	run(c, held)
	pb.SetHeld(true)
	run(c, resumed-held)
	if !pb.Held() || pb.Level() != -127 {
		t.Errorf("held %v at %.0f dBov", pb.Held(), pb.Level())
	}
	if n := len(pb.packets); n != held {
		t.Errorf("the holder was sent %d packets, want %d", n, held)
	}
	pb.SetHeld(false)
	run(c, ticks-resumed)

	heard := slices.Clone(b)
	scale(heard[held*160-gains8000:][:160], span{unityGain, 0})
	clear(heard[(held+1)*160-gains8000 : resumed*160-gains8000])
	scale(heard[resumed*160-gains8000:][:160], span{0, unityGain})
	expect(t, "a", pa.samples(t, l16, 97), sumOf(ticks*160, heard), faded)

	// The holder's stream: sequence numbers without a gap, timestamps with one, a marker behind it.
	last, next := rtp.ReadHeader(pb.packets[held-1]), rtp.ReadHeader(pb.packets[held])
	if next.SequenceNumber != last.SequenceNumber+1 || next.SSRC != last.SSRC || !next.Marker ||
		next.Timestamp-last.Timestamp != uint32(resumed-held+1)*160 {
		t.Errorf("%+v after %+v", next, last)
	}
	pb.packets = pb.packets[held:]
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, a)[resumed*160:], faded)
}

func TestMutedIsNotHeardAndHears(t *testing.T) {
	const ticks, muted, heardAgain = 60, 20, 40
	c := room(0)
	a, b := noise(1, ticks*160, 5000), noise(2, ticks*160, 5000)
	pa, pb := join(t, c, "a", a, 0), join(t, c, "b", b, 0)
	run(c, muted)
	pb.SetMuted(true)
	run(c, heardAgain-muted)
	if math.Abs(pb.Level()+21) > 1 {
		t.Errorf("a muted member's level is %.1f dBov", pb.Level())
	}
	pb.SetMuted(false)
	run(c, ticks-heardAgain)
	heard := slices.Clone(b)
	fade(heard, map[int]int32{muted: 0, heardAgain: unityGain})
	expect(t, "a", pa.samples(t, l16, 97), sumOf(ticks*160, heard), faded)
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, a), faded)
}

func TestDeafHearsSilenceAndIsHeard(t *testing.T) {
	const ticks, deaf, hearing = 60, 20, 40
	c := room(0)
	a, b := noise(1, ticks*160, 5000), noise(2, ticks*160, 5000)
	pa, pb := join(t, c, "a", a, 0), join(t, c, "b", b, 0)
	run(c, deaf)
	pb.SetDeaf(true)
	run(c, hearing-deaf)
	pb.SetDeaf(false)
	run(c, ticks-hearing)
	expect(t, "a", pa.samples(t, l16, 97), sumOf(ticks*160, b), faded)
	heard := slices.Clone(a)
	fade(heard, map[int]int32{deaf: 0, hearing: unityGain})
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, heard), faded)
}

// scale is what a moving gain makes of a voice.
func scale(x []int16, gain span) {
	sum := make([]int32, len(x))
	addScaled(sum, x, gain, 1)
	for i, v := range sum {
		x[i] = int16(v)
	}
}

// fade is what a fader makes of a voice at 8 kHz that is set to goals at the given ticks.
func fade(x []int16, goals map[int]int32) {
	f := fixed(unityGain)
	for tick := range len(x) / 160 {
		if goal, ok := goals[tick]; ok {
			f.set(goal)
		}
		scale(x[max(tick*160-gains8000, 0):][:160], f.move())
	}
}
