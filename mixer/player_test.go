package mixer

import (
	"errors"
	"slices"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/g711"
	"sidetone/relay/rtp"
)

var (
	pcmu = codecs.Format{Name: "PCMU", ClockRate: 8000}
	pcma = codecs.Format{Name: "PCMA", ClockRate: 8000}
	l16  = codecs.Format{Name: "L16", ClockRate: 8000}
)

// sequence is a Source whose every sample is its number.
type sequence struct{ next int16 }

func (s *sequence) Read(dst []int16) {
	for i := range dst {
		dst[i] = s.next
		s.next++
	}
}

// recorder is an Output that keeps every packet.
type recorder struct{ packets [][]byte }

func (r *recorder) WriteRTP(p []byte) { r.packets = append(r.packets, slices.Clone(p)) }

// samples decodes all packets, checking that their headers run on without a seam.
func (r *recorder) samples(t testing.TB, format codecs.Format, payloadType uint8) []int16 {
	t.Helper()
	return r.samplesOf(t, mustCodec(t, format), payloadType)
}

func (r *recorder) samplesOf(t testing.TB, codec codecs.Codec, payloadType uint8) []int16 {
	t.Helper()
	decoder := codec.NewDecoder()
	var out []int16
	buf := make([]int16, 6000)
	for i, p := range r.packets {
		if !rtp.Valid(p) {
			t.Fatalf("packet %d is not RTP", i)
		}
		h := rtp.ReadHeader(p)
		if i > 0 {
			before := rtp.ReadHeader(r.packets[i-1])
			elapsed := uint32(codec.Duration(rtp.Payload(r.packets[i-1])))
			if h.SequenceNumber != before.SequenceNumber+1 || h.SSRC != before.SSRC || h.Timestamp != before.Timestamp+elapsed {
				t.Fatalf("packet %d: %+v after %+v", i, h, before)
			}
		}
		if h.Marker != (i == 0) || h.PayloadType != payloadType {
			t.Fatalf("packet %d: %+v", i, h)
		}
		n, err := decoder.Decode(buf, rtp.Payload(p))
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		out = append(out, buf[:n]...)
	}
	return out
}

func TestPlayerPlaysTheSourceInEveryPtime(t *testing.T) {
	for _, ms := range []int{0, 10, 20, 30, 40, 50, 60} {
		p := NewPlayer(PlayerConfig{Source: &sequence{}, Set: codecs.Builtin()})
		var r recorder
		if _, err := p.Add(ListenerConfig{Send: l16, SendPayloadType: 97, Ptime: time.Duration(ms) * time.Millisecond, Output: &r}); err != nil {
			t.Fatal(err)
		}
		const ticks = 30
		for range ticks {
			p.Tick(0)
		}
		got := r.samples(t, l16, 97)
		if len(got) != ticks*160 {
			t.Fatalf("ptime %d: %d samples of %d", ms, len(got), ticks*160)
		}
		for i, v := range got {
			if v != int16(i) {
				t.Fatalf("ptime %d: sample %d is %d", ms, i, v)
			}
		}
		if want := max(1, ticks*20/max(ms, 20)); ms >= 20 && len(r.packets) != want {
			t.Errorf("ptime %d: %d packets, want %d", ms, len(r.packets), want)
		}
	}
}

func TestPlayerEncodesOncePerCodecForAllListeners(t *testing.T) {
	p := NewPlayer(PlayerConfig{Source: &sequence{}, Set: codecs.Builtin()})
	outputs := make([]recorder, 1000)
	for i := range outputs {
		c := ListenerConfig{Send: pcmu, SendPayloadType: 0, Output: &outputs[i]}
		if i%2 == 1 {
			c.Send, c.SendPayloadType = pcma, 8
		}
		if _, err := p.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	const ticks = 5
	for range ticks {
		p.Tick(0)
	}
	if s := p.Stats(); s.Encodes != 2*ticks || s.Listeners != 1000 || s.Played != ticks*tick {
		t.Errorf("%+v, want %d encodes", s, 2*ticks)
	}
	ssrcs := map[uint32]bool{}
	for i := range outputs {
		same := outputs[i%2].packets
		for j, packet := range outputs[i].packets {
			if !slices.Equal(packet[rtp.HeaderSize:], same[j][rtp.HeaderSize:]) {
				t.Fatalf("listener %d hears something else in packet %d", i, j)
			}
		}
		if len(outputs[i].packets) != ticks {
			t.Fatalf("listener %d: %d packets", i, len(outputs[i].packets))
		}
		ssrcs[rtp.SSRC(outputs[i].packets[0])] = true
	}
	if len(ssrcs) < 999 {
		t.Errorf("%d SSRCs for 1000 listeners", len(ssrcs))
	}
}

func TestPlayerListenerComesAndGoesWithoutAGlitchForOthers(t *testing.T) {
	p := NewPlayer(PlayerConfig{Source: &sequence{}, Set: codecs.Builtin()})
	var stays, goes, comes, last recorder
	add := func(r *recorder, ptime time.Duration) *Listener {
		l, err := p.Add(ListenerConfig{Send: l16, SendPayloadType: 97, Ptime: ptime, Output: r})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	g := add(&goes, 20*time.Millisecond)
	add(&stays, 20*time.Millisecond)
	p.Tick(0)
	add(&comes, 60*time.Millisecond) // begins a third into a 60 ms packet, and so with the next one
	p.Tick(0)
	p.Remove(g)
	p.Remove(g)
	p.Tick(0)
	p.Tick(0)
	add(&last, 30*time.Millisecond)
	for range 2 {
		p.Tick(0)
	}
	if got := stays.samples(t, l16, 97); len(got) != 960 || got[0] != 0 || got[959] != 959 {
		t.Errorf("the one who stayed heard %d samples", len(got))
	}
	if len(goes.packets) != 2 {
		t.Errorf("the one who went got %d packets", len(goes.packets))
	}
	if got := comes.samples(t, l16, 97); len(got) != 480 || got[0] != 480 || got[479] != 959 {
		t.Errorf("the one who came heard %d samples", len(got))
	}
	if got := last.samples(t, l16, 97); len(got) != 240 || got[0] != 720 || got[239] != 959 {
		t.Errorf("the last to come heard %d samples", len(got))
	}
}

func TestPlayerSourceStandsStillWhileNobodyListens(t *testing.T) {
	s := &sequence{}
	p := NewPlayer(PlayerConfig{Source: s, Set: codecs.Builtin()})
	for range 10 {
		p.Tick(0)
	}
	if s.next != 0 {
		t.Errorf("%d samples were read for nobody", s.next)
	}
}

func TestPlayerAddErrors(t *testing.T) {
	p := NewPlayer(PlayerConfig{Source: &sequence{}, Set: codecs.Builtin()})
	for _, c := range []struct {
		format codecs.Format
		ptime  time.Duration
		want   error
	}{
		{codecs.Format{Name: "G729", ClockRate: 8000}, 0, ErrFormat},
		{codecs.Format{Name: "telephone-event", ClockRate: 8000}, 0, ErrFormat},
		{pcmu, 5 * time.Millisecond, ErrPtime},
		{pcmu, 25 * time.Millisecond, ErrPtime},
		{pcmu, 70 * time.Millisecond, ErrPtime},
		{pcmu, -20 * time.Millisecond, ErrPtime},
	} {
		if _, err := p.Add(ListenerConfig{Send: c.format, Ptime: c.ptime, Output: &recorder{}}); !errors.Is(err, c.want) {
			t.Errorf("%v %v: error %v, want %v", c.format, c.ptime, err, c.want)
		}
	}
	if p.Len() != 0 {
		t.Errorf("%d listeners", p.Len())
	}
}

func TestPlayerEnded(t *testing.T) {
	p := NewPlayer(PlayerConfig{Source: &sequence{}})
	if p.Ended() {
		t.Error("an endless source has ended")
	}
	if p = NewPlayer(PlayerConfig{Source: &finite{}}); p.Ended() {
		t.Error("ended before the end")
	}
	p.source.Read(nil)
	if !p.Ended() {
		t.Error("not ended at the end")
	}
}

type finite struct{ ended bool }

func (f *finite) Read([]int16) { f.ended = true }
func (f *finite) Ended() bool  { return f.ended }

// counter is an Output that only counts.
type counter struct{ packets, octets int }

func (c *counter) WriteRTP(p []byte) { c.packets++; c.octets += len(p) }

func playerWith(tb testing.TB, listeners int) (*Player, *counter) {
	p := NewPlayer(PlayerConfig{Source: &sequence{}, Set: codecs.Builtin()})
	out := &counter{}
	for i := range listeners {
		c := ListenerConfig{Send: pcmu, SendPayloadType: 0, Output: out}
		if i%2 == 1 {
			c.Send, c.SendPayloadType = pcma, 8
		}
		if _, err := p.Add(c); err != nil {
			tb.Fatal(err)
		}
	}
	return p, out
}

func TestPlayerTickNoAllocs(t *testing.T) {
	p, out := playerWith(t, 100)
	if n := testing.AllocsPerRun(100, func() { p.Tick(0) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if out.packets != 101*100 {
		t.Errorf("%d packets", out.packets)
	}
}

func BenchmarkPlayerTick1000Listeners(b *testing.B) {
	p, _ := playerWith(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		p.Tick(0)
	}
}

// followed is µ-law whose encoder writes the mode that it was told to follow.
type followed struct {
	g711.MuLaw
	mode int
}

func (f *followed) Follow(mode int) { f.mode = mode }

func (f *followed) Encode(dst []byte, pcm []int16) int {
	n := f.MuLaw.Encode(dst, pcm)
	for i := range dst[:n] {
		dst[i] = byte(f.mode)
	}
	return n
}

// TestPlayerFollowsTheLowestWish: of those who share an encoder, who has no wish does not count.
func TestPlayerFollowsTheLowestWish(t *testing.T) {
	c, _ := codecs.Builtin().Lookup("PCMU", 8000)
	c.NewEncoder = func() codecs.Encoder { return &followed{} }
	p := NewPlayer(PlayerConfig{Source: NewClip(make([]int16, 8000)), Set: codecs.Set{}.With(c)})
	var outs [3]recorder
	var wishes [3]codecs.Wish
	var listeners []*Listener
	for i := range outs {
		l, err := p.Add(ListenerConfig{Send: c.Format, Output: &outs[i], Wish: &wishes[i]})
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	expect := func(want byte) {
		t.Helper()
		p.Tick(0)
		for i := range outs {
			if got := outs[i].packets[len(outs[i].packets)-1]; i < p.Len() && rtp.Payload(got)[0] != want {
				t.Errorf("listener %d is sent mode %d, want %d", i, rtp.Payload(got)[0], want)
			}
		}
	}
	expect(255)
	wishes[0].Note(5)
	expect(5)
	wishes[2].Note(3)
	expect(3)
	wishes[2].Note(7)
	expect(5)
	p.Remove(listeners[2])
	wishes[0].Note(-1)
	expect(255)
	if n := testing.AllocsPerRun(100, func() { p.askAll() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
