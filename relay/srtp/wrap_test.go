package srtp

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	pion "github.com/pion/srtp/v2"
)

// wrapPackets is how long the runs through the wraps of the sequence number are. `make soak`
// sets SIDETONE_SOAK_PACKETS to a million and more.
func wrapPackets(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("SIDETONE_SOAK_PACKETS"))
	if err != nil {
		return 3 << 16
	}
	t.Logf("%d packets", n)
	return n
}

// disorder calls deliver for the packets of a sender that were not lost, some late by up to
// reach packets, more of both around the wrap of the sequence number.
func disorder(packets, first, reach int, make func(i int) []byte, deliver func(i int, p []byte)) {
	random := rand.New(rand.NewPCG(3711, 7714))
	type late struct {
		i, at int
		p     []byte
	}
	var held []late
	for i := range packets {
		p := make(i)
		near := (first+i+200)&0xffff < 400
		lose, hold := 0.02, 0.02
		if near {
			lose, hold = 0.2, 0.3
		}
		switch x := random.Float64(); {
		case x < lose:
		case x < lose+hold:
			held = append(held, late{i, i + 1 + random.IntN(reach-1), bytes.Clone(p)})
		default:
			deliver(i, p)
		}
		for j := 0; j < len(held); {
			if held[j].at <= i {
				deliver(held[j].i, held[j].p)
				held[j] = held[len(held)-1]
				held = held[:len(held)-1]
			} else {
				j++
			}
		}
	}
}

// Every packet that arrives within the window of 128 must be read, whatever was lost or came
// late at the wrap, and the ROC must count the wraps.
func TestSequenceNumbersWrapUnderLossAndReorder(t *testing.T) {
	const first = 65000
	packets := wrapPackets(t)
	for _, p := range []Profile{AES128CM80, AES256GCM} {
		t.Run(p.String(), func(t *testing.T) {
			key := newTestKey(t, p)
			sender, receiver := newTestContext(t, key), newTestContext(t, key)
			buffer, out := make([]byte, 300), make([]byte, 300)
			came, highest := 0, 0
			disorder(packets, first, WindowSize, func(i int) []byte {
				n, err := sender.ProtectRTP(buffer, rtpPacket(5, uint16(first+i), 20))
				if err != nil {
					t.Fatalf("protect %d: %v", i, err)
				}
				return buffer[:n]
			}, func(i int, protected []byte) {
				n, err := receiver.UnprotectRTP(out, protected)
				if err != nil {
					t.Fatalf("packet %d, sequence number %d: %v", i, uint16(first+i), err)
				}
				if want := rtpPacket(5, uint16(first+i), 20); !bytes.Equal(out[:n], want) {
					t.Fatalf("packet %d: %x, want %x", i, out[:n], want)
				}
				came++
				highest = max(highest, i)
			})
			if came < packets*9/10 {
				t.Errorf("%d of %d packets came", came, packets)
			}
			if got, want := receiver.AppendState(nil)[0].Index, uint64(first+highest); got != want {
				t.Errorf("index %#x, want %#x", got, want)
			}
		})
	}
}

// The same with pion as sender, and as receiver.
func TestSequenceNumbersWrapWithPion(t *testing.T) {
	const first = 65300
	for _, p := range []Profile{AES128CM80, AES128GCM} {
		key := newTestKey(t, p)
		ours, theirs := newTestContext(t, key), newPion(t, key)
		buffer, out := make([]byte, 300), make([]byte, 300)
		t.Run(p.String()+" sends", func(t *testing.T) {
			disorder(1<<16+2000, first, WindowSize, func(i int) []byte {
				b, err := theirs.EncryptRTP(buffer[:0], rtpPacket(6, uint16(first+i), 20), nil)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}, func(i int, protected []byte) {
				n, err := ours.UnprotectRTP(out, protected)
				if err != nil || !bytes.Equal(out[:n], rtpPacket(6, uint16(first+i), 20)) {
					t.Fatalf("packet %d: %x, %v", i, out[:n], err)
				}
			})
		})
		ours, theirs = newTestContext(t, key), newPion(t, key, pion.SRTPReplayProtection(256))
		t.Run(p.String()+" receives", func(t *testing.T) {
			disorder(1<<16+2000, first, WindowSize, func(i int) []byte {
				n, err := ours.ProtectRTP(buffer, rtpPacket(6, uint16(first+i), 20))
				if err != nil {
					t.Fatal(err)
				}
				return buffer[:n]
			}, func(i int, protected []byte) {
				b, err := theirs.DecryptRTP(nil, protected, nil)
				if err != nil || !bytes.Equal(b, rtpPacket(6, uint16(first+i), 20)) {
					t.Fatalf("packet %d: %x, %v", i, b, err)
				}
			})
		})
	}
}

// protectAt protects one packet under a chosen ROC, as a sender that has been talking.
func protectAt(t *testing.T, k Key, ssrc uint32, index uint64) []byte {
	t.Helper()
	sender := newTestContext(t, k)
	st, err := sender.current.add(ssrc)
	if err != nil {
		t.Fatal(err)
	}
	if index > 0 {
		st.hasRTP, st.index, st.window = true, index-1, window{lo: 1}
	}
	buffer := make([]byte, 300)
	n, err := sender.ProtectRTP(buffer, rtpPacket(ssrc, uint16(index), 20))
	if err != nil {
		t.Fatalf("protect %#x: %v", index, err)
	}
	return buffer[:n]
}

// A phone may start near the top of the sequence numbers, and we may miss its first packets.
func TestFirstPacketAfterTheWrapIsRead(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		receiver := newTestContext(t, k)
		for i, index := range []uint64{0x10002, 0x10003, 0xffff, 0x10001, 0x10004} {
			b := protectAt(t, k, 3, index)
			if _, err := receiver.UnprotectRTP(b, b); err != nil {
				t.Fatalf("packet %d, index %#x: %v", i, index, err)
			}
		}
		if got := receiver.AppendState(nil)[0].Index; got != 0x10004 {
			t.Errorf("index %#x, want 0x10004", got)
		}
	})
}

func TestSenderStaysInStepWithItsReceivers(t *testing.T) {
	key := newTestKey(t, AES128CM80)
	for _, tt := range []struct {
		name string
		seqs []uint16
		want []error
	}{
		{"reordered first packets are not sent as a new cycle", []uint16{1, 0xffff, 2}, []error{nil, ErrReplay, nil}},
		{"twice the same", []uint16{10, 10, 11}, []error{nil, ErrReplay, nil}},
		{"reordered", []uint16{10, 12, 11}, []error{nil, nil, nil}},
		{"too far back", []uint16{1000, 1000 - WindowSize, 1001 - WindowSize}, []error{nil, ErrReplay, nil}},
		{"jump in the first cycle", []uint16{100, 40000, 40001}, []error{nil, nil, nil}},
		{"through the wrap", []uint16{0xfffe, 0xffff, 1, 0, 2}, []error{nil, nil, nil, nil, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sender, receiver, theirs := newTestContext(t, key), newTestContext(t, key), newPion(t, key)
			for i, seq := range tt.seqs {
				buffer := make([]byte, 300)
				n, err := sender.ProtectRTP(buffer, rtpPacket(1, seq, 20))
				if err != tt.want[i] {
					t.Fatalf("sequence number %d: %v, want %v", seq, err, tt.want[i])
				}
				if err != nil {
					continue
				}
				if _, err := theirs.DecryptRTP(nil, buffer[:n], nil); err != nil {
					t.Errorf("sequence number %d: pion: %v", seq, err)
				}
				if _, err := receiver.UnprotectRTP(buffer, buffer[:n]); err != nil {
					t.Errorf("sequence number %d: %v", seq, err)
				}
			}
		})
	}
}

func TestKeyExpires(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		sender, receiver := newTestContext(t, k), newTestContext(t, k)
		for _, c := range []*Context{sender, receiver} {
			st, _ := c.current.add(1)
			st.hasRTP, st.index, st.rtcpIndex = true, maxRTPIndex-2, maxRTCPIndex-1
		}
		buffer := make([]byte, 300)
		for i, want := range []error{nil, nil, ErrKeyExpired} {
			n, err := sender.ProtectRTP(buffer, rtpPacket(1, uint16(0xfffe+i), 20))
			if err != want {
				t.Fatalf("protect RTP %d: %v, want %v", i, err, want)
			}
			if want == nil {
				if _, err = receiver.UnprotectRTP(buffer, buffer[:n]); err != nil {
					t.Fatalf("unprotect RTP %d: %v", i, err)
				}
			}
		}
		if _, err := receiver.UnprotectRTP(buffer, protectAt(t, k, 1, 0)); err != ErrAuth {
			t.Fatalf("unprotect after the last: %v, want ErrAuth", err)
		}
		for i, want := range []error{nil, ErrKeyExpired} {
			n, err := sender.ProtectRTCP(buffer, rtcpPacket(1))
			if err != want {
				t.Fatalf("protect RTCP %d: %v, want %v", i, err, want)
			}
			if want == nil {
				if _, err = receiver.UnprotectRTCP(buffer, buffer[:n]); err != nil {
					t.Fatalf("unprotect RTCP %d: %v", i, err)
				}
			}
		}
	})
}
