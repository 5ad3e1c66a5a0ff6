package receive

import (
	"testing"
	"time"

	"sidetone/jitter"
)

func TestExplore(t *testing.T) {
	mk := func(hz float64) *sender { return &sender{signal: tone(hz, 0.3)} }
	m := time.Minute
	ms := time.Millisecond
	for _, hz := range []float64{1000, 440, 697} {
		for _, tt := range []struct {
			name string
			d    []datagram
			late func(int) time.Duration
		}{
			{"jitter 10", jittered(mk(hz).say(0, m), 1, 10*ms), nil},
			{"jitter 40", jittered(mk(hz).say(0, m), 1, 40*ms), nil},
			{"jitter 100", jittered(mk(hz).say(0, m), 1, 100*ms), nil},
			{"loss 1", lossy(mk(hz).say(0, m), 1, 0.01), nil},
			{"loss 5", lossy(mk(hz).say(0, m), 1, 0.05), nil},
			{"loss 10", lossy(mk(hz).say(0, m), 1, 0.10), nil},
			{"stall 150", stalled(mk(hz).say(0, m), 20*time.Second, 150*ms), nil},
			{"stall 300", stalled(mk(hz).say(0, m), 20*time.Second, 300*ms), nil},
			{"late ticks", mk(hz).say(0, m), func(i int) time.Duration { return time.Duration(i*7919%5) * ms }},
			{"very late ticks", mk(hz).say(0, m), func(i int) time.Duration {
				if i%100 < 3 {
					return time.Duration(3-i%100) * 20 * ms
				}
				return 0
			}},
		} {
			l := newListener(jitter.Config{})
			l.late = tt.late
			l.hear(tt.d, 0)
			n, worst := breaks(l.between(3*time.Second, time.Hour), hz, 0.3)
			st := l.Stats()
			t.Logf("%v %v: breaks %d worst %.3f gap %v short %d long %d conc %d delay %v target %v under %d lost %d skipped %d", hz, tt.name, n, worst, gap(l.between(200*time.Millisecond, time.Hour), 0.3), st.Shortened, st.Lengthened, st.Concealed, st.Jitter.Delay, st.Jitter.Target, st.Jitter.Underruns, st.Jitter.Lost, st.Jitter.Skipped)
		}
	}
}
