package scenario

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
)

// rate is the phones' sampling rate in Hz.
const rate = 8000

// The bars of the demo.
const (
	speech        = -20.0 // dBFS every phone speaks at
	levelError    = 1.5   // dB by which a call may be louder or softer
	absent        = -60.0 // dBFS: 40 dB below a phone's speech
	ownVoice      = 40.0  // dB the own voice must be below the others
	spread        = 1.0   // dB between the tones of a conference
	longestGap    = 40 * time.Millisecond
	relayLimit    = 5.0   // ms
	mouthLimit    = 120.0 // ms
	tolerable     = 20 * time.Millisecond
	phonePlayout  = 20 * time.Millisecond // a phone with a buffer of one packet
	patience      = 5 * time.Second       // for one step of signalling
	becomeAudible = 3 * time.Second
)

// run is one Demo under way.
type run struct {
	target   Target
	phones   []*phone.Phone
	progress func(step string, fraction float64)
	started  time.Time

	mu     sync.Mutex // guards what follows
	checks map[string]Check
	step   string
	report Report
}

// check files a result.
func (r *run) check(name string, ok bool, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, done := r.checks[name]; done {
		return
	}
	r.checks[name] = Check{Name: name, OK: ok, Measured: fmt.Sprintf(format, args...)}
	r.tell()
}

// begin names the step that starts, for whoever watches.
func (r *run) begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step = step
	r.tell()
}

// tell reports progress; mu is held so that steps arrive in order.
func (r *run) tell() {
	if r.progress != nil {
		r.progress(r.step, float64(len(r.checks))/float64(len(allChecks)))
	}
}

// part runs fn and fails those of the named checks that it did not reach.
func (r *run) part(ctx context.Context, names []string, fn func(ctx context.Context) error) {
	err := fn(ctx)
	for _, name := range names {
		if err != nil {
			r.check(name, false, "not reached: %v", err)
		} else {
			r.check(name, false, "not reached")
		}
	}
}

// finish puts the checks into their order.
func (r *run) finish() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.report
	report.Schema = 1
	for _, name := range allChecks {
		c, ok := r.checks[name]
		if !ok {
			c = Check{Name: name, Measured: "not reached"}
		}
		report.Checks = append(report.Checks, c)
		if c.OK {
			report.Passed++
		} else {
			report.Failed++
		}
	}
	report.Seconds = time.Since(r.started).Seconds()
	return report
}

// soon bounds one step of signalling.
func soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tone is what a phone speaks.
func tone(p *phone.Phone) audio.Tone { return audio.Tone{Name: p.Tel(), Hz: p.Tone()} }

func tones(calls []*phone.Call) []audio.Tone {
	var list []audio.Tone
	for _, c := range calls {
		list = append(list, tone(c.Phone()))
	}
	return list
}

// audible waits until the call hears every one of the phones.
func audible(ctx context.Context, c *phone.Call, talkers ...*phone.Phone) error {
	limited, cancel := context.WithTimeout(ctx, becomeAudible)
	defer cancel()
	var list []audio.Tone
	for _, p := range talkers {
		list = append(list, tone(p))
	}
	for {
		h, err := c.Listen(limited, 200*time.Millisecond, list)
		if err != nil {
			return fmt.Errorf("%s does not hear %s within %v", c.Phone().Tel(), silent(list, h), becomeAudible)
		}
		if silent(list, h) == "" {
			return nil
		}
	}
}

func silent(list []audio.Tone, h audio.Hearing) string {
	var names string
	for _, t := range list {
		if h.Named(t.Name).Usual < speech-10 {
			names += " " + t.Name
		}
	}
	return names
}

// listen records every call over the same stretch of time, from now on, and judges each for all tones.
// It also returns by how long the phones themselves were late in it.
func (r *run) listen(ctx context.Context, d time.Duration, list []audio.Tone, calls ...*phone.Call) ([]audio.Hearing, time.Duration, error) {
	from := time.Now()
	if err := pause(ctx, d+playout+tolerable); err != nil {
		return nil, 0, err
	}
	heard, late := r.judge(from, from.Add(d), list, calls...)
	return heard, late, nil
}

// judge looks back at a stretch of time.
func (r *run) judge(from, to time.Time, list []audio.Tone, calls ...*phone.Call) ([]audio.Hearing, time.Duration) {
	var heard []audio.Hearing
	for _, c := range calls {
		heard = append(heard, audio.Listen(c.Heard(from, to), rate, list))
	}
	// What the phones said a little earlier is heard in this stretch.
	return heard, r.late(from.Add(-300*time.Millisecond), to)
}

// late returns by how much any of the phones themselves was late in a stretch of time.
func (r *run) late(from, to time.Time) time.Duration {
	var late time.Duration
	for _, p := range r.phones {
		late = max(late, p.Paused(from, to))
	}
	return late
}

// gaps returns the longest gap of any talker at any listener, and how long it may be: the bar, and what
// the phones themselves were late by when that was more than a conference's buffers bear.
func gaps(heard []audio.Hearing, names []string, listeners []string, late time.Duration) (longest, allowed time.Duration, where string) {
	for i, h := range heard {
		for _, name := range names {
			if name == listeners[i] {
				continue
			}
			if gap := h.Named(name).Gap; gap.Length > longest {
				longest = gap.Length
				where = fmt.Sprintf(" (%s at %s, after %v)", name, listeners[i], gap.Start)
			}
		}
	}
	allowed = longestGap
	if late > tolerable {
		allowed += late
	}
	return longest, allowed, where
}

// lateness words what the machine did to the phones, when it matters.
func lateness(late time.Duration) string {
	if late <= tolerable {
		return ""
	}
	return fmt.Sprintf("; the phones themselves were %v late", late.Round(time.Millisecond))
}

func tels(calls []*phone.Call) []string {
	var names []string
	for _, c := range calls {
		names = append(names, c.Phone().Tel())
	}
	return names
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}
