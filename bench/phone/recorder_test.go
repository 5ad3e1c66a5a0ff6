package phone

import (
	"testing"
	"time"
)

// frameOf returns 160 samples of one value.
func frameOf(v int16) []int16 {
	pcm := make([]int16, frame)
	for i := range pcm {
		pcm[i] = v
	}
	return pcm
}

// heardIn lists which frame value was heard in each 20 ms from the start.
func heardIn(r *recorder, n int) []int16 {
	pcm := r.between(r.start, r.start.Add(time.Duration(n)*20*time.Millisecond))
	var values []int16
	for i := range n {
		values = append(values, pcm[i*frame+frame/2])
	}
	return values
}

func TestRecorder(t *testing.T) {
	type packet struct {
		ms        int // arrival
		ssrc      uint32
		timestamp uint32
		value     int16
	}
	for _, c := range []struct {
		name    string
		packets []packet
		want    []int16
		late    int
		streams int
	}{
		{"constant delay of one frame", []packet{{0, 1, 1000, 1}, {20, 1, 1160, 2}, {40, 1, 1320, 3}}, []int16{0, 1, 2, 3, 0}, 0, 1},
		{"jitter below the delay", []packet{{0, 1, 0, 1}, {39, 1, 160, 2}, {41, 1, 320, 3}}, []int16{0, 1, 2, 3}, 0, 1},
		{"swapped", []packet{{0, 1, 0, 1}, {30, 1, 320, 3}, {35, 1, 160, 2}}, []int16{0, 1, 2, 3}, 0, 1},
		{"a lost packet is a hole", []packet{{0, 1, 0, 1}, {40, 1, 320, 3}}, []int16{0, 1, 0, 3}, 0, 1},
		{"a late packet is a hole", []packet{{0, 1, 0, 1}, {80, 1, 160, 2}, {80, 1, 480, 4}}, []int16{0, 1, 0, 0, 4}, 1, 1},
		{"timestamps wrap", []packet{{0, 1, 0xffffff60, 1}, {20, 1, 0, 2}}, []int16{0, 1, 2}, 0, 1},
		{"a new stream starts over", []packet{{0, 1, 0, 1}, {20, 2, 777777, 2}}, []int16{0, 1, 2}, 0, 2},
		{"a jump forward starts over", []packet{{0, 1, 0, 1}, {20, 1, 900000, 2}}, []int16{0, 1, 2}, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRecorder(time.Unix(1000, 0), 20*time.Millisecond)
			for _, p := range c.packets {
				r.place(r.start.Add(time.Duration(p.ms)*time.Millisecond), p.ssrc, p.timestamp, frameOf(p.value))
			}
			got := heardIn(r, len(c.want))
			for i := range c.want {
				if got[i] != c.want[i] {
					t.Fatalf("heard %v, want %v", got, c.want)
				}
			}
			if late, streams := r.counts(); late != c.late || streams != c.streams {
				t.Errorf("%d late, %d streams", late, streams)
			}
		})
	}
}

func TestRecorderFollowsAClockThatStaysLate(t *testing.T) {
	r := newRecorder(time.Unix(1000, 0), 20*time.Millisecond)
	for i := range 40 {
		at := time.Duration(i) * 20 * time.Millisecond
		if i >= 10 {
			at += 100 * time.Millisecond
		}
		r.place(r.start.Add(at), 1, uint32(i*frame), frameOf(int16(i)))
	}
	got := heardIn(r, 45)
	if got[44] == 0 {
		t.Errorf("never caught up: %v", got)
	}
	if late, _ := r.counts(); late != lateInRow {
		t.Errorf("%d late", late)
	}
}

func TestRecorderIsBounded(t *testing.T) {
	r := newRecorder(time.Unix(1000, 0), 20*time.Millisecond)
	r.place(r.start.Add(24*time.Hour), 1, 0, frameOf(1))
	if len(r.pcm) != 0 {
		t.Errorf("%d samples kept", len(r.pcm))
	}
	r.place(r.start.Add(-time.Hour), 2, 0, frameOf(1)) // a clock that was set back
	if n := len(r.between(r.start.Add(-time.Second), r.start.Add(time.Second))); n != 2*rate {
		t.Errorf("%d samples in two seconds", n)
	}
}

func TestLedgerKnowsOnlyWhatWasSent(t *testing.T) {
	l := NewLedger()
	at := time.Unix(5, 0)
	l.sent(7, 65535, 160, at)
	if got, ok := l.lookup(7, 65535, 160); !ok || !got.Equal(at) {
		t.Error("not found")
	}
	for _, q := range []struct {
		ssrc     uint32
		sequence uint16
		ts       uint32
	}{{8, 65535, 160}, {7, 65534, 160}, {7, 65535, 161}, {7, 65535 - ledgerDepth, 160}} {
		if _, ok := l.lookup(q.ssrc, q.sequence, q.ts); ok {
			t.Errorf("%+v was never sent", q)
		}
	}
	var none *Ledger
	none.sent(1, 1, 1, at)
	if _, ok := none.lookup(1, 1, 1); ok {
		t.Error("no ledger knows nothing")
	}
}

func TestPercentile(t *testing.T) {
	d := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := Percentile(d, q); got != want {
			t.Errorf("%v: got %d, want %d", q, got, want)
		}
	}
	if Percentile(nil, 0.5) != 0 {
		t.Error("nothing has a percentile")
	}
}
