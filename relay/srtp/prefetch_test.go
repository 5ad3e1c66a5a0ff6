package srtp

import "testing"

// TestPrefetchTakesEveryContext: fresh, in use, with another key, more than it takes; and changes nothing.
func TestPrefetchTakesEveryContext(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		fresh, used := newTestContext(t, k), newTestContext(t, k)
		packet := make([]byte, 400)
		n, err := used.ProtectRTP(packet, rtpPacket(1, 1, 160))
		if err != nil {
			t.Fatal(err)
		}
		before := used.AppendState(nil)
		rekeyed := newTestContext(t, k)
		if _, err := rekeyed.UnprotectRTP(packet, packet[:n]); err != nil {
			t.Fatal(err)
		}
		if err := rekeyed.Rekey(newTestKey(t, k.Profile)); err != nil {
			t.Fatal(err)
		}
		all := make([]*Context, 0, 3*PrefetchMost)
		for range PrefetchMost {
			all = append(all, fresh, used, rekeyed)
		}
		for n := range len(all) {
			Prefetch(all[:n])
		}
		if allocs := testing.AllocsPerRun(100, func() { Prefetch(all) }); allocs != 0 {
			t.Errorf("%v allocations", allocs)
		}
		if after := used.AppendState(nil); len(after) != 1 || after[0] != before[0] {
			t.Errorf("the state was %+v and is %+v", before, after)
		}
	})
}

// Where Go has assembly for AES, Prefetch knows where the round keys are.
func TestPrefetchKnowsTheKeystreamsMemory(t *testing.T) {
	c := newTestContext(t, newTestKey(t, AES128CM80))
	if _, err := c.ProtectRTP(make([]byte, 400), rtpPacket(1, 1, 160)); err != nil {
		t.Fatal(err)
	}
	if st := &c.current.list[0]; st.memory == nil {
		t.Errorf("nothing is known of the memory of a %T", st.keystream)
	}
	if memoryOf(&blockCTR{}) != nil {
		t.Error("a keystream of few bytes is read past its end")
	}
}
