package scenario

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
)

// connect lets a call b and waits until both are up.
func connect(ctx context.Context, a, b *phone.Phone) (out, in *phone.Call, err error) {
	limited, cancel := soon(ctx)
	defer cancel()
	if out, err = a.Dial(limited, b.Tel()); err != nil {
		return nil, nil, err
	}
	if in, err = b.WaitIncoming(limited); err != nil {
		return out, nil, fmt.Errorf("%s calls %s: %w (the caller was told %d %s)", a.Tel(), b.Tel(), err, out.Status().Code, out.Status().Reason)
	}
	if err = out.WaitAnswered(limited); err != nil {
		return out, in, fmt.Errorf("%s calls %s: %w", a.Tel(), b.Tel(), err)
	}
	return out, in, in.WaitAnswered(limited)
}

// clean says whether a hearing is one talker at the level it speaks and nothing of the listener itself.
func clean(h audio.Hearing, talker, self string) bool {
	return math.Abs(h.Named(talker).Usual-speech) <= levelError && h.Named(self).Level <= absent
}

// bothWays listens on both ends of a call and words what was heard.
func (r *run) bothWays(ctx context.Context, d time.Duration, out, in *phone.Call) (ok bool, measured string, err error) {
	a, b := out.Phone(), in.Phone()
	if err := errors.Join(audible(ctx, out, b), audible(ctx, in, a)); err != nil {
		return false, err.Error(), nil
	}
	heard, _, err := r.listen(ctx, d, []audio.Tone{tone(a), tone(b)}, out, in)
	if err != nil {
		return false, "", err
	}
	ok = clean(heard[0], b.Tel(), a.Tel()) && clean(heard[1], a.Tel(), b.Tel())
	return ok, fmt.Sprintf("%s at %.1f dBFS, %s at %.1f; own voice %.1f and %.1f; spoken at %.0f",
		a.Tel(), heard[1].Named(a.Tel()).Usual, b.Tel(), heard[0].Named(b.Tel()).Usual,
		heard[0].Named(a.Tel()).Level, heard[1].Named(b.Tel()).Level, speech), nil
}

// callAndHold is a basic call with ringing, hold and resume, and the delay of the relay.
func (r *run) callAndHold(ctx context.Context, a, b *phone.Phone) error {
	limited, cancel := soon(ctx)
	defer cancel()
	out, err := a.Dial(limited, b.Tel())
	if err != nil {
		return err
	}
	status, err := out.Wait(limited, func(s phone.Status) bool { return s.State >= phone.Ringing })
	if err != nil {
		return err
	}
	r.check(checkRinging, status.State == phone.Ringing && status.Code == 180, "%s: %d %s", status.State, status.Code, status.Reason)
	in, err := b.WaitIncoming(limited)
	if err != nil {
		return err
	}
	if err := errors.Join(out.WaitAnswered(limited), in.WaitAnswered(limited)); err != nil {
		return err
	}
	ok, measured, err := r.bothWays(ctx, time.Second, out, in)
	if err != nil {
		return err
	}
	r.check(checkCall, ok, "%s", measured)
	if err := r.hold(ctx, out, in); err != nil {
		return err
	}
	resume, cancelResume := soon(ctx)
	defer cancelResume()
	if err := out.Resume(resume); err != nil {
		return err
	}
	ok, measured, err = r.bothWays(ctx, time.Second, out, in)
	if err != nil {
		return err
	}
	r.check(checkResume, ok, "%s", measured)
	delay := summarise(append(out.Stats().Latencies, in.Stats().Latencies...))
	r.mu.Lock()
	r.report.RelayDelay = &delay
	r.mu.Unlock()
	// The highest percentiles of a loaded machine are its scheduler's, so the bar is on the 95th.
	r.check(checkRelay, delay.N > 0 && delay.P95 < relayLimit, "%s packets recognised", delay)
	end, cancelEnd := soon(ctx)
	defer cancelEnd()
	if err := in.Hangup(end); err != nil { // this time the callee hangs up
		return err
	}
	_, err = out.WaitEnded(end)
	return err
}

// hold holds the call from out and judges what both hear.
func (r *run) hold(ctx context.Context, out, in *phone.Call) error {
	limited, cancel := soon(ctx)
	defer cancel()
	if err := out.Hold(limited, phone.SendOnly); err != nil {
		return err
	}
	if err := pause(ctx, 200*time.Millisecond); err != nil { // what was said before dies away
		return err
	}
	a, b := out.Phone(), in.Phone()
	list := []audio.Tone{tone(a), tone(b)}
	for i, hz := range r.target.HoldTone {
		list = append(list, audio.Tone{Name: fmt.Sprintf("hold tone %d", i), Hz: hz})
	}
	// Long enough for a whole period of the usual cadences.
	heard, _, err := r.listen(ctx, 2600*time.Millisecond, list, out, in)
	if err != nil {
		return err
	}
	held := heard[1]
	ok := held.Named(a.Tel()).Level <= absent && held.Total >= speech-30
	var measured strings.Builder
	fmt.Fprintf(&measured, "holder %.1f dBFS, all sound %.1f", held.Named(a.Tel()).Level, held.Total)
	for _, t := range held.Tones[2:] {
		ok = ok && t.Max >= speech-25
		fmt.Fprintf(&measured, ", %.0f Hz up to %.1f", t.Hz, t.Max)
	}
	r.check(checkHeld, ok, "%s", measured.String())
	r.check(checkHolder, heard[0].Named(b.Tel()).Level <= absent, "the held phone at %.1f dBFS, all sound %.1f", heard[0].Named(b.Tel()).Level, heard[0].Total)
	return nil
}

// transcoding is a call between phones without a common codec.
func (r *run) transcoding(ctx context.Context, a, b *phone.Phone) error {
	out, in, err := connect(ctx, a, b)
	if err != nil {
		return err
	}
	ok, measured, err := r.bothWays(ctx, 1500*time.Millisecond, out, in)
	if err != nil {
		return err
	}
	r.check(checkTranscode, ok, "%s", measured)
	limited, cancel := soon(ctx)
	defer cancel()
	if err := out.Hangup(limited); err != nil {
		return err
	}
	_, err = in.WaitEnded(limited)
	return err
}

// refusals are calls that are not answered.
func (r *run) refusals(ctx context.Context, a, b *phone.Phone) error {
	limited, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	expect := func(name, number string, code int) {
		_, err := a.Call(limited, number)
		var f *phone.Failure
		if errors.As(err, &f) {
			r.check(name, f.Code == code, "%d %s", f.Code, f.Reason)
			return
		}
		r.check(name, false, "%v", err)
	}
	expect(checkUnknown, r.target.Unknown, 404)
	b.SetIncoming(phone.Busy)
	expect(checkBusy, b.Tel(), 486)
	b.SetIncoming(phone.Manual)
	defer b.SetIncoming(phone.Auto)
	out, err := a.Dial(limited, b.Tel())
	if err != nil {
		return err
	}
	in, err := b.WaitIncoming(limited)
	if err != nil {
		return err
	}
	if err := out.WaitRinging(limited); err != nil {
		return err
	}
	if err := out.Cancel(limited); err != nil {
		return err
	}
	ended, err := in.WaitEnded(limited)
	if err != nil {
		return err
	}
	r.check(checkCancel, out.Status().Code == 487 && ended.Code == 487 && ended.ByPeer, "caller %d %s, callee: %s", out.Status().Code, out.Status().Reason, ended.Reason)
	return nil
}
