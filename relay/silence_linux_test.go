package relay

import (
	"testing"

	"golang.org/x/sys/unix"

	"sidetone/relay/rtp"
)

// dtx is a Pauser that takes payloads of one octet for the beginning of a pause.
type dtx struct{ pausing bool }

func (d *dtx) Transform(dst, payload []byte) int {
	d.pausing = len(payload) == 1
	return copy(dst, payload)
}

func (d *dtx) Pause() uint32 {
	if d.pausing {
		return 160
	}
	return 0
}

func (d *dtx) Fill(dst []byte) int { return copy(dst, "noise") }

// A pause is filled in on its way and up to the packet that ends it, which keeps its time; a key ends it too, and a second without a packet.
func TestSilenceIsFilledIn(t *testing.T) {
	m := NewPayloadMap()
	m[0] = Action{PayloadType: 8, Transform: &dtx{}, Clock: sixfold{}}
	for _, c := range []struct {
		name   string
		begins int    // octets of the payload before
		after  []int  // ms of ticks, after it
		pt     uint8  // of the packet that comes then
		at     uint32 // its time after the first
		want   int    // filled in
		number uint16 // of it, after the first
	}{
		{"voice", 2, []int{20, 40, 60, 80}, 0, 800, 0, 1},
		{"in time", 1, []int{20}, 0, 160, 0, 1},
		{"late", 1, []int{20, 29}, 0, 160, 0, 1},
		{"a pause", 1, []int{30, 50, 70}, 0, 640, 3, 4},
		{"ticks late", 1, []int{70}, 0, 640, 3, 4},
		{"comes before the tick", 1, []int{30, 50}, 0, 800, 4, 5},
		{"sooner than thought", 1, []int{30, 50, 70}, 0, 480, 3, 4},
		{"a time of its own", 1, []int{30}, 0, 99_000, 1, 2},
		{"a key", 1, []int{30, 50}, 101, 800, 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHot(t)
			h.route(Route{To: h.legs[1], Map: m})
			h.legs[0].RemoveTicker(h.legs[0].silence) // the test ticks
			p := make([]byte, rtp.HeaderSize+c.begins)
			rtp.Header{SSRC: 1, SequenceNumber: 100, Timestamp: 5000}.Put(p)
			h.through(p, true)
			start := h.legs[0].silence.due - 30e6
			for _, ms := range c.after {
				h.legs[0].silence.Tick(start + int64(ms)*1e6)
			}
			p = make([]byte, rtp.HeaderSize+160)
			rtp.Header{SSRC: 1, SequenceNumber: 101, Timestamp: 5000 + c.at, PayloadType: c.pt}.Put(p)
			h.through(p, false)
			for i := range c.want {
				b := h.next()
				if got := rtp.ReadHeader(b); got.SequenceNumber != 101+uint16(i) || got.Timestamp != 30000+960*uint32(i+1) || got.SSRC != 1 || got.PayloadType != 8 || string(rtp.Payload(b)) != "noise" {
					t.Errorf("filled in: %+v", got)
				}
			}
			if got := rtp.ReadHeader(h.next()); got.SequenceNumber != 100+c.number || c.pt == 0 && got.Timestamp != 30000+6*c.at {
				t.Errorf("then %+v", got)
			}
			h.legs[0].silence.Tick(start + 200e6)
			if sent := h.legs[1].sent.Packets; sent != uint64(c.want+2) {
				t.Errorf("%d packets left", sent)
			}
		})
	}
	t.Run("for ever", func(t *testing.T) {
		h := newHot(t)
		h.route(Route{To: h.legs[1], Map: m})
		p := make([]byte, rtp.HeaderSize+1)
		rtp.Header{SSRC: 1, SequenceNumber: 100}.Put(p)
		h.through(p, true)
		start := h.legs[0].silence.due - 30e6
		for ms := range 300 {
			h.legs[0].silence.Tick(start + int64(20*ms)*1e6)
		}
		if sent := h.legs[1].sent.Packets; sent < 48 || sent > 51 {
			t.Errorf("%d packets left", sent)
		}
		h.route(Route{To: h.legs[1]})
		if h.legs[0].silence != nil || len(h.legs[0].riders) != 0 {
			t.Error("still watched where nothing is transcoded")
		}
	})
}

// next sends what waits and returns the next packet that B gets.
func (h *hot) next() []byte {
	h.t.Helper()
	h.s.flush()
	n, err := unix.Read(h.b.fd, h.b.buf[:])
	if err != nil {
		h.t.Fatalf("nothing came through: %v", err)
	}
	return h.b.buf[:n]
}

func TestSilenceNoAllocs(t *testing.T) {
	h := newHot(t)
	m := NewPayloadMap()
	m[0] = Action{PayloadType: 8, Transform: &dtx{}, Clock: sixfold{}}
	h.route(Route{To: h.legs[1], Map: m})
	p := make([]byte, rtp.HeaderSize+1)
	rtp.Header{SSRC: 1, SequenceNumber: 100}.Put(p)
	if n := testing.AllocsPerRun(100, func() {
		rtp.SetSequenceNumber(p, rtp.SequenceNumber(p)+1)
		rtp.SetTimestamp(p, rtp.Timestamp(p)+640)
		h.through(p, true)
		for range 2 {
			h.legs[0].silence.Tick(h.legs[0].silence.due)
		}
		for range 2 {
			h.next()
		}
		rtp.SetTimestamp(p, rtp.Timestamp(p)-160)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
