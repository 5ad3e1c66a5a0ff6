package rtp

import (
	"bytes"
	"testing"

	pion "github.com/pion/rtp"
)

// packet builds a packet from its parts so that the tests can break one of them.
func packet(first byte, second byte, body ...byte) []byte {
	b := []byte{first, second, 0x12, 0x34, 0xff, 0xff, 0xff, 0x00, 0xde, 0xad, 0xbe, 0xef}
	return append(b, body...)
}

func TestValid(t *testing.T) {
	for _, c := range []struct {
		name    string
		b       []byte
		valid   bool
		payload []byte
	}{
		{"plain", packet(0x80, 0, 1, 2, 3), true, []byte{1, 2, 3}},
		{"no payload", packet(0x80, 0), true, []byte{}},
		{"version 0", packet(0x00, 0, 1), false, nil},
		{"version 1", packet(0x40, 0, 1), false, nil},
		{"version 3", packet(0xc0, 0, 1), false, nil},
		{"one CSRC", packet(0x81, 0, 9, 9, 9, 9, 5), true, []byte{5}},
		{"CSRC cut", packet(0x81, 0, 9, 9, 9), false, nil},
		{"15 CSRCs", packet(0x8f, 0, make([]byte, 60)...), true, []byte{}},
		{"15 CSRCs cut", packet(0x8f, 0, make([]byte, 59)...), false, nil},
		{"empty extension", packet(0x90, 0, 0xbe, 0xde, 0, 0, 7), true, []byte{7}},
		{"extension", packet(0x90, 0, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 7), true, []byte{7}},
		{"extension header cut", packet(0x90, 0, 0xbe, 0xde, 0), false, nil},
		{"extension longer than packet", packet(0x90, 0, 0xbe, 0xde, 0xff, 0xff, 7), false, nil},
		{"padding", packet(0xa0, 0, 7, 0, 2), true, []byte{7}},
		{"padding is all", packet(0xa0, 0, 0, 0, 3), true, []byte{}},
		{"padding of nothing", packet(0xa0, 0, 7, 0), false, nil},
		{"padding into header", packet(0xa0, 0, 7, 3), false, nil},
		{"padding without room", packet(0xa0, 0), false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Valid(c.b); got != c.valid {
				t.Errorf("Valid = %v, want %v", got, c.valid)
			}
			if got := Payload(c.b); !bytes.Equal(got, c.payload) || (got == nil) != (c.payload == nil) {
				t.Errorf("Payload = %v, want %v", got, c.payload)
			}
		})
	}
}

func TestShortPacketsAreInvalid(t *testing.T) {
	whole := packet(0x80, 0)
	for n := range whole {
		if Valid(whole[:n]) || HeaderLen(whole[:n]) != 0 || Payload(whole[:n]) != nil {
			t.Errorf("%d bytes were taken for a packet", n)
		}
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	for _, h := range []Header{
		{},
		{PayloadType: 127, Marker: true, SequenceNumber: 65535, Timestamp: 1<<32 - 1, SSRC: 1<<32 - 1},
		{PayloadType: 101, SequenceNumber: 0x1234, Timestamp: 0x56789abc, SSRC: 0xdeadbeef},
		{PayloadType: 8, Marker: true},
	} {
		b := bytes.Repeat([]byte{0xff}, HeaderSize)
		if n := h.Put(b); n != HeaderSize {
			t.Errorf("Put = %d", n)
		}
		if got := ReadHeader(b); got != h {
			t.Errorf("read %+v, wrote %+v", got, h)
		}
		var p pion.Packet
		if err := p.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		if p.PayloadType != h.PayloadType || p.Marker != h.Marker || p.SequenceNumber != h.SequenceNumber ||
			p.Timestamp != h.Timestamp || p.SSRC != h.SSRC {
			t.Errorf("pion read %+v, wrote %+v", p.Header, h)
		}
	}
}

func TestSettersTouchOnlyTheirField(t *testing.T) {
	before := Header{PayloadType: 8, Marker: true, SequenceNumber: 7, Timestamp: 9, SSRC: 11}
	for _, c := range []struct {
		name string
		set  func(b []byte)
		want Header
	}{
		{"payload type", func(b []byte) { SetPayloadType(b, 0xff) }, Header{127, true, 7, 9, 11}},
		{"marker off", func(b []byte) { SetMarker(b, false) }, Header{8, false, 7, 9, 11}},
		{"marker on", func(b []byte) { SetMarker(b, true) }, before},
		{"sequence number", func(b []byte) { SetSequenceNumber(b, 65535) }, Header{8, true, 65535, 9, 11}},
		{"timestamp", func(b []byte) { SetTimestamp(b, 1<<31) }, Header{8, true, 7, 1 << 31, 11}},
		{"SSRC", func(b []byte) { SetSSRC(b, 1<<31) }, Header{8, true, 7, 9, 1 << 31}},
	} {
		b := make([]byte, HeaderSize)
		before.Put(b)
		c.set(b)
		if got := ReadHeader(b); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestClearPadding(t *testing.T) {
	b := packet(0xa0, 0, 7, 0, 2)
	got := ClearPadding(b)
	if want := packet(0x80, 0, 7); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	if again := ClearPadding(got); !bytes.Equal(again, got) {
		t.Errorf("a packet without padding became %x", again)
	}
}

func TestSerialArithmeticAcrossTheWrap(t *testing.T) {
	for _, c := range []struct {
		a, b uint16
		diff int
	}{{1, 0, 1}, {0, 1, -1}, {0, 65535, 1}, {65535, 0, -1}, {5, 5, 0}, {0x8000, 0, -32768}, {0x7fff, 0, 32767}, {100, 65500, 136}} {
		if got := SeqDiff(c.a, c.b); got != c.diff {
			t.Errorf("SeqDiff(%d, %d) = %d, want %d", c.a, c.b, got, c.diff)
		}
		if got := SeqLess(c.a, c.b); got != (c.diff < 0) {
			t.Errorf("SeqLess(%d, %d) = %v", c.a, c.b, got)
		}
	}
	for _, c := range []struct {
		a, b uint32
		diff int
	}{{160, 0, 160}, {0, 160, -160}, {80, 1<<32 - 80, 160}, {1 << 31, 0, -1 << 31}} {
		if got := TimestampDiff(c.a, c.b); got != c.diff {
			t.Errorf("TimestampDiff(%d, %d) = %d, want %d", c.a, c.b, got, c.diff)
		}
	}
}

func TestViewsNoAllocs(t *testing.T) {
	b := packet(0xb1, 0x80, append(make([]byte, 8), 1, 2, 3, 4, 1)...)
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		if Valid(b) {
			sum += len(Payload(b)) + int(ReadHeader(b).SSRC)
		}
		SetSequenceNumber(b, SequenceNumber(b)+1)
		Header{SSRC: 1}.Put(b[:HeaderSize])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkValid(b *testing.B) {
	p := packet(0x80, 0, make([]byte, 160)...)
	b.ReportAllocs()
	for b.Loop() {
		if !Valid(p) {
			b.Fatal("invalid")
		}
	}
}

// FuzzRTP holds Valid, HeaderLen and Payload to each other and to pion's parser on any bytes.
func FuzzRTP(f *testing.F) {
	f.Add([]byte{})
	f.Add(packet(0x80, 0, 1, 2, 3))
	f.Add(packet(0x8f, 0x80, make([]byte, 70)...))
	f.Add(packet(0x90, 0, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 7))
	f.Add(packet(0xb2, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3))
	f.Add(packet(0xa0, 0, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		valid, n, payload := Valid(b), HeaderLen(b), Payload(b)
		if !valid {
			if payload != nil {
				t.Fatal("payload of an invalid packet")
			}
			return
		}
		if n < HeaderSize || n+len(payload) > len(b) {
			t.Fatalf("header %d and payload %d of %d bytes", n, len(payload), len(b))
		}
		h := ReadHeader(b)
		var p pion.Packet
		if p.Unmarshal(bytes.Clone(b)) == nil && p.Version == 2 {
			if p.SequenceNumber != h.SequenceNumber || p.SSRC != h.SSRC || p.PayloadType != h.PayloadType || p.Timestamp != h.Timestamp || p.Marker != h.Marker {
				t.Fatalf("pion reads %+v, we read %+v", p.Header, h)
			}
			if !bytes.Equal(p.Payload, payload) {
				t.Fatalf("pion's payload has %d bytes, ours %d", len(p.Payload), len(payload))
			}
		}
		if c := ClearPadding(bytes.Clone(b)); !Valid(c) || !bytes.Equal(Payload(c), payload) {
			t.Fatal("clearing the padding changed the payload")
		}
	})
}
