package relay

import (
	"math/rand/v2"
	"testing"

	"sidetone/relay/rtp"
)

// Late packets keep their places while others are taken out and put in before them.
func TestNumbersOfLatePackets(t *testing.T) {
	var n numbers
	packet := func(seq uint16) []byte {
		b := make([]byte, rtp.HeaderSize)
		rtp.Header{SequenceNumber: seq, SSRC: 1}.Put(b)
		return b
	}
	pass := func(seq uint16) uint16 {
		b := packet(seq)
		n.pass(b, len(b), 0)
		return rtp.SequenceNumber(b)
	}
	check := func(what string, got, want uint16) {
		t.Helper()
		if got != want {
			t.Errorf("%s leaves as %d, want %d", what, got, want)
		}
	}
	check("65534", pass(65534), 65534)
	n.drop(packet(0)) // 65535 is late
	n.drop(packet(1))
	check("2", pass(2), 0)
	check("65535", pass(65535), 65535)
	check("put in", n.insert(), 1)
	check("put in", n.insert(), 2)
	check("3", pass(3), 3)
	check("4", pass(4), 4)
	n.drop(packet(6))
	check("5", pass(5), 5)
	check("7", pass(7), 6)
	check("after a jump", pass(30000), 29999)
	check("the next", pass(30001), 30000)
}

// merger is what forward does with a stream of packets, of which several make one payload.
type merger struct {
	numbers
	of   int // packets to a payload
	left []uint16
	sent int // payloads
}

// take takes a packet and reports whether one left.
func (m *merger) take(seq uint16, marker bool) (number uint16, marked, left bool) {
	b := make([]byte, rtp.HeaderSize+80)
	rtp.Header{SequenceNumber: seq, SSRC: 1, Marker: marker}.Put(b)
	if m.kept < m.of-1 {
		m.keep(b)
		return 0, false, false
	}
	m.join(b)
	m.pass(b, len(b), 0)
	m.sent++
	m.left = append(m.left, rtp.SequenceNumber(b))
	return rtp.SequenceNumber(b), rtp.Marker(b), true
}

// gaps counts the numbers that are missing of those that left.
func (m *merger) gaps() (missing int) {
	for i := 1; i < len(m.left); i++ {
		missing += rtp.SeqDiff(m.left[i], m.left[i-1]) - 1
	}
	return missing
}

// What is made of several packets is numbered without a gap where nothing was lost, also where numbers begin again, and with one for each
// payload that was.
func TestNumbersOfMergedPackets(t *testing.T) {
	for _, c := range []struct {
		name string
		of   int
		lost func(i int) bool
		want int // numbers missing
	}{
		{"one of one", 1, func(int) bool { return false }, 0},
		{"one of two", 2, func(int) bool { return false }, 0},
		{"one of four", 4, func(int) bool { return false }, 0},
		{"one of one, a tenth lost", 1, func(i int) bool { return i%10 == 5 }, 1000},
		{"one of two, a tenth lost", 2, func(i int) bool { return i%10 == 5 }, 500},
		{"one of two, two in a hundred lost together", 2, func(i int) bool { return i%100 == 50 || i%100 == 51 }, 100},
		{"one of two, three in a hundred lost together", 2, func(i int) bool { return i%100/3 == 5 }, 150},
		{"one of four, one lost", 4, func(i int) bool { return i == 777 }, 1},
		{"one of four, a tenth lost", 4, func(i int) bool { return i%10 == 5 }, 250},
	} {
		m := merger{of: c.of}
		lost := 0
		for i := range 10000 {
			if c.lost(i) {
				lost++
			} else {
				m.take(uint16(65500+i), false)
			}
		}
		if got := m.gaps(); got != c.want || m.sent != (10000-lost)/c.of {
			t.Errorf("%s: %d payloads and %d numbers missing, want %d", c.name, m.sent, got, c.want)
		}
	}
}

// No number is given twice, whatever comes late, twice or not at all, and whatever is put in.
func TestNumbersAreGivenOnce(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := merger{of: 2 + int(seed)%3}
		seen := map[uint16]int{}
		at := 0
		give := func(n uint16) {
			if at++; seen[n] > 0 && at-seen[n] < 30000 {
				t.Fatalf("seed %d: %d again", seed, n)
			}
			seen[n] = at
		}
		for seq, i := uint16(65000), 0; i < 20000; i, seq = i+1, seq+1 {
			switch r.IntN(20) {
			case 0: // lost
				continue
			case 1: // late, or twice
				if n, _, left := m.take(seq-uint16(1+r.IntN(5)), false); left && m.group > 1 {
					give(n)
				}
			case 2:
				if m.started {
					give(m.insert())
				}
			}
			if n, _, left := m.take(seq, false); left {
				give(n)
			}
		}
	}
}

// The marker of a packet that waits is that of the payload.
func TestMergedPacketsKeepTheMarker(t *testing.T) {
	m := merger{of: 2}
	for seq, want := range []bool{true, false, true} {
		m.take(uint16(2*seq), want && seq == 0)
		if _, got, _ := m.take(uint16(2*seq+1), want && seq == 2); got != want {
			t.Errorf("packets %d and the next: marker %v", 2*seq, got)
		}
	}
}

func TestNumbersNoAllocs(t *testing.T) {
	var n numbers
	b := make([]byte, rtp.HeaderSize+80)
	if got := testing.AllocsPerRun(200, func() { mergeTwo(&n, b) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkNumbersMerged(b *testing.B) {
	var n numbers
	p := make([]byte, rtp.HeaderSize+80)
	b.ReportAllocs()
	for b.Loop() {
		mergeTwo(&n, p)
	}
}

func mergeTwo(n *numbers, b []byte) {
	rtp.SetSequenceNumber(b, n.highest+1)
	n.keep(b)
	rtp.SetSequenceNumber(b, n.highest+1)
	n.join(b)
	n.pass(b, len(b), 0)
}
