package mixer

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
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
	lag8000 = lookAheadMilliseconds * 8 // samples that the output lags the mix by
	faded   = 160 + lag8000             // samples until a new member's fade-in is over
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

func room(members int) *Conference {
	return NewConference(ConferenceConfig{Members: members, Set: codecs.Builtin()})
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

func TestFiveLoudTalkersNeverReachTheRail(t *testing.T) {
	const ticks = 400
	c := room(6)
	var said [][]int16
	var parties []*party
	for i := range 5 {
		said = append(said, talker(8000, ticks*160, -12, uint64(i+1)))
		parties = append(parties, join(t, c, string(rune('a'+i)), said[i], 0))
	}
	listener := join(t, c, "listener", nil, 0)
	run(c, ticks)
	said = append(said, nil)
	for i, p := range append(parties, listener) {
		heard := p.samples(t, l16, 97)
		want := sumOf(len(heard), except(said, i)...)
		for k, v := range heard {
			if (v == math.MaxInt16 || v == math.MinInt16) && want[k] != int32(v) {
				t.Fatalf("%s: sample %d at the rail", p.ID(), k)
			}
		}
		ours := segmentalSNR(heard, want)
		clamped := segmentalSNR(arithmetic(want, func(v int32) int16 { return int16(max(math.MinInt16, min(math.MaxInt16, v))) }), want)
		wrapped := segmentalSNR(arithmetic(want, func(v int32) int16 { return int16(v) }), want)
		saturated := segmentalSNR(saturateThenSubtract(sumOf(len(heard), said...), said[i]), want)
		t.Logf("%-8s hears the others at %4.1f dB segmental SNR; clamped %4.1f, saturated before the own voice is taken out %4.1f, wrapped %4.1f",
			p.ID(), ours, clamped, saturated, wrapped)
		if ours < clamped || ours < saturated || ours < wrapped {
			t.Errorf("%s: %.1f dB is not the best", p.ID(), ours)
		}
	}
	if s := c.Stats(); s.LimitedSamples == 0 || s.BentSamples > s.LimitedSamples/1000 {
		t.Errorf("%+v", s)
	}
}

func arithmetic(mix []int32, to16 func(int32) int16) []int16 {
	out := make([]int16, len(mix))
	for i, v := range mix {
		out[i] = to16(v)
	}
	return out
}

func saturateThenSubtract(all []int32, own []int16) []int16 {
	out := make([]int16, len(all))
	for i, v := range all {
		v = max(math.MinInt16, min(math.MaxInt16, v))
		if i >= lag8000 && i-lag8000 < len(own) {
			v -= int32(own[i-lag8000])
		}
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, v)))
	}
	return out
}

// segmentalSNR compares 4 ms segments with the ideal mix at whatever gain fits each best: loudness may differ, the
// waveform may not. Silent segments do not count; each counts for 40 dB at most.
func segmentalSNR(heard []int16, want []int32) float64 {
	var sum float64
	n := 0
	const segment = 32
	for at := faded; at+segment <= len(heard); at += segment {
		var hw, ww, hh float64
		for i := at; i < at+segment; i++ {
			h, w := float64(heard[i]), float64(want[i])
			hw, ww, hh = hw+h*w, ww+w*w, hh+h*h
		}
		if ww < segment*1000*1000 || hh == 0 {
			continue
		}
		residue := math.Max(hh-hw*hw/ww, hh*1e-4)
		sum += 10 * math.Log10(math.Max(1e-3, hw*hw/ww/residue))
		n++
	}
	return sum / float64(n)
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
	heard := slices.Concat(make([]int16, comes*160), guest[:(goes-comes)*160])
	last := slices.Clone(guest[(goes-comes)*160:][:160])
	ramp(last, unityGain, 0)
	heard = append(heard, last...)
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
		{ID: "x", Send: codecs.Format{Name: "L16", ClockRate: 16000}},
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
	ramp(heard[held*160:][:160], unityGain, 0)
	clear(heard[(held+1)*160 : resumed*160])
	ramp(heard[resumed*160:][:160], 0, unityGain)
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
	ramp(heard[muted*160:][:160], unityGain, 0)
	clear(heard[(muted+1)*160 : heardAgain*160])
	ramp(heard[heardAgain*160:][:160], 0, unityGain)
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
	ramp(heard[deaf*160:][:160], unityGain, 0)
	clear(heard[(deaf+1)*160 : hearing*160])
	ramp(heard[hearing*160:][:160], 0, unityGain)
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, heard), faded)
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
	}
}

func mustCodec(t testing.TB, f codecs.Format) codecs.Codec {
	c, ok := codecs.Builtin().Find(f)
	if !ok {
		t.Fatalf("no %v", f)
	}
	return c
}

func TestTalkIsTold(t *testing.T) {
	const ticks = 200
	type event struct {
		tick    int
		id      string
		talking bool
	}
	var events []event
	tick := 0
	c := NewConference(ConferenceConfig{Set: codecs.Builtin(), OnTalk: func(p *Participant, talking bool) {
		if p.Talking() != talking {
			t.Errorf("%s: told %v, is %v", p.ID(), talking, p.Talking())
		}
		events = append(events, event{tick, p.ID(), talking})
	}})
	voice := noise(9, ticks*160, 30) // background at -66 dBov
	add := func(from, to int) {
		for i, v := range noise(1, (to-from)*160, 3000) {
			voice[from*160+i] = v
		}
	}
	add(50, 100)
	add(105, 110) // within the hangover
	add(160, 161) // a click
	join(t, c, "a", voice, 0)
	join(t, c, "b", nil, 0)
	for ; tick < ticks; tick++ {
		c.Tick(0)
	}
	want := []event{{52, "a", true}, {129, "a", false}}
	if !slices.Equal(events, want) {
		t.Errorf("%v, want %v", events, want)
	}
}

func TestSteadySoundStaysTalk(t *testing.T) {
	var d talkDetector
	x := energy(sine(8000, 160, -25, 1000))
	for tick := range 3000 {
		d.hear(x)
		if d.talking != (tick >= 2) {
			t.Fatalf("tick %d: talking %v", tick, d.talking)
		}
	}
	if got := d.dBov(); math.Abs(got+25) > 0.1 {
		t.Errorf("level %.2f dBov, want -25", got)
	}
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

// silentVoice is a Voice that never says anything.
type silentVoice struct{}

func (silentVoice) ReceiveRTP([]byte, int64) {}
func (silentVoice) Pull(_ int64, dst []int16) bool {
	clear(dst)
	return false
}

func TestIdleRoomsCostNothing(t *testing.T) {
	const rooms = 5000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := make([]*Conference, rooms)
	for i := range all {
		all[i] = room(0)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / rooms; each > 2048 {
		t.Errorf("%d bytes for an empty room", each)
	}
	if n := testing.AllocsPerRun(1, func() {
		for _, c := range all {
			c.Tick(0)
		}
	}); n != 0 {
		t.Errorf("%v allocations to tick them all", n)
	}
	for _, c := range all {
		if c.Stats().Ticks != 0 {
			t.Fatal("an empty room ticked")
		}
	}
}

// phones fills a room with members that send PCMU; feed gives each its next packet.
func phones(tb testing.TB, c *Conference, n int) (out *counter, feed func(tick int)) {
	out = &counter{}
	var parties []*Participant
	var speech [][]byte
	encoder := mustCodec(tb, pcmu).NewEncoder()
	for i := range n {
		p, err := c.Add(ParticipantConfig{Receive: map[uint8]codecs.Format{0: pcmu}, Send: pcmu, Output: out})
		if err != nil {
			tb.Fatal(err)
		}
		parties = append(parties, p)
		b := make([]byte, 64*160)
		encoder.Encode(b, talker(8000, len(b), -26, uint64(i)))
		speech = append(speech, b)
	}
	packet := make([]byte, 172)
	return out, func(tick int) {
		for i, p := range parties {
			rtp.Header{SequenceNumber: uint16(tick), Timestamp: uint32(tick) * 160, SSRC: uint32(i)}.Put(packet)
			copy(packet[12:], speech[i][tick%64*160:][:160])
			p.ReceiveRTP(packet, int64(tick)*int64(tick20))
		}
	}
}

const tick20 = 20 * time.Millisecond

func TestTickNoAllocs(t *testing.T) {
	c := room(20)
	out, feed := phones(t, c, 5)
	for i := range 12 { // who come and go between talk and silence; and a deaf one
		if _, err := c.Add(ParticipantConfig{Send: l16, Voice: &onOff{}, Output: out, Deaf: i == 0}); err != nil {
			t.Fatal(err)
		}
	}
	tick := 0
	step := func() {
		feed(tick)
		c.Tick(int64(tick) * int64(tick20))
		tick++
	}
	for range 10 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// onOff is a Voice that is heard in every other tick, and loud.
type onOff struct{ tick int }

func (o *onOff) ReceiveRTP([]byte, int64) {}
func (o *onOff) Pull(_ int64, dst []int16) bool {
	o.tick++
	for i := range dst {
		dst[i] = int16(20000 * (o.tick & 1))
	}
	return o.tick&1 == 1
}

func BenchmarkConferenceTick5(b *testing.B) {
	c := room(0)
	_, feed := phones(b, c, 5)
	tick := 0
	b.ReportAllocs()
	for b.Loop() {
		feed(tick)
		c.Tick(int64(tick) * int64(tick20))
		tick++
	}
}

// BenchmarkConferenceMix5 is BenchmarkConferenceTick5 without receiving.
func BenchmarkConferenceMix5(b *testing.B) {
	c := room(0)
	for i := range 5 {
		if _, err := c.Add(ParticipantConfig{Send: pcmu, Voice: &endless{talker(8000, 8000, -26, uint64(i)), 0}, Output: &counter{}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Tick(0)
	}
}

type endless struct {
	pcm []int16
	at  int
}

func (e *endless) ReceiveRTP([]byte, int64) {}
func (e *endless) Pull(_ int64, dst []int16) bool {
	e.at = (e.at + copy(dst, e.pcm[e.at:])) % len(e.pcm)
	return true
}

func BenchmarkConferenceTick256Listeners(b *testing.B) {
	c := room(256)
	for i := range 256 {
		var v Voice = silentVoice{}
		if i < 3 {
			v = &endless{talker(8000, 8000, -26, uint64(i)), 0}
		}
		if _, err := c.Add(ParticipantConfig{Send: pcmu, Voice: v, Output: &counter{}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Tick(0)
	}
}

func BenchmarkTick5000EmptyRooms(b *testing.B) {
	all := make([]*Conference, 5000)
	for i := range all {
		all[i] = room(0)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range all {
			c.Tick(0)
		}
	}
}
