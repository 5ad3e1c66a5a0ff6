package rtp

import (
	"testing"

	"github.com/pion/rtcp"
)

func marshal(t testing.TB, ps ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(ps)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compound(t testing.TB) []byte {
	return marshal(t,
		&rtcp.SenderReport{SSRC: 7, Reports: []rtcp.ReceptionReport{{SSRC: 8}}},
		rtcp.NewCNAMESourceDescription(7, "a@b"),
		&rtcp.Goodbye{Sources: []uint32{7}})
}

func TestIsRTCPTellsThemApart(t *testing.T) {
	if !IsRTCP(compound(t)) {
		t.Error("a sender report was taken for RTP")
	}
	for pt := range 128 {
		for _, marker := range []byte{0, 0x80} {
			b := packet(0x80, byte(pt)|marker)
			want := marker != 0 && pt >= 64 && pt <= 95
			if got := IsRTCP(b); got != want {
				t.Errorf("payload type %d marker %v: %v, want %v", pt, marker != 0, got, want)
			}
		}
	}
	for _, b := range [][]byte{nil, {0x80}, {0x00, 200}, {0xc0, 200}} {
		if IsRTCP(b) {
			t.Errorf("%x was taken for RTCP", b)
		}
	}
}

func TestValidRTCP(t *testing.T) {
	whole := compound(t)
	padded := append(marshal(t, &rtcp.ReceiverReport{SSRC: 7}), 0, 0, 0, 4)
	padded[0] |= 0x20
	padded[3] = 2
	paddedFirst := append(append([]byte{}, padded...), whole...)
	for _, c := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"compound", whole, true},
		{"reduced size", marshal(t, &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2}), true},
		{"receiver report alone", marshal(t, &rtcp.ReceiverReport{SSRC: 7}), true},
		{"BYE of nobody", []byte{0x80, BYE, 0, 0}, true},
		{"padding at the end", padded, true},
		{"padding in the middle", paddedFirst, false},
		{"padding of nothing", append(append([]byte{}, padded[:11]...), 0), false},
		{"padding past the packet", append(append([]byte{}, padded[:11]...), 12), false},
		{"padding not of words", append(append([]byte{}, padded[:11]...), 3), false},
		{"empty", nil, false},
		{"header only", []byte{0x80, SR, 0, 0}, false},
		{"length past the end", []byte{0x80, RR, 0xff, 0xff, 0, 0, 0, 1}, false},
		{"rubbish after", append(append([]byte{}, whole...), 1), false},
		{"second packet of version 1", append(append([]byte{}, whole...), 0x40, RR, 0, 1, 0, 0, 0, 7), false},
		{"RTP", packet(0x80, 0, 1, 2, 3, 4), false},
	} {
		if got := ValidRTCP(c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for n := range whole {
		if ValidRTCP(whole[:n]) && n != 52 && n != 52+16 {
			t.Errorf("the first %d bytes of %d were taken for a whole compound", n, len(whole))
		}
	}
}

func TestNextRTCPWalksTheCompound(t *testing.T) {
	rest := compound(t)
	for _, want := range []uint8{SR, SDES, BYE} {
		var p []byte
		var ok bool
		if p, rest, ok = NextRTCP(rest); !ok {
			t.Fatalf("no packet where type %d belongs", want)
		}
		if RTCPType(p) != want || RTCPSSRC(p) != 7 {
			t.Errorf("type %d of SSRC %d, want %d of 7", RTCPType(p), RTCPSSRC(p), want)
		}
	}
	if len(rest) != 0 {
		t.Errorf("%d bytes left", len(rest))
	}
	if RTCPSSRC([]byte{0x80, BYE, 0, 0}) != 0 {
		t.Error("a BYE of nobody has an SSRC")
	}
}

func TestRTCPNoAllocs(t *testing.T) {
	b := compound(t)
	if n := testing.AllocsPerRun(100, func() {
		if !ValidRTCP(b) {
			t.Fatal("invalid")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkValidRTCP(b *testing.B) {
	p := compound(b)
	b.ReportAllocs()
	for b.Loop() {
		ValidRTCP(p)
	}
}

// FuzzRTCP walks any bytes: whatever ValidRTCP accepts must be walked to its exact end.
func FuzzRTCP(f *testing.F) {
	f.Add([]byte{})
	f.Add(compound(f))
	f.Add([]byte{0x80, BYE, 0, 0})
	f.Add([]byte{0xa0, RR, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4})
	f.Add([]byte{0x80, SR, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		valid := ValidRTCP(b)
		walked := 0
		for rest := b; len(rest) > 0; {
			p, r, ok := NextRTCP(rest)
			if !ok {
				if valid {
					t.Fatalf("valid, but the walk ends at byte %d of %d", walked, len(b))
				}
				return
			}
			_ = RTCPSSRC(p)
			walked += len(p)
			rest = r
		}
		if walked != len(b) {
			t.Fatalf("walked %d of %d bytes", walked, len(b))
		}
	})
}
