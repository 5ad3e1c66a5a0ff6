package srtp

import (
	"encoding/binary"
	"testing"
)

// rewind empties the windows, so that the same packet can be received again.
func rewind(c *Context) {
	st := &c.current.list[0]
	st.window, st.rtcpWindow = window{}, window{}
}

func TestTheFourOperationsDoNotAllocate(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		sender, receiver := newTestContext(t, k), newTestContext(t, k)
		plain, report := rtpPacket(1, 1, 160), rtcpPacket(1)
		rtp, rtcp, out := make([]byte, 400), make([]byte, 400), make([]byte, 400)
		var rtpLen, rtcpLen int
		seq := uint16(1)
		var failed error
		check := func(n int, err error) int {
			if err != nil {
				failed = err
			}
			return n
		}
		for _, op := range []struct {
			name string
			f    func()
		}{
			{"ProtectRTP", func() {
				seq++
				binary.BigEndian.PutUint16(plain[2:], seq)
				rtpLen = check(sender.ProtectRTP(rtp, plain))
			}},
			{"UnprotectRTP", func() {
				check(receiver.UnprotectRTP(out, rtp[:rtpLen]))
				rewind(receiver)
			}},
			{"ProtectRTCP", func() { rtcpLen = check(sender.ProtectRTCP(rtcp, report)) }},
			{"UnprotectRTCP", func() {
				check(receiver.UnprotectRTCP(out, rtcp[:rtcpLen]))
				rewind(receiver)
			}},
			{"UnprotectRTP of a forged packet", func() {
				rtp[30] ^= 1
				if _, err := receiver.UnprotectRTP(out, rtp[:rtpLen]); err != ErrAuth {
					failed = err
				}
				rtp[30] ^= 1
			}},
			{"UnprotectRTP of a forged SSRC", func() {
				rtp[11] ^= 1
				if _, err := receiver.UnprotectRTP(out, rtp[:rtpLen]); err != ErrAuth {
					failed = err
				}
				rtp[11] ^= 1
			}},
		} {
			op.f() // the first packet of the SSRC may allocate
			if allocs := testing.AllocsPerRun(100, op.f); allocs != 0 && !raceEnabled {
				t.Errorf("%s: %v allocations", op.name, allocs)
			}
			if failed != nil {
				t.Fatalf("%s: %v", op.name, failed)
			}
		}
	})
}

// packetLen is that of RTP with 20 ms of G.711, as in all our measurements.
const packetLen = 172

func BenchmarkProtectRTP(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(p.String(), func(b *testing.B) {
			c := newTestContext(b, newTestKey(b, p))
			plain, dst := rtpPacket(1, 0, packetLen-12), make([]byte, 300)
			b.ReportAllocs()
			seq := uint16(0)
			for b.Loop() {
				seq++
				binary.BigEndian.PutUint16(plain[2:], seq)
				if _, err := c.ProtectRTP(dst, plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnprotectRTP(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(p.String(), func(b *testing.B) {
			key := newTestKey(b, p)
			sender, c := newTestContext(b, key), newTestContext(b, key)
			protected, dst := make([]byte, 300), make([]byte, 300)
			n, err := sender.ProtectRTP(protected, rtpPacket(1, 1, packetLen-12))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.UnprotectRTP(dst, protected[:n]); err != nil {
					b.Fatal(err)
				}
				rewind(c)
			}
		})
	}
}

func BenchmarkRTCP(b *testing.B) {
	for _, p := range []Profile{AES128CM80, AES128GCM} {
		key := newTestKey(b, p)
		sender, receiver := newTestContext(b, key), newTestContext(b, key)
		report, protected, dst := rtcpPacket(1), make([]byte, 300), make([]byte, 300)
		n := 0
		b.Run("protect "+p.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if n, err = sender.ProtectRTCP(protected, report); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("unprotect "+p.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := receiver.UnprotectRTCP(dst, protected[:n]); err != nil {
					b.Fatal(err)
				}
				rewind(receiver)
			}
		})
	}
}

// BenchmarkPionProtectRTP is the same work by pion/srtp, to compare with in one run.
func BenchmarkPionProtectRTP(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(p.String(), func(b *testing.B) {
			c := newPion(b, newTestKey(b, p))
			plain, dst := rtpPacket(1, 0, packetLen-12), make([]byte, 300)
			b.ReportAllocs()
			seq := uint16(0)
			for b.Loop() {
				seq++
				binary.BigEndian.PutUint16(plain[2:], seq)
				if _, err := c.EncryptRTP(dst[:0], plain, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPionUnprotectRTP is the same work by pion/srtp.
func BenchmarkPionUnprotectRTP(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(p.String(), func(b *testing.B) {
			key := newTestKey(b, p)
			sender, c := newPion(b, key), newPion(b, key)
			protected, err := sender.EncryptRTP(nil, rtpPacket(1, 1, packetLen-12), nil)
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 300)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.DecryptRTP(dst[:0], protected, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNew is a context and its memory: what one direction of a leg costs.
func BenchmarkNew(b *testing.B) {
	for _, p := range []Profile{AES128CM80, AES128GCM} {
		b.Run(p.String(), func(b *testing.B) {
			key := newTestKey(b, p)
			plain, dst := rtpPacket(1, 1, packetLen-12), make([]byte, 300)
			b.ReportAllocs()
			for b.Loop() {
				c := newTestContext(b, key)
				if _, err := c.ProtectRTP(dst, plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
