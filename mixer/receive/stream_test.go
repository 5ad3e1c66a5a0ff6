package receive

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/pcm"
	"sidetone/jitter"
	"sidetone/relay/rtp"
)

func TestIdleStreamIsSilent(t *testing.T) {
	l := newListener(jitter.Config{})
	dst := []int16{1, 2, 3}
	if l.Pull(1, dst) || dst[0] != 0 || dst[2] != 0 {
		t.Errorf("an idle stream gave %v", dst)
	}
}

func TestSilenceAfterTheLastPacket(t *testing.T) {
	s := sender{signal: tone(1000, loud)}
	l := newListener(jitter.Config{}).hear(s.say(0, 2*time.Second), time.Second)
	// 60 ms of target, 60 ms of fading concealment, and the tick.
	for _, v := range l.between(2200*time.Millisecond, ever) {
		if v != 0 {
			t.Fatal("sound goes on after the last packet")
		}
	}
	if l.active[len(l.active)-1] {
		t.Error("still active")
	}
	if n, worst := breaks(l.between(200*time.Millisecond, ever), 1000, loud); n != 0 {
		t.Errorf("%d discontinuities in the fade, the worst %.2f", n, worst)
	}
}

func TestActiveSaysWhetherThereIsSound(t *testing.T) {
	s := sender{signal: tone(1000, loud)}
	d := append(s.say(time.Second, 2*time.Second), s.say(4*time.Second, 5*time.Second)...)
	l := newListener(jitter.Config{}).hear(d, time.Second)
	for i, active := range l.active {
		sound := false
		for _, v := range l.heard[i*160:][:160] {
			sound = sound || v != 0
		}
		if sound && !active {
			t.Fatalf("tick %d has sound and is not active", i)
		}
	}
	if l.active[20] || !l.active[80] || l.active[150] || !l.active[230] || l.active[len(l.active)-1] {
		t.Error("activity does not follow the talk spurts")
	}
}

// A sender with silence suppression: no packets and no gap in the numbers. The next talk spurt is
// heard whole and in time.
func TestSilenceSuppression(t *testing.T) {
	s := sender{signal: tone(500, loud)}
	d := s.say(0, 5*time.Second)
	for at := 6 * time.Second; at < 20*time.Second; at += 2 * time.Second {
		d = append(d, s.say(at, at+time.Second)...)
	}
	l := newListener(jitter.Config{}).hear(d, time.Second)
	if st := l.Stats(); st.Jitter.Lost != 0 || st.Jitter.Breaks != 0 || st.Jitter.Skipped != 0 {
		t.Errorf("%+v", st)
	}
	for at := 6 * time.Second; at < 20*time.Second; at += 2 * time.Second {
		// 20 ms to be sent, up to 50 ms here; 10 ms to fade in.
		spurt := l.between(at+80*time.Millisecond, at+1020*time.Millisecond)
		if g := gap(spurt, loud); g != 0 {
			t.Errorf("talk spurt at %v: gap of %v", at, g)
		}
		if n, worst := breaks(spurt, 500, loud); n != 0 {
			t.Errorf("talk spurt at %v: %d discontinuities, the worst %.2f", at, n, worst)
		}
		if pause := l.between(at+1200*time.Millisecond, at+1900*time.Millisecond); pcm.Level(pause) > pcm.Silent {
			t.Errorf("after the talk spurt at %v: %.1f dBov", at, pcm.Level(pause))
		}
	}
}

func TestComfortNoiseFillsTheSilence(t *testing.T) {
	s := sender{signal: tone(500, loud)}
	d := s.say(0, 2*time.Second)
	noise := func(at time.Duration, level byte) {
		p := make([]byte, 13)
		rtp.Header{PayloadType: 13, SequenceNumber: s.sequence, Timestamp: uint32(at / (125 * time.Microsecond))}.Put(p)
		p[12] = level
		s.sequence++
		d = append(d, datagram{at: int64(at + 20*time.Millisecond), p: p})
	}
	noise(2*time.Second, 50)
	noise(4*time.Second, 60)
	d = append(d, s.say(6*time.Second, 8*time.Second)...)
	l := newListener(jitter.Config{}).hear(d, 0)
	for _, tt := range []struct {
		from, to time.Duration
		level    float64
	}{{2500 * time.Millisecond, 3900 * time.Millisecond, -50}, {4500 * time.Millisecond, 5900 * time.Millisecond, -60}} {
		if got := pcm.Level(l.between(tt.from, tt.to)); math.Abs(got-tt.level) > 1 {
			t.Errorf("noise from %v: %.1f dBov, described as %.0f", tt.from, got, tt.level)
		}
	}
	if n, worst := breaks(l.between(200*time.Millisecond, 6*time.Second), 500, loud); n != 0 {
		t.Errorf("%d discontinuities, the worst %.2f", n, worst)
	}
	if g := gap(l.between(6100*time.Millisecond, ever), loud); g != 0 {
		t.Errorf("gap of %v in the talk spurt after the noise", g)
	}
	if st := l.Stats(); st.Jitter.Lost != 0 || st.Concealed > 160 {
		t.Errorf("%+v", st)
	}
}

// Opus sends nothing for 400 ms at a time while only a background is to be heard, and does not say so: it is heard on, without holes. What
// does not go on fades all the same.
func TestSilenceOfOpusHasNoHoles(t *testing.T) {
	c, err := ofLibrary(t, codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2}).Negotiate("usedtx=1")
	if err != nil {
		t.Fatal(err)
	}
	e, s := c.NewEncoder(), New(Config{Set: available(), SampleRate: 48000, Formats: map[uint8]codecs.Format{96: c.Format}})
	r, voice := rand.New(rand.NewPCG(1, 2)), tone(300, loud)
	in, out, p := make([]int16, 960), make([]int16, 960), make([]byte, 1500)
	sent, sequence := 0, uint16(0)
	for tick := range 450 {
		for i := range in {
			v := r.NormFloat64() * 30
			if tick < 50 {
				v += 32767 * voice(float64(tick*960+i)/48000)
			}
			in[i] = int16(v)
		}
		now := int64(tick) * 20 * millisecond
		if n := e.Encode(p[rtp.HeaderSize:], in); n > 2 && tick < 350 { // else it is not worth sending, as libopus has it
			rtp.Header{PayloadType: 96, SequenceNumber: sequence, Timestamp: uint32(tick * 960)}.Put(p)
			s.ReceiveRTP(p[:rtp.HeaderSize+n], now)
			sent, sequence = sent+1, sequence+1
		}
		s.Pull(now+5*millisecond, out)
		level := pcm.Level(out)
		if tick >= 60 && tick < 350 && math.Abs(level+61) > 6 {
			t.Errorf("%.1f dBov after %d ms, the background is at -61", level, 20*tick)
		}
		if tick >= 420 && level > pcm.Silent {
			t.Errorf("%.1f dBov %d ms after the last packet", level, 20*(tick-350))
		}
	}
	if sent > 200 {
		t.Errorf("%d packets sent: silence was not suppressed", sent)
	}
}

// A phone may change the length of its packets in mid-call: longer ones are waited for once, and nothing breaks.
func TestPacketTimeMayChangeInMidStream(t *testing.T) {
	for _, ptimes := range [][]time.Duration{{20, 60, 20}, {60, 10, 60}, {10, 30, 60}, {50, 20, 40}, {5, 20, 5}} {
		for phase := time.Duration(0); phase < 20*time.Millisecond; phase += 6 * time.Millisecond {
			s := sender{signal: tone(1000, loud)}
			var d []datagram
			for i, ptime := range ptimes {
				s.ptime = ptime * time.Millisecond
				d = append(d, s.say(time.Duration(i)*6*time.Second, time.Duration(i+1)*6*time.Second)...)
			}
			l := newListener(jitter.Config{})
			l.phase = phase
			heard := l.hear(d, 0).between(time.Second, ever)
			n, worst := breaks(heard, 1000, loud)
			if g, st := gap(heard, loud), l.Stats(); n > 0 || g > 0 || st.Concealed > 240 || st.Jitter.Delay > 48*time.Millisecond {
				t.Errorf("%v, phase %v: %d discontinuities, the worst %.2f, a gap of %v; %+v", ptimes, phase, n, worst, g, st)
			}
		}
	}
}

func TestTelephoneEventIsCountedAndSilent(t *testing.T) {
	s := sender{signal: tone(500, loud)}
	d := s.say(0, 2*time.Second)
	const start, length = 2 * time.Second, 200 * time.Millisecond
	for at := start; at < start+length; at += 20 * time.Millisecond {
		p := make([]byte, 16)
		rtp.Header{PayloadType: 101, SequenceNumber: s.sequence, Timestamp: uint32(start / (125 * time.Microsecond)), Marker: at == start}.Put(p)
		s.sequence++
		d = append(d, datagram{at: int64(at + 20*time.Millisecond), p: p})
	}
	d = append(d, s.say(start+length, 4*time.Second)...)
	l := newListener(jitter.Config{}).hear(d, 0)
	st := l.Stats()
	if st.Events != 10 || st.Jitter.Lost != 0 || st.Jitter.Breaks != 0 {
		t.Errorf("%+v", st)
	}
	if level := pcm.Level(l.between(start+90*time.Millisecond, start+length+30*time.Millisecond)); level > -60 {
		t.Errorf("%.1f dBov during the event", level)
	}
	if g := gap(l.between(start+length+80*time.Millisecond, ever), loud); g != 0 {
		t.Errorf("gap of %v after the event", g)
	}
}

func TestChangeOfSourceIsBridged(t *testing.T) {
	s := sender{signal: tone(1000, loud), ssrc: 1}
	d := s.say(0, 5*time.Second)
	s.ssrc, s.sequence, s.timestamp = 2, 40000, 3_000_000_000
	d = append(d, s.say(5*time.Second, 10*time.Second)...)
	l := newListener(jitter.Config{}).hear(d, 0)
	if g := gap(l.between(time.Second, ever), loud); g > 20*time.Millisecond {
		t.Errorf("gap of %v", g)
	}
	if n, worst := breaks(l.between(time.Second, ever), 1000, loud); n != 0 {
		t.Errorf("%d discontinuities, the worst %.2f", n, worst)
	}
	if st := l.Stats(); st.Jitter.Breaks != 1 || st.Jitter.Delay > 45*time.Millisecond {
		t.Errorf("%+v", st)
	}
}

func TestPayloadTypeMayChangeInMidStream(t *testing.T) {
	s := sender{signal: tone(1000, loud)}
	d := s.say(0, 2*time.Second)
	first := len(d)
	d = append(d, s.say(2*time.Second, 4*time.Second)...)
	toALaw, ok := codecs.Builtin().Transcoder(narrowband[0], narrowband[8])
	if !ok {
		t.Fatal("no transcoder")
	}
	for _, g := range d[first:] {
		rtp.SetPayloadType(g.p, 8)
		toALaw.Transform(g.p[12:], g.p[12:])
	}
	l := newListener(jitter.Config{}).hear(d, 0)
	if n, worst := breaks(l.between(200*time.Millisecond, ever), 1000, loud); n != 0 {
		t.Errorf("%d discontinuities, the worst %.2f", n, worst)
	}
}

func TestWhatCannotBeDecodedIsCountedAndIgnored(t *testing.T) {
	formats := map[uint8]codecs.Format{
		0: {Name: "PCMU", ClockRate: 8000}, 9: {Name: "G722", ClockRate: 8000},
		96: {Name: "L16", ClockRate: 44100}, 200: {Name: "PCMA", ClockRate: 8000},
	}
	s := New(Config{Set: codecs.Builtin(), Formats: formats})
	packet := func(pt uint8, n int) []byte {
		p := make([]byte, 12+n)
		rtp.Header{PayloadType: pt}.Put(p)
		return p
	}
	for _, p := range [][]byte{packet(9, 160), packet(96, 320), packet(8, 160), packet(127, 1)} {
		s.ReceiveRTP(p, 1)
	}
	for _, p := range [][]byte{nil, {0x80}, make([]byte, 12), packet(0, 0), packet(0, 961), append([]byte{0x40}, packet(0, 160)[1:]...)} {
		s.ReceiveRTP(p, 1)
	}
	if st := s.Stats(); st.UnknownPayloadType != 4 || st.Malformed != 6 || st.Jitter.Received != 0 {
		t.Errorf("%+v", st)
	}
	if s.Pull(int64(time.Second), make([]int16, 160)) {
		t.Error("active")
	}
}

func TestSetFormatsKeepsTheStreamGoing(t *testing.T) {
	s := sender{signal: tone(1000, loud)}
	l := newListener(jitter.Config{})
	d := s.say(0, 4*time.Second)
	for _, g := range d[100:] {
		rtp.SetPayloadType(g.p, 111)
	}
	renegotiated := map[uint8]codecs.Format{0: {Name: "pcmu", ClockRate: 8000}, 111: {Name: "PCMU", ClockRate: 8000}}
	l.late = func(tick int) time.Duration {
		if tick == 95 {
			l.SetFormats(renegotiated)
		}
		return 0
	}
	l.hear(d, 0)
	if n, worst := breaks(l.between(200*time.Millisecond, ever), 1000, loud); n != 0 || l.Stats().Concealed != 0 {
		t.Errorf("%d discontinuities, the worst %.2f; %+v", n, worst, l.Stats())
	}
	l.SetFormats(map[uint8]codecs.Format{8: {Name: "PCMA", ClockRate: 8000}})
	before := l.Stats().UnknownPayloadType
	if l.ReceiveRTP(d[0].p, 1); l.Stats().UnknownPayloadType != before+1 {
		t.Error("a payload type that was taken away is still known")
	}
}

func TestWidebandStream(t *testing.T) {
	s := New(Config{Set: codecs.Builtin(), SampleRate: 16000, Formats: map[uint8]codecs.Format{96: {Name: "L16", ClockRate: 16000}}})
	p, out := make([]byte, 12+640), make([]int16, 320)
	in := make([]int16, 320)
	var heard []int16
	for i := range 500 {
		for j := range in {
			in[j] = int16(10000 * math.Sin(2*math.Pi*1000/16000*float64(i*320+j)))
		}
		rtp.Header{PayloadType: 96, SequenceNumber: uint16(i), Timestamp: uint32(i * 320)}.Put(p)
		pcm.L16{}.Encode(p[12:], in)
		if i%50 != 49 {
			s.ReceiveRTP(p, int64(i)*20*millisecond)
		}
		s.Pull(int64(i)*20*millisecond+5*millisecond, out)
		heard = append(heard, out...)
	}
	c := 2 * math.Cos(2*math.Pi*1000/16000)
	for i := 16000; i < len(heard); i++ {
		if e := float64(heard[i]) - c*float64(heard[i-1]) + float64(heard[i-2]); math.Abs(e) > 1000 {
			t.Fatalf("broken at %d by %.0f", i, e)
		}
	}
	if st := s.Stats(); st.Concealed != 9*320 && st.Concealed != 10*320 {
		t.Errorf("%+v", st)
	}
}

func TestReceiveAndPullNoAllocs(t *testing.T) {
	s := sender{signal: tone(440, loud), ppm: 5000}
	d := jittered(lossy(s.say(0, 30*time.Second), 1, 0.1), 1, 80*time.Millisecond)
	l := New(Config{Set: codecs.Builtin(), Formats: narrowband})
	frame := make([]int16, 160)
	next, now := 0, int64(0)
	if n := testing.AllocsPerRun(1400, func() {
		for next < len(d) && d[next].at <= now {
			l.ReceiveRTP(d[next].p, d[next].at)
			next++
		}
		l.Pull(now, frame)
		now += 20 * millisecond
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if st := l.Stats(); st.Shortened == 0 || st.Concealed == 0 {
		t.Errorf("the trace did not exercise stretch and concealment: %+v", st)
	}
}

// FuzzStream feeds packets made of the input and pulls; nothing may panic, and what is not active is silent.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 0, 160, 20, 160, 0, 0, 2, 0, 1, 64, 20, 160, 13, 0, 3, 0, 2, 0, 20, 1}, uint64(1))
	f.Add([]byte{101, 0, 1, 0, 0, 160, 20, 4, 8, 0, 2, 9, 1, 64, 200, 255, 0x80, 0, 3, 0, 2, 0, 20, 80}, uint64(2))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		s := New(Config{Set: codecs.Builtin(), Formats: narrowband, Jitter: jitter.Config{Mode: jitter.Mode(seed & 1)}})
		r := rand.New(rand.NewPCG(seed, 1))
		packet := make([]byte, 1500)
		for i := range packet {
			packet[i] = byte(r.Uint32())
		}
		frame := make([]int16, 160)
		now := int64(1)
		for ; len(in) >= 8; in = in[8:] {
			rtp.Header{
				PayloadType: in[0] & 0x7F, Marker: in[0]&0x80 != 0, SequenceNumber: uint16(in[1])<<8 | uint16(in[2]),
				Timestamp: uint32(in[3])<<24 | uint32(in[4])<<8 | uint32(in[5]), SSRC: uint32(in[1] >> 7),
			}.Put(packet)
			if r.IntN(20) == 0 {
				packet[0] = byte(r.Uint32())
			}
			s.ReceiveRTP(packet[:min(12+int(in[7])*(1+int(in[1]&3)), len(packet))], now)
			for range 1 + in[6]>>5 {
				clear(frame)
				frame[7] = 1
				if !s.Pull(now, frame) && pcm.Level(frame) != pcm.Silent {
					t.Fatal("not active, and not silent")
				}
			}
			now += int64(in[6]) * millisecond
			if q := s.queue.len(); q > 8000 {
				t.Fatalf("%d samples queued", q)
			}
		}
	})
}

func BenchmarkReceiveAndPull(b *testing.B) {
	s := sender{signal: tone(440, loud)}
	d := s.say(0, 20*time.Second)
	l := New(Config{Set: codecs.Builtin(), Formats: narrowband})
	frame := make([]int16, 160)
	now, i := int64(0), 0
	b.ReportAllocs()
	for b.Loop() {
		p := d[i%len(d)].p
		rtp.SetSequenceNumber(p, uint16(i))
		rtp.SetTimestamp(p, uint32(i*160))
		l.ReceiveRTP(p, now)
		l.Pull(now, frame)
		now += 20 * millisecond
		i++
	}
}

func BenchmarkPullLost(b *testing.B) {
	s := sender{signal: tone(440, loud)}
	d := s.say(0, 20*time.Second)
	l := New(Config{Set: codecs.Builtin(), Formats: narrowband})
	frame := make([]int16, 160)
	now, i := int64(0), 0
	b.ReportAllocs()
	for b.Loop() {
		p := d[i%len(d)].p
		rtp.SetSequenceNumber(p, uint16(i))
		rtp.SetTimestamp(p, uint32(i*160))
		if i%3 != 0 {
			l.ReceiveRTP(p, now)
		}
		l.Pull(now, frame)
		now += 20 * millisecond
		i++
	}
}

func BenchmarkPullIdle(b *testing.B) {
	l := New(Config{Set: codecs.Builtin(), Formats: narrowband})
	frame := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		l.Pull(1, frame)
	}
}
