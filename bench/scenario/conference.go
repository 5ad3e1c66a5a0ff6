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

// BuildConference lets owner confer with the members by the feature code, step by step as the manual
// has it: call a member, hold, dial the code and get 480, call the next, whereupon the server clears the
// owner's old call; after the last, dial the code twice in a row and resume. It returns every party's
// call in the conference, the owner's first.
func BuildConference(ctx context.Context, owner *phone.Phone, members []*phone.Phone, code string) ([]*phone.Call, error) {
	calls := make([]*phone.Call, 1, len(members)+1)
	var previous *phone.Call
	for _, member := range members {
		out, in, err := connect(ctx, owner, member)
		if err != nil {
			return nil, err
		}
		limited, cancel := soon(ctx)
		defer cancel()
		if previous != nil {
			status, err := previous.WaitEnded(limited)
			if err != nil || !status.ByPeer {
				return nil, fmt.Errorf("the owner's call before the one to %s was not cleared by the server: %w", member.Tel(), err)
			}
		}
		if err := out.Hold(limited, phone.SendOnly); err != nil {
			return nil, fmt.Errorf("before member %s: %w", member.Tel(), err)
		}
		if err := owner.Feature(limited, code); err != nil {
			return nil, fmt.Errorf("with member %s held: %w", member.Tel(), err)
		}
		calls = append(calls, in)
		previous = out
	}
	if previous == nil {
		return nil, errors.New("a conference needs a member")
	}
	limited, cancel := soon(ctx)
	defer cancel()
	if err := owner.Feature(limited, code); err != nil {
		return nil, fmt.Errorf("the code a second time: %w", err)
	}
	if err := previous.Resume(limited); err != nil {
		return nil, fmt.Errorf("the owner's resume: %w", err)
	}
	calls[0] = previous
	return calls, nil
}

// conference builds one of five, judges it, tries a sixth and lets one vanish.
func (r *run) conference(ctx context.Context, owner *phone.Phone, members []*phone.Phone, sixth *phone.Phone) error {
	r.begin("building a conference of five")
	begin := time.Now()
	calls, err := BuildConference(ctx, owner, members, r.target.ConferenceCode)
	if err != nil {
		return err
	}
	up := time.Since(begin).Round(time.Millisecond)
	for i, c := range calls {
		others := make([]*phone.Phone, 0, len(calls)-1)
		for k, other := range calls {
			if k != i {
				others = append(others, other.Phone())
			}
		}
		if err := audible(ctx, c, others...); err != nil {
			return err
		}
	}
	r.check(checkConference, true, "up after %v, every code answered 480, the owner's old calls cleared", up)
	r.begin("listening to the conference")
	heard, late, err := r.listen(ctx, 3*time.Second, tones(calls), calls...)
	if err != nil {
		return err
	}
	r.judgeConference(heard, tels(calls), late)
	r.begin("measuring mouth to ear")
	if err := r.mouthToEar(ctx, calls, begin); err != nil {
		return err
	}
	r.begin("trying a sixth member")
	if err := r.sixth(ctx, calls, sixth); err != nil {
		return err
	}
	r.begin("letting one phone vanish")
	return r.vanish(ctx, calls)
}

// judgeConference files what was heard in the conference: hearing i is that of party i.
func (r *run) judgeConference(heard []audio.Hearing, names []string, late time.Duration) {
	matrix := &Matrix{Parties: names}
	var missing []string
	softest, loudest := math.Inf(1), math.Inf(-1)
	leak, widest := math.Inf(-1), 0.0
	for i, h := range heard {
		var row []float64
		for _, name := range names {
			row = append(row, round(h.Named(name).Level))
		}
		matrix.DB = append(matrix.DB, row)
		others := without(names, names[i])
		least := math.Inf(1)
		for _, name := range others {
			level := h.Named(name).Usual
			if math.Abs(level-speech) > levelError {
				missing = append(missing, fmt.Sprintf("%s hears %s at %.1f dBFS", names[i], name, level))
			}
			softest, loudest, least = min(softest, level), max(loudest, level), min(least, level)
		}
		leak = max(leak, h.Named(names[i]).Level-least)
		widest = max(widest, h.Spread(others...))
	}
	r.mu.Lock()
	r.report.Heard = matrix
	r.mu.Unlock()
	longest, allowed, where := gaps(heard, names, names, late)
	if missing != nil {
		r.check(checkEveryone, false, "%s", strings.Join(missing, "; "))
	} else {
		r.check(checkEveryone, true, "%d tones, %.2f to %.2f dBFS", len(heard)*(len(names)-1), softest, loudest)
	}
	r.check(checkOwn, leak <= -ownVoice, "own voice at most %.1f dB against the others", leak)
	r.check(checkSpread, widest <= spread, "%.2f dB", widest)
	r.check(checkGaps, longest <= allowed, "longest %v%s%s", longest, where, lateness(late))
}

// mouthToEar lets every party in turn say a chirp and looks for it at the others. Phones that were late
// since the conference began have taught its buffers to wait: that much more is allowed.
func (r *run) mouthToEar(ctx context.Context, calls []*phone.Call, since time.Time) error {
	const window = 500 * time.Millisecond
	chirp := audio.Chirp(700, 3300, speech, rate, rate/5)
	var delays []time.Duration
	var lost []string
	for i, talker := range calls {
		limited, cancel := soon(ctx)
		spoken, err := talker.Say(limited, chirp)
		cancel()
		if err != nil {
			return err
		}
		if err := pause(ctx, time.Until(spoken.Add(window+playout))); err != nil {
			return err
		}
		for k, listener := range calls {
			if k == i {
				continue
			}
			at, _, contrast := audio.Find(listener.Heard(spoken, spoken.Add(window)), chirp)
			if contrast < 8 {
				lost = append(lost, talker.Phone().Tel()+" at "+listener.Phone().Tel())
				continue
			}
			// The recording bears more jitter than a phone that only fills one packet.
			delays = append(delays, audio.Duration(at, rate)-playout+phonePlayout)
		}
	}
	delay := summarise(delays)
	r.mu.Lock()
	r.report.MouthToEar = &delay
	r.mu.Unlock()
	if lost != nil {
		r.check(checkMouth, false, "markers not heard: %s", strings.Join(lost, ", "))
		return nil
	}
	late := r.late(since, time.Now())
	limit := mouthLimit
	if late > tolerable {
		limit += float64(late.Milliseconds())
	}
	r.check(checkMouth, delay.Max < limit, "p50 %.0f ms, max %.0f ms of %d, with 20 ms to fill a packet and 20 ms of the phone's own buffer%s",
		delay.P50, delay.Max, delay.N, lateness(late))
	return nil
}

// sixth lets the owner call one more on another line and dial the code: the call must not join.
func (r *run) sixth(ctx context.Context, calls []*phone.Call, sixth *phone.Phone) error {
	from := time.Now()
	owner := calls[0].Phone()
	refused, err := r.refuseSixth(ctx, owner, sixth)
	if err != nil {
		return err
	}
	window := time.Second
	if err := pause(ctx, window+playout+tolerable); err != nil {
		return err
	}
	to := time.Now().Add(-playout - tolerable)
	list := append(tones(calls), tone(sixth))
	// From when the code was answered on, nobody may hear the sixth nor the sixth the conference.
	heard, _ := r.judge(to.Add(-window), to, list, calls...)
	loudest := math.Inf(-1)
	for _, h := range heard {
		loudest = max(loudest, h.Named(sixth.Tel()).Level)
	}
	overheard := audio.Silence
	for _, c := range sixth.Calls() {
		own, _ := r.judge(to.Add(-window), to, list, c)
		for _, name := range tels(calls) {
			overheard = max(overheard, own[0].Named(name).Level)
		}
	}
	r.check(checkSixth, loudest <= absent && overheard <= absent, "%s; the five hear it at %.1f dBFS, it hears them at %.1f", refused, loudest, overheard)
	heard, late := r.judge(from, to, tones(calls), calls...)
	longest, allowed, where := gaps(heard, tels(calls), tels(calls), late)
	var fallen []string
	for _, c := range calls {
		if s := c.Status(); s.State != phone.Answered {
			fallen = append(fallen, fmt.Sprintf("%s is %s", c.Phone().Tel(), s.State))
		}
	}
	r.check(checkGlitch, longest <= allowed && fallen == nil, "longest gap %v%s in %v%s %s", longest, where, to.Sub(from).Round(time.Millisecond), lateness(late), strings.Join(fallen, ", "))
	for _, line := range owner.Calls() {
		if line == calls[0] {
			continue
		}
		limited, cancel := soon(ctx)
		defer cancel()
		if err := line.Hangup(limited); err != nil {
			return err
		}
	}
	return nil
}

// refuseSixth goes through the manual's steps and words at which the server refused.
func (r *run) refuseSixth(ctx context.Context, owner, sixth *phone.Phone) (string, error) {
	out, _, err := connect(ctx, owner, sixth)
	var f *phone.Failure
	if errors.As(err, &f) {
		return fmt.Sprintf("its call was refused: %d %s", f.Code, f.Reason), nil
	}
	if err != nil {
		return "", err
	}
	limited, cancel := soon(ctx)
	defer cancel()
	if err := out.Hold(limited, phone.SendOnly); err != nil {
		return "", err
	}
	if err := owner.Feature(limited, r.target.ConferenceCode); err != nil {
		return "", err
	}
	return "the code was answered 480", nil
}

// vanish pulls the last party's cable.
func (r *run) vanish(ctx context.Context, calls []*phone.Call) error {
	gone, rest := calls[len(calls)-1], calls[:len(calls)-1]
	from := time.Now()
	gone.Phone().Vanish()
	defer gone.Phone().Revive()
	limited, cancel := context.WithTimeout(ctx, r.target.MediaTimeout+2*time.Second)
	defer cancel()
	seen, err := gone.Phone().WaitSeen(limited, "BYE", gone, from)
	after := seen.At.Sub(from)
	if err != nil {
		r.check(checkVanished, false, "no BYE within %v", r.target.MediaTimeout+2*time.Second)
	} else {
		r.check(checkVanished, after >= r.target.MediaTimeout*8/10, "BYE after %v, the timeout is %v", after.Round(time.Millisecond), r.target.MediaTimeout)
	}
	if err := pause(ctx, 500*time.Millisecond+playout+tolerable); err != nil {
		return err
	}
	to := time.Now().Add(-playout - tolerable)
	heard, late := r.judge(from, to, tones(rest), rest...)
	longest, allowed, where := gaps(heard, tels(rest), tels(rest), late)
	ghosts, _ := r.judge(to.Add(-400*time.Millisecond), to, tones(calls), rest...)
	ghost := math.Inf(-1)
	for _, h := range ghosts {
		ghost = max(ghost, h.Named(gone.Phone().Tel()).Level)
	}
	var fallen []string
	for _, c := range rest {
		if s := c.Status(); s.State != phone.Answered {
			fallen = append(fallen, fmt.Sprintf("%s is %s", c.Phone().Tel(), s.State))
		}
	}
	r.check(checkRest, longest <= allowed && ghost <= absent && fallen == nil, "longest gap %v%s in %v, the vanished at %.1f dBFS%s %s",
		longest, where, to.Sub(from).Round(time.Millisecond), ghost, lateness(late), strings.Join(fallen, ", "))
	gone.Phone().Revive()
	ended, cancelEnded := soon(ctx)
	defer cancelEnded()
	if err == nil {
		_, err = gone.WaitEnded(ended) // by the repeated BYE
	}
	return err
}

func round(level float64) float64 { return math.Round(level*10) / 10 }
