package mixer

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/mixer/receive"
	"sidetone/relay/rtp"
)

var _ Voice = (*receive.Stream)(nil)

// script is a Voice that says what it is given, then nothing. Packets are not for it.
type script struct {
	pcm  []int16
	from int // ticks of silence before
	tick int
}

func (s *script) ReceiveRTP([]byte, int64) {}

func (s *script) Pull(_ int64, dst []int16) bool {
	at := (s.tick - s.from) * len(dst)
	s.tick++
	if at < 0 || at+len(dst) > len(s.pcm) {
		clear(dst)
		return false
	}
	copy(dst, s.pcm[at:])
	return true
}

const (
	lag8000   = (lookAheadMilliseconds + 2*int(conversion/time.Millisecond)) * 8 // samples that the output lags the voice by
	gains8000 = int(conversion/time.Millisecond) * 8                             // and its gains lag the voice by
	faded     = 160 + lag8000                                                    // samples until a new member's fade-in is over
)

func noise(seed uint64, n int, amplitude int) []int16 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]int16, n)
	for i := range x {
		x[i] = int16(r.IntN(2*amplitude+1) - amplitude)
	}
	return x
}

// party is a member with what it says and what it is sent.
type party struct {
	*Participant
	script
	recorder
}

func join(t testing.TB, c *Conference, id string, pcm []int16, from int) *party {
	t.Helper()
	return joinAs(t, c, ParticipantConfig{ID: id, Send: l16, SendPayloadType: 97}, pcm, from)
}

func joinAs(t testing.TB, c *Conference, config ParticipantConfig, pcm []int16, from int) *party {
	t.Helper()
	p := &party{script: script{pcm: pcm, from: from}}
	config.Voice, config.Output = &p.script, &p.recorder
	var err error
	if p.Participant, err = c.Add(config); err != nil {
		t.Fatal(err)
	}
	return p
}

// ReceiveRTP tells apart the two that party embeds.
func (p *party) ReceiveRTP(b []byte, now int64) { p.Participant.ReceiveRTP(b, now) }

var builtin = codecs.Builtin()

func room(members int) *Conference {
	return NewConference(ConferenceConfig{Members: members, Set: builtin})
}

func run(c *Conference, ticks int) {
	for range ticks {
		c.Tick(0)
	}
}

// sumOf adds up what the voices said, shifted as the limiter shifts it.
func sumOf(n int, voices ...[]int16) []int32 {
	x := make([]int32, n)
	for _, v := range voices {
		for i := 0; i+lag8000 < n && i < len(v); i++ {
			x[i+lag8000] += int32(v[i])
		}
	}
	return x
}

// expect compares what was heard, from sample `from` on, with the exact mix.
func expect(t *testing.T, who string, heard []int16, want []int32, from int) {
	t.Helper()
	for i := from; i < len(heard); i++ {
		if int32(heard[i]) != want[i] {
			t.Fatalf("%s hears %d at sample %d, want %d", who, heard[i], i, want[i])
		}
	}
}

func except[T any](all []T, i int) []T { return slices.Delete(slices.Clone(all), i, i+1) }

func TestEveryoneHearsExactlyTheOthers(t *testing.T) {
	const ticks = 50
	c := room(0)
	var said [][]int16
	var parties []*party
	for i := range 5 {
		said = append(said, noise(uint64(i), ticks*160, 8000))
		parties = append(parties, join(t, c, string(rune('a'+i)), said[i], 0))
	}
	run(c, ticks)
	for i, p := range parties {
		heard := p.samples(t, l16, 97)
		if len(heard) != ticks*160 {
			t.Fatalf("%d samples", len(heard))
		}
		expect(t, p.ID(), heard, sumOf(len(heard), except(said, i)...), faded)
	}
}

// dBov of one frequency, over whole periods.
func levelOf(x []int16, rate int, f float64) float64 {
	var re, im float64
	for i, v := range x {
		a := 2 * math.Pi * f * float64(i) / float64(rate)
		re += float64(v) * math.Cos(a)
		im += float64(v) * math.Sin(a)
	}
	return 20 * math.Log10(math.Sqrt2*math.Hypot(re, im)/float64(len(x))/32768+1e-12)
}

func TestOwnVoiceIsNotHeard(t *testing.T) {
	for _, c := range []struct {
		level    float64
		own      float64 // dB that the own voice must be below the others', at least
		accuracy float64 // of the others' level, dB
	}{
		{-20, 90, 0.01},
		{-12, 35, 4}, // the limiter works; what is at the own frequency then is what it makes of the others
	} {
		const ticks = 100
		room := room(0)
		frequencies := []float64{400, 550, 700, 850, 1000}
		var parties []*party
		for i, f := range frequencies {
			parties = append(parties, join(t, room, string(rune('a'+i)), sine(8000, ticks*160, c.level, f), 0))
		}
		run(room, ticks)
		for i, p := range parties {
			heard := p.samples(t, l16, 97)[8000:]
			for j, f := range frequencies {
				got := levelOf(heard, 8000, f)
				if i == j && got > c.level-c.own {
					t.Errorf("at %g dBov: own voice at %.1f dBov", c.level, got)
				}
				if i != j && math.Abs(got-c.level) > c.accuracy {
					t.Errorf("at %g dBov: %g Hz at %.2f dBov", c.level, f, got)
				}
			}
		}
	}
}

func TestComingAndGoingIsNoGlitchForTheOthers(t *testing.T) {
	const ticks, comes, goes = 60, 20, 40
	c := room(4)
	a, b := noise(1, ticks*160, 5000), noise(2, ticks*160, 5000)
	guest := noise(3, ticks*160, 5000)
	pa, pb := join(t, c, "a", a, 0), join(t, c, "b", b, 0)
	pl := join(t, c, "listener", nil, 0)
	run(c, comes)
	pg := join(t, c, "guest", guest, 0)
	if _, err := c.Add(ParticipantConfig{ID: "one too many", Send: l16, Output: &recorder{}}); !errors.Is(err, ErrFull) {
		t.Fatalf("error %v, want ErrFull", err)
	}
	if _, err := c.Add(ParticipantConfig{ID: "one too many", Send: l16, Output: &recorder{}}); err == nil {
		t.Fatal("no error")
	}
	run(c, goes-comes)
	c.Remove(pg.Participant)
	c.Remove(pg.Participant)
	run(c, ticks-goes)

	// What the guest said while it was there, fading out in the tick after it went.
	heard := slices.Concat(make([]int16, comes*160), guest[:(goes-comes+1)*160-gains8000])
	scale(heard[comes*160-gains8000:][:160], span{0, unityGain})
	scale(heard[goes*160-gains8000:][:160], span{unityGain, 0})
	expect(t, "a", pa.samples(t, l16, 97), sumOf(ticks*160, b, heard), faded)
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, a, heard), faded)
	expect(t, "listener", pl.samples(t, l16, 97), sumOf(ticks*160, a, b, heard), faded)
	if n := len(pg.packets); n != goes-comes {
		t.Errorf("the guest was sent %d packets, want %d", n, goes-comes)
	}
	expect(t, "guest", pg.samples(t, l16, 97), sumOf(ticks*160, a, b)[comes*160:], faded)
	if c.Len() != 3 || len(c.Participants()) != 3 {
		t.Errorf("%d members", c.Len())
	}
}

func TestAddErrorsChangeNothing(t *testing.T) {
	c := room(2)
	for _, config := range []ParticipantConfig{
		{ID: "x", Send: codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2}},
		{ID: "x", Send: codecs.Format{Name: "telephone-event", ClockRate: 8000}},
		{ID: "x", Send: pcmu, Ptime: 15 * time.Millisecond},
	} {
		if _, err := c.Add(config); !errors.Is(err, ErrFormat) && !errors.Is(err, ErrPtime) {
			t.Errorf("%v: error %v", config.Send, err)
		}
	}
	if c.Len() != 0 {
		t.Errorf("%d members", c.Len())
	}
}

func TestMembersAreLimited(t *testing.T) {
	for _, m := range []struct{ config, want int }{{0, 5}, {1, 1}, {256, 256}, {1000, 256}} {
		c := room(m.config)
		for i := range m.want {
			join(t, c, "m", noise(uint64(i), 160, 10), 0)
		}
		if _, err := c.Add(ParticipantConfig{Send: l16}); !errors.Is(err, ErrFull) {
			t.Errorf("%d members: error %v", m.config, err)
		}
		run(c, 2)
		c.Remove(c.Participants()[0])
		join(t, c, "next", nil, 0)
	}
}

func TestSendFormatCanChange(t *testing.T) {
	const ticks = 60
	c := room(0)
	a := noise(1, ticks*160, 5000)
	join(t, c, "a", a, 0)
	pb := join(t, c, "b", nil, 0)
	run(c, 10)
	if err := pb.SetSend(codecs.Format{Name: "G729", ClockRate: 8000}, 18, 0); !errors.Is(err, ErrFormat) {
		t.Errorf("error %v", err)
	}
	run(c, 10)
	expect(t, "b", pb.samples(t, l16, 97), sumOf(20*160, a), faded)
	ssrc := pb.Sent().SSRC
	pb.packets = pb.packets[19:]
	if err := pb.SetSend(l16, 99, 30*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	run(c, 40)
	before := rtp.ReadHeader(pb.packets[0])
	pb.packets = pb.packets[1:]
	next := rtp.ReadHeader(pb.packets[0])
	// Packets of 30 ms begin at multiples of 30 ms: the first after 400 ms at 420.
	if next.SequenceNumber != before.SequenceNumber+1 || next.Timestamp != before.Timestamp+2*160 || next.SSRC != ssrc {
		t.Errorf("%+v after %+v", next, before)
	}
	rtp.SetMarker(pb.packets[0], true) // for samples, which expects one where it begins
	expect(t, "b", pb.samples(t, l16, 99), sumOf(ticks*160, a)[21*160:], 0)
}

func TestPartiesWithOneSSRCKeepApart(t *testing.T) {
	const ticks = 150
	c := NewConference(ConferenceConfig{Set: codecs.Builtin()})
	receive := map[uint8]codecs.Format{0: pcmu, 8: pcma}
	var parties []*party
	for i := range 3 {
		p := &party{}
		var err error
		if p.Participant, err = c.Add(ParticipantConfig{ID: string(rune('a' + i)), Receive: receive, Send: pcmu, Output: &p.recorder}); err != nil {
			t.Fatal(err)
		}
		parties = append(parties, p)
	}
	frequencies := []float64{500, 750, 1000}
	encoder := mustCodec(t, pcmu).NewEncoder()
	var voices [3][]int16
	for i, f := range frequencies {
		voices[i] = sine(8000, ticks*160, -20, f)
	}
	packet := make([]byte, 172)
	for tick := range ticks {
		now := int64(tick) * int64(20*time.Millisecond)
		for i := range parties {
			h := rtp.Header{PayloadType: 0, SequenceNumber: uint16(tick), Timestamp: uint32(tick * 160), SSRC: 0xcafe}
			h.Put(packet)
			encoder.Encode(packet[12:], voices[i][tick*160:][:160])
			parties[i].ReceiveRTP(packet, now)
		}
		c.Tick(now + int64(5*time.Millisecond))
	}
	for i, p := range parties {
		heard := p.samples(t, pcmu, 0)[8000:16000]
		for j, f := range frequencies {
			got := levelOf(heard, 8000, f)
			if i == j && got > -60 || i != j && math.Abs(got+20) > 0.5 {
				t.Errorf("%s hears %g Hz at %.1f dBov", p.ID(), f, got)
			}
		}
		if r := p.Received(); r.Concealed > 8000 {
			t.Errorf("%s: %+v", p.ID(), r)
		}
		delay, most, adaptive := p.Delay()
		speech, _ := p.Loudness()
		if delay < 10*time.Millisecond || delay > 80*time.Millisecond || most != 200*time.Millisecond || !adaptive || p.Discarded() != 0 || math.Abs(speech+20) > 0.5 {
			t.Errorf("%s: delay %v of %v, adaptive %v, %d discarded, %.1f dBov", p.ID(), delay, most, adaptive, p.Discarded(), speech)
		}
	}
}

func mustCodec(t testing.TB, f codecs.Format) codecs.Codec {
	c, ok := codecs.Extended().Find(f)
	if !ok {
		t.Fatalf("no %v", f)
	}
	return c
}

func TestSameCallsGiveTheSamePackets(t *testing.T) {
	var runs [2][][]byte
	for i := range runs {
		r := rand.New(rand.NewPCG(1, 2))
		c := NewConference(ConferenceConfig{Set: codecs.Builtin(), Random: r.Uint32})
		join(t, c, "a", talker(8000, 16000, -9, 1), 0)
		join(t, c, "b", talker(8000, 16000, -9, 2), 3)
		l := join(t, c, "c", talker(8000, 16000, -9, 3), 7)
		run(c, 100)
		runs[i] = l.packets
	}
	for i := range runs[0] {
		if !slices.Equal(runs[0][i], runs[1][i]) {
			t.Fatalf("packet %d differs", i)
		}
	}
}

// Members with packets of 10 to 60 ms in one room hear the same, those who come between two packets too.
func TestEveryPacketTimeInOneRoom(t *testing.T) {
	const ticks = 90
	c := room(14)
	said := noise(1, ticks*160, 9000)
	join(t, c, "talker", said, 0)
	var all []*party
	came := map[*party]int{}
	for tick := range 2 * 7 {
		if tick < 12 {
			p := joinAs(t, c, ParticipantConfig{ID: "listener", Send: l16, SendPayloadType: 97, Ptime: time.Duration(1+tick%6) * 10 * time.Millisecond}, nil, 0)
			all, came[p] = append(all, p), tick
		}
		c.Tick(0)
	}
	run(c, ticks-14)
	want := sumOf(ticks*160, said)
	for _, p := range all {
		heard := p.samples(t, l16, 97)
		if len(heard) < (ticks-came[p]-6)*160 {
			t.Errorf("%v: %d samples", p.encoding.ptime, len(heard))
		}
		// Packets of one ptime begin together, in step with the room.
		packet := int(p.encoding.ptime/time.Millisecond) * 8
		from := (came[p]*160 + packet - 1) / packet * packet
		for i, v := range heard {
			if at := from + i; i > faded && int32(v) != want[at] {
				t.Fatalf("%v from tick %d: sample %d is %d, want %d", p.encoding.ptime, came[p], i, v, want[at])
			}
		}
	}
}
