package mixer

import (
	"runtime"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

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
	if each := (after.TotalAlloc - before.TotalAlloc) / rooms; each > 512 {
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
			p.ReceiveRTP(packet, int64(tick)*int64(20*time.Millisecond))
		}
	}
}

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
		c.Tick(int64(tick) * int64(20*time.Millisecond))
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
		c.Tick(int64(tick) * int64(20*time.Millisecond))
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

// BenchmarkSixtyRooms is rooms of five talkers with more memory between them than a cache holds: a quarter of them ticks, then others use the
// cache. It reports the time of a member.
func BenchmarkSixtyRooms(b *testing.B) {
	const rooms, size = 60, 5
	var all []func(tick int)
	for range rooms {
		c := room(size)
		_, feed := phones(b, c, size)
		all = append(all, func(tick int) {
			feed(tick)
			c.Tick(int64(tick) * int64(20*time.Millisecond))
		})
	}
	others := make([]byte, 4<<20)
	spent, ticks := time.Duration(0), 0
	b.ReportAllocs()
	for b.Loop() {
		for i, step := range all {
			if i%(rooms/4) == 0 {
				for at := 0; at < len(others); at += 64 {
					others[at]++
				}
			}
			start := time.Now()
			step(ticks)
			spent += time.Since(start)
		}
		ticks++
	}
	b.ReportMetric(float64(spent)/float64(ticks*rooms*size), "ns/member")
}
