package media

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/dtmf"
	"sidetone/codecs/g711"
	"sidetone/control/sdp"
	"sidetone/mixer/record"
	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

// exchange is an engine on a network in memory, on two shards.
type exchange struct {
	*Engine
	net *udptest.Network
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	net := udptest.New(udptest.Config{})
	interfaces := []relay.Interface{{Name: "lan", Address: netip.MustParseAddr("10.0.0.1"), FirstPort: 20000, LastPort: 20099}}
	r, err := relay.New(relay.Config{Shards: 2, Network: net, Clock: net.Now, Interfaces: interfaces, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- r.Run(t.Context()) }() // ended by Close
	t.Cleanup(func() { r.Close(); <-done })
	programs, err := LoadPrograms("us", nil)
	if err != nil {
		t.Fatal(err)
	}
	return &exchange{New(Config{Relay: r, Set: codecs.Builtin(), Programs: programs, Interfaces: interfaces}), net}
}

// handset is a phone on that network and its leg.
type handset struct {
	t    *testing.T
	x    *exchange
	leg  *Leg
	port *udptest.Endpoint
	seq  uint16
	time uint32
	ssrc uint32
}

// handset opens a leg whose phone offers what sdp says after the head.
func (x *exchange) handset(t *testing.T, port uint16, shard int, formats string) *handset {
	t.Helper()
	h := &handset{t: t, x: x, port: x.net.Endpoint(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), port)), seq: 65530, ssrc: uint32(port)}
	var err error
	if h.leg, err = x.Open(OpenConfig{ID: fmt.Sprint(port), Peer: h.port.Addr().Addr(), Shard: shard}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.leg.Close() })
	if err := h.leg.SetOffer([]byte(head + "m=audio " + fmt.Sprint(port) + " RTP/AVP " + formats)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.leg.Answer(Local{Codecs: h.leg.Remote(), Direction: sdp.SendRecv}); err != nil {
		t.Fatal(err)
	}
	return h
}

// say sends a packet and lets 20 ms go by.
func (h *handset) say(pt uint8, payload []byte) {
	h.packet(rtp.Header{PayloadType: pt, Timestamp: h.time}, payload)
	h.time += 160
	h.x.net.Advance(20 * time.Millisecond)
}

func (h *handset) packet(head rtp.Header, payload []byte) {
	head.SSRC, head.SequenceNumber = h.ssrc, h.seq
	h.seq++
	b := make([]byte, rtp.HeaderSize+len(payload))
	copy(b[head.Put(b):], payload)
	h.port.Send(h.leg.relay.LocalRTP(), b)
}

// press sends a key as telephone-event.
func (h *handset) press(pt uint8, p dtmf.Press) {
	s := dtmf.NewSender(p, 8000, 20*time.Millisecond)
	start := h.time
	for !s.Done() {
		var payload [dtmf.EventSize]byte
		offset, marker := s.Next(payload[:])
		h.packet(rtp.Header{PayloadType: pt, Timestamp: start + offset, Marker: marker}, payload[:])
		h.time += 160
		h.x.net.Advance(20 * time.Millisecond)
	}
}

// heard empties the phone's port and gives the packets.
func (h *handset) heard() (all [][]byte) {
	for {
		b, _, ok := h.port.Receive()
		if !ok {
			return all
		}
		all = append(all, b)
	}
}

// keys collects what a leg reports.
type keys struct {
	mu   sync.Mutex
	text string
}

func (k *keys) add(p dtmf.Press) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.text += string(p.Key)
}

func (k *keys) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text
}

const pcmuAndEvents = "0 101\r\na=rtpmap:101 telephone-event/8000\r\n"

var voice20 = make([]byte, 160)

// Whatever a leg is used for, and wherever it moves, its keys are reported once each.
func TestKeysAreReportedWhateverTheLegDoes(t *testing.T) {
	x := newExchange(t)
	a, b := x.handset(t, 4000, 0, pcmuAndEvents), x.handset(t, 4010, 1, pcmuAndEvents)
	room := x.OpenRoom(RoomConfig{Members: 5, Alone: x.Programs().Hold})
	var got keys
	if err := a.leg.OnDigit(got.add); err != nil {
		t.Fatal(err)
	}
	plans := []struct {
		name   string
		pa, pb Plan
	}{
		{"nothing", Plan{}, Plan{}},
		{"a tone", Plan{Hear: x.Programs().Busy}, Plan{}},
		{"a call", Plan{To: b.leg}, Plan{To: a.leg}},
		{"one way", Plan{}, Plan{To: a.leg}},
		{"alone in a room", Plan{Room: room}, Plan{}},
		{"a room", Plan{Room: room}, Plan{Room: room}},
		{"a call again", Plan{To: b.leg}, Plan{To: a.leg}},
	}
	want := ""
	for i, p := range plans {
		if err := Connect(a.leg, b.leg, p.pa, p.pb); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		a.say(0, voice20)
		key := byte('1' + i)
		a.press(101, dtmf.Press{Key: key})
		if want += string(key); got.String() != want {
			t.Fatalf("%s: heard %q, want %q", p.name, got.String(), want)
		}
	}
	if a.leg.Shard() != b.leg.Shard() {
		t.Error("the legs of a call are on two shards")
	}
	if err := a.leg.OnDigit(nil); err != nil {
		t.Fatal(err)
	}
	a.press(101, dtmf.Press{Key: '9'})
	if got.String() != want {
		t.Errorf("heard %q after the end", got.String())
	}
	if len(b.heard()) == 0 {
		t.Error("the other phone heard nothing of the calls")
	}
}

// Tones in the voice are reported while somebody wants them, at whatever rate the leg is listened to, and a recording that begins
// meanwhile takes nothing from them.
func TestTonesAreReported(t *testing.T) {
	x := newExchange(t)
	a := x.handset(t, 4000, 0, "0\r\n")
	var got keys
	if err := a.leg.OnTone(got.add); err != nil {
		t.Fatal(err)
	}
	press := func(key byte) {
		tone := dtmf.NewTone(dtmf.Press{Key: key}, 8000)
		for !tone.Done() {
			var pcm [160]int16
			var payload [160]byte
			tone.Read(pcm[:])
			a.say(0, payload[:g711.MuLaw{}.Encode(payload[:], pcm[:])])
		}
		for range 20 { // through the jitter buffer
			a.say(0, silence20)
		}
	}
	press('1')
	r, err := record.New(record.Config{Path: t.TempDir() + "/a.wav", Rate: 16000})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.leg.Record(r.Track(0)); err != nil {
		t.Fatal(err)
	}
	press('2')
	if err := a.leg.Record(nil); err != nil {
		t.Fatal(err)
	}
	r.Stop()
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	press('3')
	if got.String() != "123" || r.Info().Length < 400*time.Millisecond {
		t.Errorf("heard %q, recorded %v", got.String(), r.Info().Length)
	}
	if err := a.leg.OnTone(nil); err != nil {
		t.Fatal(err)
	}
	press('4')
	if got.String() != "123" {
		t.Errorf("heard %q after the end", got.String())
	}
}

var silence20 = bytes.Repeat([]byte{0xFF}, 160)
