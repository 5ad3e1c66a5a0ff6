package mixer_test

import (
	"fmt"
	"time"

	"sidetone/codecs"
	"sidetone/mixer"
	"sidetone/mixer/moh"
	"sidetone/mixer/tone"
	"sidetone/relay/rtp"
)

var pcmu = codecs.Format{Name: "PCMU", ClockRate: 8000}

// phone counts what it is sent; in the server the outputs are *relay.Leg.
type phone struct{ packets, octets int }

func (p *phone) WriteRTP(b []byte) {
	p.packets++
	p.octets += len(rtp.Payload(b))
}

// A room of two; the shard's ticker calls Tick every 20 ms and the legs call ReceiveRTP.
func ExampleConference() {
	room := mixer.NewConference(mixer.ConferenceConfig{Set: codecs.Builtin()})
	var a, b phone
	receive := map[uint8]codecs.Format{0: pcmu}
	alice, err := room.Add(mixer.ParticipantConfig{ID: "alice", Receive: receive, Send: pcmu, Output: &a})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := room.Add(mixer.ParticipantConfig{ID: "bob", Receive: receive, Send: pcmu, Output: &b}); err != nil {
		fmt.Println(err)
		return
	}
	for now := int64(0); now < int64(time.Second); now += int64(20 * time.Millisecond) {
		alice.SetHeld(now >= int64(500*time.Millisecond))
		room.Tick(now)
	}
	fmt.Println(room.Len(), "members; alice, on hold, got", a.packets, "packets, bob", b.packets)
	// Output: 2 members; alice, on hold, got 25 packets, bob 50
}

// Music and a tone, each played to as many as like to listen.
func ExamplePlayer() {
	music, err := moh.NewLibrary(moh.LibraryConfig{}).Playlist(8000) // no files: the built-in melody
	if err != nil {
		fmt.Println(err)
		return
	}
	tones, err := tone.Lookup("us")
	if err != nil {
		fmt.Println(err)
		return
	}
	busy, err := tone.NewGenerator(tones.Busy, 8000)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, source := range []mixer.Source{music.Cursor(), busy} {
		player := mixer.NewPlayer(mixer.PlayerConfig{Source: source, Set: codecs.Builtin()})
		listeners := make([]phone, 3)
		for i := range listeners {
			if _, err := player.Add(mixer.ListenerConfig{Send: pcmu, Output: &listeners[i]}); err != nil {
				fmt.Println(err)
				return
			}
		}
		for range 50 {
			player.Tick(0)
		}
		fmt.Println(listeners[2].octets, "octets heard,", player.Stats().Encodes, "packets encoded for", player.Len())
	}
	// Output:
	// 8000 octets heard, 50 packets encoded for 3
	// 8000 octets heard, 50 packets encoded for 3
}
