package srtp

import (
	"testing"

	"pgregory.net/rapid"
)

// The estimate of RFC 3711 appendix A is the index of that sequence number which is nearest
// to the highest one; half way round both are as near, and the same cycle is taken.
func TestEstimateIsTheNearestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		highest := rapid.Uint64Range(0, maxRTPIndex).Draw(t, "highest")
		seq := rapid.Uint16().Draw(t, "seq")
		got := estimate(highest, seq)
		if uint16(got) != seq {
			t.Fatalf("index %x does not end in %x", got, seq)
		}
		distance := got - int64(highest)
		if distance < -1<<15 || distance > 1<<15 {
			t.Fatalf("index %x lies %d from %x", got, distance, highest)
		}
		if (distance == 1<<15 || distance == -1<<15) && uint64(got)>>16 != highest>>16 {
			t.Fatalf("index %x half way round left the cycle of %x", got, highest)
		}
	})
}

func TestEstimateAtTheEdges(t *testing.T) {
	for _, tt := range []struct {
		name    string
		highest uint64
		seq     uint16
		want    int64
	}{
		{"next", 5, 6, 6},
		{"reordered", 5, 4, 4},
		{"wraps", 0xffff, 0, 0x10000},
		{"wraps with loss", 0xfff0, 0x100, 0x10100},
		{"late, from before the wrap", 0x10002, 0xfffe, 0xfffe},
		{"before the start", 2, 0xfffe, -2},
		{"past the end", maxRTPIndex, 0, maxRTPIndex + 1},
		{"half way up", 0x10000, 0x8000, 0x18000},
		{"half way down", 0x18000, 0, 0x10000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := estimate(tt.highest, tt.seq); got != tt.want {
				t.Errorf("estimate(%#x, %#x) = %#x, want %#x", tt.highest, tt.seq, got, tt.want)
			}
		})
	}
}

// A window behaves as a set of all indices of which those too far back count as seen.
func TestWindowIsASetWithAHorizon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		highest := rapid.Uint64Range(0, 1000).Draw(t, "first")
		w, came := window{lo: 1}, map[uint64]bool{highest: true}
		for range rapid.IntRange(1, 300).Draw(t, "packets") {
			far := rapid.SampledFrom([]int64{3, 70, 140, 400}).Draw(t, "far")
			index := uint64(max(0, int64(highest)+rapid.Int64Range(-far, far).Draw(t, "step")))
			if index > highest {
				w.advance(index - highest)
				highest = index
				came[index] = true
				continue
			}
			age := highest - index
			if got, want := w.seen(age), came[index] || age >= WindowSize; got != want {
				t.Fatalf("index %d under highest %d: seen %v, want %v", index, highest, got, want)
			}
			if age < WindowSize {
				w.mark(age)
				came[index] = true
			}
		}
	})
}

func TestLastSequenceFollowsTheHighestIndex(t *testing.T) {
	c := newTestContext(t, newTestKey(t, AES128CM80))
	if _, ok := c.LastSequence(1); ok {
		t.Error("an SSRC that was never there has a last sequence number")
	}
	for _, step := range []struct{ seq, want uint16 }{{65530, 65530}, {65528, 65530}, {3, 3}, {65535, 3}} {
		if _, err := c.ProtectRTP(make([]byte, 300), rtpPacket(1, step.seq, 20)); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.LastSequence(1); !ok || got != step.want {
			t.Errorf("after %d the last one is %d, want %d", step.seq, got, step.want)
		}
	}
	if err := c.Rekey(newTestKey(t, AES128GCM)); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.LastSequence(1); !ok || got != 3 {
		t.Errorf("after the change of key it is %d, want 3", got)
	}
}
