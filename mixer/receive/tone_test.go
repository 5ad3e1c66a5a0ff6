package receive

import (
	"math"
	"testing"
	"time"

	"sidetone/codecs/pcm"
	"sidetone/jitter"
)

const (
	loud   = 0.3              // amplitude of the tones
	steady = 3 * time.Second  // after this a stream has come to its delay
	ever   = 10 * time.Minute // more than any test
)

// levelOff gives how far the level of the worst 20 ms is from that of a sine, dB.
func levelOff(heard []int16, amplitude float64) (worst float64) {
	want := 20*math.Log10(amplitude) - 3.0103
	for i := 0; i+160 <= len(heard); i += 160 {
		worst = max(worst, math.Abs(pcm.Level(heard[i:i+160])-want))
	}
	return worst
}

func TestCleanToneIsUnbrokenAtItsLevel(t *testing.T) {
	tests := []struct {
		name  string
		hz    float64
		ptime time.Duration
		phase time.Duration
		ppm   float64
	}{
		{"1 kHz", 1000, 20 * time.Millisecond, 7 * time.Millisecond, 0},
		{"1 kHz, tick right after the packets", 1000, 20 * time.Millisecond, 0, 0},
		{"1 kHz, tick right before the packets", 1000, 20 * time.Millisecond, 19 * time.Millisecond, 0},
		{"1 kHz, sender slow", 1000, 20 * time.Millisecond, 7 * time.Millisecond, 200},
		{"1 kHz, sender fast", 1000, 20 * time.Millisecond, 7 * time.Millisecond, -200},
		{"440 Hz, sender slow", 440, 20 * time.Millisecond, 7 * time.Millisecond, 200},
		{"697 Hz, sender fast", 697, 20 * time.Millisecond, 7 * time.Millisecond, -200},
		{"1633 Hz, sender slow", 1633, 20 * time.Millisecond, 7 * time.Millisecond, 200},
		{"packets of 10 ms", 1000, 10 * time.Millisecond, 7 * time.Millisecond, 100},
		{"packets of 30 ms", 1000, 30 * time.Millisecond, 7 * time.Millisecond, 100},
		{"packets of 40 ms", 1000, 40 * time.Millisecond, 7 * time.Millisecond, -100},
		{"packets of 60 ms", 1000, 60 * time.Millisecond, 7 * time.Millisecond, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sender{signal: tone(tt.hz, loud), ptime: tt.ptime, ppm: tt.ppm}
			l := newListener(jitter.Config{})
			l.phase = tt.phase
			length := 30 * time.Second
			if tt.ppm != 0 {
				length = 110 * time.Second // a tick of drift, and some, at 200 ppm
			}
			l.hear(s.say(0, length), 0)
			running := l.between(200*time.Millisecond, ever)
			if n, worst := breaks(running, tt.hz, loud); n != 0 {
				t.Errorf("%d discontinuities, the worst %.2f of the amplitude", n, worst)
			}
			// A whole number of periods fits 20 ms only at some frequencies; then the level is exact.
			if worst := levelOff(l.between(steady, ever), loud); tt.hz == 1000 && worst > 0.1 {
				t.Errorf("level off by %.3f dB", worst)
			}
			st := l.Stats()
			if st.Concealed != 0 || st.Jitter.Underruns != 0 || st.Jitter.Skipped != 0 {
				t.Errorf("%+v", st)
			}
			if st.Jitter.Delay > 48*time.Millisecond {
				t.Errorf("delay %v", st.Jitter.Delay)
			}
		})
	}
}

// The delay by the audio itself: the tone changes at a known moment, and is heard changed so much later
// than its packet could have come.
func TestAddedDelayHeard(t *testing.T) {
	const change = 4 * time.Second
	for phase := time.Duration(0); phase < 20*time.Millisecond; phase += 3 * time.Millisecond {
		s := sender{signal: func(t float64) float64 {
			if t < change.Seconds() {
				return 0
			}
			return loud * math.Sin(2*math.Pi*500*t)
		}}
		l := newListener(jitter.Config{})
		l.phase = phase
		l.hear(s.say(0, 5*time.Second), 0)
		for i, v := range l.heard {
			if v > 1000 {
				// Sample i was pulled as part of a frame; the listener hears the frame from its tick on.
				heard := phase + time.Duration(i)*125*time.Microsecond
				// 20 ms of packetisation; 0.125 ms for the sine to rise.
				if added := heard - change - 20*time.Millisecond; added < 20*time.Millisecond || added > 50*time.Millisecond {
					t.Errorf("phase %v: %v added by jitter buffer, concealment and tick", phase, added)
				}
				break
			}
		}
	}
}

func TestDisturbedToneHasNoGap(t *testing.T) {
	ms := time.Millisecond
	say := func(hz float64) []datagram {
		return (&sender{signal: tone(hz, loud)}).say(0, 30*time.Second)
	}
	tests := []struct {
		name    string
		d       []datagram
		breaks  int
		gap     time.Duration
		delay   time.Duration
		conceal time.Duration
	}{
		{"jitter 10 ms", jittered(say(1000), 1, 10*ms), 0, 0, 45 * ms, 0},
		{"jitter 40 ms", jittered(say(1000), 2, 40*ms), 0, 0, 65 * ms, 40 * ms},
		{"jitter 100 ms", jittered(say(1000), 3, 100*ms), 0, 0, 125 * ms, 100 * ms},
		{"1 % lost", lossy(say(1000), 4, 0.01), 0, 10 * ms, 45 * ms, 1000 * ms},
		{"5 % lost", lossy(say(1000), 5, 0.05), 0, 20 * ms, 45 * ms, 4000 * ms},
		{"10 % lost", lossy(say(1000), 6, 0.10), 0, 40 * ms, 45 * ms, 7000 * ms},
		{"a stall of 60 ms", stalled(say(1000), 15*time.Second, 60*ms), 0, 10 * ms, 45 * ms, 60 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newListener(jitter.Config{}).hear(tt.d, 0)
			running := l.between(steady, ever)
			n, worst := breaks(running, 1000, loud)
			st := l.Stats()
			t.Logf("worst break %.3f, gap %v, %+v", worst, gap(running, loud), st)
			if n > tt.breaks {
				t.Errorf("%d discontinuities, the worst %.2f of the amplitude", n, worst)
			}
			if g := gap(running, loud); g > tt.gap {
				t.Errorf("a gap of %v", g)
			}
			if st.Jitter.Delay > tt.delay {
				t.Errorf("delay %v", st.Jitter.Delay)
			}
			if c := time.Duration(st.Concealed) * 125 * time.Microsecond; c > tt.conceal {
				t.Errorf("%v concealed", c)
			}
		})
	}
}

// After a stall the audio is late by no more than Max, and comes back to the usual delay.
func TestStallIsRecoveredFrom(t *testing.T) {
	for _, length := range []time.Duration{150 * time.Millisecond, 300 * time.Millisecond, time.Second, 5 * time.Second} {
		s := sender{signal: tone(1000, loud)}
		l := newListener(jitter.Config{}).hear(stalled(s.say(0, 30*time.Second), 10*time.Second, length), 0)
		back := 10*time.Second + length
		if n, worst := breaks(l.between(steady, ever), 1000, loud); n != 0 {
			t.Errorf("stall %v: %d discontinuities, the worst %.2f", length, n, worst)
		}
		if g := gap(l.between(back+40*time.Millisecond, ever), loud); g != 0 {
			t.Errorf("stall %v: a gap of %v after it", length, g)
		}
		if worst := levelOff(l.between(back+100*time.Millisecond, ever), loud); worst > 0.1 {
			t.Errorf("stall %v: level off by %.2f dB after it", length, worst)
		}
		if st := l.Stats(); st.Jitter.Delay > 45*time.Millisecond {
			t.Errorf("stall %v: delay %v at the end", length, st.Jitter.Delay)
		}
	}
}

func TestLateTicksAreNotHeard(t *testing.T) {
	s := sender{signal: tone(1000, loud)}
	d := s.say(0, 30*time.Second)
	l := newListener(jitter.Config{})
	l.late = func(tick int) time.Duration {
		if tick%100 < 3 { // the shard was held up for 60 ms and catches up
			return time.Duration(3-tick%100) * 20 * time.Millisecond
		}
		return time.Duration(tick*7919%5) * time.Millisecond
	}
	l.hear(d, 0)
	if n, worst := breaks(l.between(200*time.Millisecond, ever), 1000, loud); n != 0 {
		t.Errorf("%d discontinuities, the worst %.2f", n, worst)
	}
	if st := l.Stats(); st.Concealed != 0 || st.Jitter.Delay > 45*time.Millisecond {
		t.Errorf("%+v", st)
	}
}

// White noise has no pitch to stretch by, and yet must not stay at the delay it began with.
func TestNoiseComesToTheTargetToo(t *testing.T) {
	x := uint32(1)
	s := sender{signal: func(float64) float64 {
		x = x*1664525 + 1013904223
		return loud * (float64(x)/(1<<31) - 1)
	}}
	l := newListener(jitter.Config{}).hear(s.say(0, 20*time.Second), 0)
	if st := l.Stats(); st.Jitter.Delay > 45*time.Millisecond || st.Concealed != 0 {
		t.Errorf("%+v", st)
	}
	if g := gap(l.between(200*time.Millisecond, ever), loud); g != 0 {
		t.Errorf("a gap of %v", g)
	}
}
