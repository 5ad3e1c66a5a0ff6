package media

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"sidetone/codecs/g711"
	"sidetone/relay/rtp"
)

// meeting is a room whose members speak tones of their own.
type meeting struct {
	t    *testing.T
	x    *exchange
	room *Room
	all  []*handset
	tick int
}

// toneOf is what member i says, in Hz; each fits 20 ms.
func toneOf(i int) float64 { return 300 + 250*float64(i) }

func newMeeting(t *testing.T, cfg RoomConfig, members int) *meeting {
	m := &meeting{t: t, x: newExchange(t)}
	m.room = m.x.OpenRoom(cfg)
	for i := range members {
		h := m.x.handset(t, uint16(4000+2*i), i%2, "0\r\n")
		m.all = append(m.all, h)
		m.seat(i, true)
	}
	return m
}

// seat lets a member in or out.
func (m *meeting) seat(i int, in bool) {
	m.t.Helper()
	plan := Plan{}
	if in {
		plan.Room = m.room
	}
	if err := Connect(m.all[i].leg, nil, plan, Plan{}); err != nil {
		m.t.Fatal(err)
	}
}

// talk lets everybody talk for a time.
func (m *meeting) talk(d time.Duration) {
	pcm, payload := make([]int16, 160), make([]byte, 160)
	for range d / (20 * time.Millisecond) {
		for i, h := range m.all {
			for k := range pcm {
				pcm[k] = int16(3000 * math.Sin(2*math.Pi*toneOf(i)*float64(m.tick*160+k)/8000))
			}
			g711.MuLaw{}.Encode(payload, pcm)
			h.packet(rtp.Header{Timestamp: h.time}, payload)
			h.time += 160
		}
		m.tick++
		m.x.net.Advance(20 * time.Millisecond)
	}
}

// hears gives the level at which one hears another of late, dB of what that one says.
func (m *meeting) hears(hearer, speaker int) float64 {
	m.all[hearer].heard()
	m.talk(400 * time.Millisecond)
	packets := m.all[hearer].heard()
	if len(packets) < 15 {
		m.t.Fatalf("%d packets for %d in 400 ms", len(packets), hearer)
	}
	var re, im float64
	pcm, n := make([]int16, 160), 0
	for _, p := range packets[len(packets)-10:] {
		g711.MuLaw{}.Decode(pcm, rtp.Payload(p))
		for _, v := range pcm {
			a := 2 * math.Pi * toneOf(speaker) * float64(n) / 8000
			re, im, n = re+float64(v)*math.Cos(a), im+float64(v)*math.Sin(a), n+1
		}
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(n)/3000+1e-6)
}

// expect compares a matrix of levels, rows who hears: 'x' is at full level, '-' is not at all.
func (m *meeting) expect(what, rows string) {
	m.t.Helper()
	for h, row := range strings.Fields(rows) {
		for s, want := range row {
			got := m.hears(h, s)
			if want == 'x' && math.Abs(got) > 1 || want == '-' && got > -40 {
				m.t.Errorf("%s: %d hears %d at %.1f dB, want %c", what, h, s, got, want)
			}
		}
	}
}

func TestRoomControls(t *testing.T) {
	m := newMeeting(t, RoomConfig{Members: 5}, 3)
	id := func(i int) string { return m.all[i].leg.relay.ID() }
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m.expect("at first", "-xx x-x xx-")
	do(m.room.SetMuted(id(0), true))
	do(m.room.SetDeaf(id(1), true))
	m.expect("one muted, one deaf", "-xx --- -x-")
	do(m.room.SetDeaf(id(1), false))
	do(m.room.Whisper(id(0), id(1)))
	m.expect("a whisper", "-xx x-x -x-")
	m.seat(1, false) // holds
	m.seat(1, true)
	m.expect("a whisper after a hold", "-xx x-x -x-")
	do(m.room.Barge(id(0)))
	m.expect("a barge", "-xx x-x xx-")
	do(m.room.SetEdge(id(2), id(1), -45))
	m.expect("one shut out for one", "-xx x-x x--")
	do(m.room.ClearEdge(id(2), id(1)))
	do(m.room.SetGain(id(2), -12))
	if got := m.hears(0, 2); math.Abs(got+12) > 1 {
		t.Errorf("turned down by 12 dB, heard at %.1f", got)
	}
	members := m.room.Members()
	if len(members) != 3 || members[1].Leg != id(2) && members[2].Leg != id(2) {
		t.Fatalf("%+v", members)
	}
	for _, who := range members {
		if want := map[bool]float64{true: -12}[who.Leg == id(2)]; who.Gain != want || !who.Talking || math.Abs(who.Level+23.8) > 1 {
			t.Errorf("%+v", who)
		}
	}
	do(m.room.SetGain(id(2), 0))
	do(m.room.Kick(id(2)))
	m.expect("one put out", "-x- x--")
	if err := m.room.SetMuted(id(2), true); !errors.Is(err, ErrNoMember) {
		t.Errorf("error %v", err)
	}
	m.seat(2, false)
	if err := Connect(m.all[2].leg, nil, Plan{Room: m.room}, Plan{}); !errors.Is(err, ErrKicked) {
		t.Errorf("error %v", err)
	}
	m.room.SetLocked(true)
	m.seat(1, false)
	m.seat(1, true) // has been in
	late := m.x.handset(t, 4090, 0, "0\r\n")
	if err := Connect(late.leg, nil, Plan{Room: m.room}, Plan{}); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
	m.room.SetLocked(false)
	if err := Connect(late.leg, nil, Plan{Room: m.room}, Plan{}); err != nil {
		t.Error(err)
	}
}

func TestRoomEventsNeverBlock(t *testing.T) {
	events := make(chan RoomEvent, 1)
	m := newMeeting(t, RoomConfig{ID: "700", Members: 5, Events: events}, 3)
	m.talk(400 * time.Millisecond)
	if e := <-events; !e.Talking || e.Room != "700" || e.Leg == "" {
		t.Errorf("%+v", e)
	}
	if got := m.room.Missed(); got != 2 {
		t.Errorf("%d events missed, want 2", got)
	}
	m.seat(1, false)
	if e := <-events; e != (RoomEvent{Room: "700", Leg: m.all[1].leg.relay.ID()}) {
		t.Errorf("%+v of one who left in mid-word", e)
	}
}

func TestAnnouncementAndChimesInARoom(t *testing.T) {
	m := newMeeting(t, RoomConfig{Members: 5, Chimes: true}, 2)
	m.talk(time.Second)
	pcm := make([]int16, 16000) // a second at 16 kHz, of the tone of one who is not there
	for i := range pcm {
		pcm[i] = int16(3000 * math.Sin(2*math.Pi*toneOf(4)*float64(i)/16000))
	}
	if err := m.room.Play(pcm, 16000, 0, m.all[1].leg.relay.ID()); err != nil {
		t.Fatal(err)
	}
	if got := m.hears(1, 4); math.Abs(got) > 1 {
		t.Errorf("an announcement is heard at %.1f dB", got)
	}
	if got := m.hears(0, 4); got > -40 {
		t.Errorf("one for another is heard at %.1f dB", got)
	}
	if err := m.room.Play(pcm, 16000, 0, "nobody"); !errors.Is(err, ErrNoMember) {
		t.Errorf("error %v", err)
	}
	m.talk(time.Second)
	m.all[0].heard()
	m.seat(1, false)
	quiet := m.all[0]
	m.all = m.all[:1]
	m.talk(400 * time.Millisecond)
	loudest := 0
	for _, p := range quiet.heard() {
		x := make([]int16, 160)
		g711.MuLaw{}.Decode(x, rtp.Payload(p))
		for _, v := range x {
			loudest = max(loudest, int(v))
		}
	}
	if loudest < 500 {
		t.Error("no chime when one goes")
	}
}
