package media

import (
	"bytes"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// A phone with AMR asks for a mode and is sent it until it asks for another one: in a call that is transcoded, in a room, alone there, and
// by tones and music.
func TestModeAskedForByAMRIsSent(t *testing.T) {
	const fmtp = "octet-align=1"
	set, _ := libraryOf(t, codecs.Format{Name: "AMR", ClockRate: 8000, Fmtp: fmtp})
	for _, where := range []string{"call", "room", "alone", "tone"} {
		t.Run(where, func(t *testing.T) {
			x := newExchange(t)
			x.cfg.Set, x.players.set = set, set
			mobile := x.handset(t, 4000, 0, "96\r\na=rtpmap:96 AMR/8000\r\na=fmtp:96 "+fmtp+"\r\n")
			desk := x.handset(t, 4002, 0, "0\r\n")
			plans := [2]Plan{{To: desk.leg}, {To: mobile.leg}}
			switch where {
			case "room":
				room := x.OpenRoom(RoomConfig{Members: 3})
				plans = [2]Plan{{Room: room}, {Room: room}}
			case "alone":
				plans = [2]Plan{{Room: x.OpenRoom(RoomConfig{Members: 3, Alone: x.Programs().Hold})}, {}}
			case "tone":
				plans = [2]Plan{{Hear: x.Programs().Hold}, {}}
			}
			if err := Connect(mobile.leg, desk.leg, plans[0], plans[1]); err != nil {
				t.Fatal(err)
			}
			for _, want := range []struct{ cmr, mode byte }{{15, 7}, {2, 2}, {5, 5}, {9, 7}} {
				payload := append([]byte{want.cmr << 4, 2<<3 | 4}, make([]byte, 15)...) // a frame of 5.9 kbit/s
				last := byte(255)
				for range 60 {
					mobile.packet(rtp.Header{PayloadType: 96, Timestamp: mobile.time}, payload)
					mobile.time += 160
					desk.say(0, bytes.Repeat([]byte{0x55}, 160))
					for _, p := range mobile.heard() {
						last = rtp.Payload(p)[1] >> 3 & 15
					}
				}
				if last != want.mode {
					t.Errorf("CMR %d: is sent mode %d, want %d", want.cmr, last, want.mode)
				}
			}
			if where == "call" { // what it has asked for holds for the tone that it hears next
				mobile.packet(rtp.Header{PayloadType: 96, Timestamp: mobile.time}, append([]byte{1 << 4, 2<<3 | 4}, make([]byte, 15)...))
				x.net.Advance(20 * time.Millisecond)
				if err := Connect(mobile.leg, desk.leg, Plan{Hear: x.Programs().Hold}, Plan{}); err != nil {
					t.Fatal(err)
				}
				mobile.heard()
				x.net.Advance(time.Second)
				all := mobile.heard()
				if len(all) == 0 || rtp.Payload(all[len(all)-1])[1]>>3&15 != 1 {
					t.Errorf("%d packets of the tone, want mode 1", len(all))
				}
			}
		})
	}
}

func TestEarNoAllocs(t *testing.T) {
	amr := codecs.Codec{Asked: func(payload []byte) int { return int(payload[0] >> 4) }}
	e := &ear{asks: []asking{{96, amr.Asked}}, wish: new(codecs.Wish)}
	p := make([]byte, rtp.HeaderSize+8)
	rtp.Header{PayloadType: 96}.Put(p)
	p[rtp.HeaderSize] = 3 << 4
	if n := testing.AllocsPerRun(100, func() { e.ReceiveRTP(p, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := e.wish.Mode(); got != 3 {
		t.Errorf("mode %d, want 3", got)
	}
	rtp.Header{PayloadType: 97}.Put(p)
	p[rtp.HeaderSize] = 5 << 4
	if e.ReceiveRTP(p, 0); e.wish.Mode() != 3 {
		t.Error("another codec's payload was taken for a wish")
	}
}
