package main

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/control/config"
)

// voices are scripted phones of an office, each with a tone of its own.
func (o *office) voices(t *testing.T, n int, change func(i int, c *phone.Config)) []*phone.Phone {
	t.Helper()
	tones := audio.Voices()
	var list []*phone.Phone
	for i := range n {
		list = append(list, o.phone(t, i, func(c *phone.Config) {
			c.Tone = tones[i]
			if change != nil {
				change(i, c)
			}
		}))
	}
	return list
}

// listens waits until a phone hears those it should at the level they speak, and nobody else of the office.
func listens(t *testing.T, c *phone.Call, talkers ...*phone.Phone) {
	t.Helper()
	var tones []audio.Tone
	for i, hz := range audio.Voices() {
		if i == 5 {
			break
		}
		tones = append(tones, audio.Tone{Name: string(rune('0' + i)), Hz: hz})
	}
	ctx, heard := soon(t), audio.Hearing{}
	for {
		h, err := c.Listen(ctx, 200*time.Millisecond, tones)
		if err != nil {
			t.Fatalf("%s hears %+v, want %d others: %v", c.Phone().Tel(), heard.Tones, len(talkers), err)
		}
		heard = h
		right := true
		for i := range tones {
			talks := slices.ContainsFunc(talkers, func(p *phone.Phone) bool { return p.Tel() == tel(i) })
			level := h.Named(tones[i].Name).Usual
			right = right && (talks && math.Abs(level-spoken) < 1.5 || !talks && level < notHeard)
		}
		if right {
			return
		}
	}
}

func tel(i int) string { return []string{"217", "218", "219", "220", "221"}[i] }

// talk checks that two ends of a call hear each other and nobody else.
func talk(t *testing.T, a, b *phone.Call) {
	t.Helper()
	listens(t, a, b.Phone())
	listens(t, b, a.Phone())
}

// must fails the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func incoming(t *testing.T, p *phone.Phone) *phone.Call {
	t.Helper()
	return must[*phone.Call](t)(p.WaitIncoming(soon(t)))
}

// held is a pair of which the caller has put the other one on hold.
func held(t *testing.T, from, to *phone.Phone) (caller, callee *phone.Call) {
	t.Helper()
	caller, callee = pair(t, from, to)
	hold(t, caller)
	return caller, callee
}

func hold(t *testing.T, c *phone.Call) {
	t.Helper()
	check(t, c.Hold(soon(t), phone.SendOnly))
}

func hangup(t *testing.T, c *phone.Call) {
	t.Helper()
	check(t, c.Hangup(soon(t)))
}

// ends hangs a call up at one phone; it ends at the other one, and nothing is left.
func (o *office) ends(t *testing.T, at, other *phone.Call) {
	t.Helper()
	hangup(t, at)
	ended(t, other)
	o.settled(t)
}

// transferred waits for the outcome of a transfer.
func transferred(t *testing.T, c *phone.Call, want int) {
	t.Helper()
	code, err := c.WaitTransfer(soon(t))
	if err != nil || code != want {
		t.Fatalf("NOTIFY %d %v, want %d; all: %v", code, err, want, c.Transfer())
	}
	if first := c.Transfer()[0]; first != 100 {
		t.Errorf("the first NOTIFY says %d", first)
	}
}

// recalls are short waits for tests of what comes after them.
func recalls(c *config.Config) {
	c.Calls.TransferRecall, c.Calls.ParkRecall, c.Calls.HoldRecall, c.Calls.NoAnswer = time.Second, time.Second, 0, time.Second
}

func TestConsultationAndToggle(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.voices(t, 3, nil)
	first, x := held(t, p[0], p[1])
	second, y := pair(t, p[0], p[2])
	talk(t, second, y)
	hold(t, second)
	check(t, first.Resume(soon(t)))
	talk(t, first, x)
	hold(t, first)
	check(t, second.Resume(soon(t)))
	talk(t, second, y)
	// Back to the first, and the consultation ends: the one on hold is not what is transferred to.
	hold(t, second)
	check(t, first.Resume(soon(t)))
	hangup(t, second)
	ended(t, y)
	talk(t, first, x)
	o.ends(t, x, first)
}

// TestAttendedTransfer: by REFER with Replaces, whichever way the two calls were made; media in both directions
// afterwards, the transferor's lines free, one record for each call.
func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	for name, calledBy := range map[string]bool{"of a call made": false, "of a call received": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := newOffice(t, 3, func(c *config.Config) { c.Store.Dir = dir })
			p := o.voices(t, 3, nil)
			first, x := pair(t, p[0], p[1])
			if calledBy {
				hangup(t, first)
				ended(t, x)
				x, first = pair(t, p[1], p[0])
			}
			hold(t, first)
			second, y := held(t, p[0], p[2])
			if code := must[int](t)(first.Refer(soon(t), p[2].Tel(), second)); code != 202 {
				t.Fatalf("REFER was answered %d", code)
			}
			transferred(t, first, 200)
			ended(t, second)
			hangup(t, first)
			talk(t, x, y)
			hold(t, x)
			check(t, x.Resume(soon(t)))
			talk(t, x, y)
			o.ends(t, y, x)
			want := 2
			if calledBy {
				want = 3
			}
			eventually(t, "the records", func() bool { return len(o.records(t, dir)) == want })
			last := o.records(t, dir)[want-1]
			if last.From != "217" || last.To != "219" || last.TransferredBy != "217" || len(last.Legs) != 3 {
				t.Errorf("record %+v", last)
			}
		})
	}
}

// TestTransferThatIsForgotten: a phone that does not end its call after NOTIFY 200 gets BYE.
func TestTransferThatIsForgotten(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.voices(t, 3, nil)
	first, x := pair(t, p[0], p[1])
	if code := must[int](t)(first.Refer(soon(t), p[2].Tel(), nil)); code != 202 {
		t.Fatalf("REFER was answered %d", code)
	}
	y := incoming(t, p[2])
	transferred(t, first, 200)
	ended(t, first)
	talk(t, x, y)
	o.ends(t, x, y)
}

// TestSemiAttendedTransfer: the target still rings when the transferor gives the party away.
func TestSemiAttendedTransfer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.voices(t, 3, func(i int, c *phone.Config) {
		if i == 2 {
			c.Incoming = phone.Manual
		}
	})
	first, x := held(t, p[0], p[1])
	second := must[*phone.Call](t)(p[0].Dial(soon(t), p[2].Tel()))
	check(t, second.WaitRinging(soon(t)))
	y := incoming(t, p[2])
	must[int](t)(first.Refer(soon(t), p[2].Tel(), second))
	ended(t, second)
	flows(t, 20, x) // ringback
	check(t, y.Answer(soon(t)))
	transferred(t, first, 200)
	hangup(t, first)
	talk(t, x, y)
	o.ends(t, x, y)
}

func TestBlindTransfer(t *testing.T) {
	t.Parallel()
	t.Run("answered", func(t *testing.T) {
		o := newOffice(t, 3, nil)
		p := o.voices(t, 3, nil)
		first, x := held(t, p[0], p[1])
		must[int](t)(first.Refer(soon(t), p[2].Tel(), nil))
		y := incoming(t, p[2])
		if by := y.Header("Referred-By"); by == "" || y.From() != "218" {
			t.Errorf("the target sees a call from %s, Referred-By %q", y.From(), by)
		}
		transferred(t, first, 200)
		hangup(t, first)
		talk(t, x, y)
		o.ends(t, y, x)
	})
	for name, c := range map[string]struct {
		to   string
		want int
	}{
		"to a busy phone":              {"219", 486},
		"to a phone that is not there": {"220", 480},
		"to no number":                 {"999", 404},
		"to the transferor itself":     {"217", 486},
		"to the transferred itself":    {"218", 486},
		"to a code that is for nobody": {"401", 480},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, 4, nil)
			p := o.voices(t, 3, func(i int, c *phone.Config) {
				if i == 2 {
					c.Incoming = phone.Busy
				}
			})
			first, x := held(t, p[0], p[1])
			must[int](t)(first.Refer(soon(t), c.to, nil))
			transferred(t, first, c.want)
			flows(t, 10, x) // on hold as before
			check(t, first.Resume(soon(t)))
			talk(t, first, x)
			o.ends(t, first, x)
		})
	}
	t.Run("to a room", func(t *testing.T) {
		o := newOffice(t, 3, nil)
		p := o.voices(t, 3, nil)
		y := must[*phone.Call](t)(p[2].Call(soon(t), "700"))
		first, x := pair(t, p[0], p[1])
		must[int](t)(first.Refer(soon(t), "700", nil))
		transferred(t, first, 200)
		hangup(t, first)
		talk(t, x, y)
		hangup(t, x)
		hangup(t, y)
		o.settled(t)
	})
}

// TestUnansweredTransfer: nobody answers the target. A transferor that waits for the outcome has its party back; one
// that has hung up is rung.
func TestUnansweredTransfer(t *testing.T) {
	t.Parallel()
	rings := func(i int, c *phone.Config) {
		if i == 2 {
			c.Incoming = phone.Manual
		}
	}
	t.Run("the transferor waits", func(t *testing.T) {
		o := newOffice(t, 3, recalls)
		p := o.voices(t, 3, rings)
		first, x := held(t, p[0], p[1])
		must[int](t)(first.Refer(soon(t), p[2].Tel(), nil))
		y := incoming(t, p[2])
		transferred(t, first, 408)
		ended(t, y)
		check(t, first.Resume(soon(t)))
		talk(t, first, x)
		o.ends(t, first, x)
	})
	t.Run("a dead phone", func(t *testing.T) {
		o := newOffice(t, 3, recalls)
		p := o.voices(t, 3, nil)
		p[2].Vanish()
		first, x := held(t, p[0], p[1])
		must[int](t)(first.Refer(soon(t), "219", nil))
		transferred(t, first, 408)
		check(t, first.Resume(soon(t)))
		talk(t, first, x)
		o.ends(t, first, x)
	})
	t.Run("the transferor has hung up", func(t *testing.T) {
		o := newOffice(t, 3, recalls)
		p := o.voices(t, 3, rings)
		first, x := held(t, p[0], p[1])
		must[int](t)(first.Refer(soon(t), p[2].Tel(), nil))
		hangup(t, first)
		ended(t, incoming(t, p[2]))
		back := incoming(t, p[0])
		talk(t, back, x)
		o.ends(t, x, back)
	})
	t.Run("the transferred gives up", func(t *testing.T) {
		o := newOffice(t, 3, nil)
		p := o.voices(t, 3, rings)
		first, x := held(t, p[0], p[1])
		must[int](t)(first.Refer(soon(t), p[2].Tel(), nil))
		y := incoming(t, p[2])
		hangup(t, x)
		ended(t, y)
		ended(t, first)
		o.settled(t)
	})
}

// TestTransferByHangingUp: one call held, the other one talked in or ringing; the manual's transfer.
func TestTransferByHangingUp(t *testing.T) {
	t.Parallel()
	t.Run("consultation", func(t *testing.T) {
		o := newOffice(t, 3, nil)
		p := o.voices(t, 3, nil)
		first, x := held(t, p[0], p[1])
		second, y := pair(t, p[0], p[2])
		hangup(t, second)
		ended(t, first)
		talk(t, x, y)
		o.ends(t, x, y)
	})
	t.Run("by a phone that takes the first call off hold by itself", func(t *testing.T) {
		o := newOffice(t, 3, nil)
		p := o.voices(t, 3, nil)
		first, x := held(t, p[0], p[1])
		second, y := pair(t, p[0], p[2])
		var both sync.WaitGroup
		both.Go(func() { _ = first.Resume(soon(t)) }) // heard before the BYE or behind it; the call may be gone by then
		hangup(t, second)
		both.Wait()
		ended(t, first)
		talk(t, x, y)
		o.ends(t, x, y)
	})
	ringing := func(t *testing.T, o *office) (x, y *phone.Call, p []*phone.Phone) {
		p = o.voices(t, 3, func(i int, c *phone.Config) {
			if i == 2 {
				c.Incoming = phone.Manual
			}
		})
		first, x := held(t, p[0], p[1])
		second := must[*phone.Call](t)(p[0].Dial(soon(t), p[2].Tel()))
		check(t, second.WaitRinging(soon(t)))
		y = incoming(t, p[2])
		hangup(t, second)
		ended(t, first)
		return x, y, p
	}
	t.Run("ringing, answered", func(t *testing.T) {
		o := newOffice(t, 3, nil)
		x, y, _ := ringing(t, o)
		flows(t, 20, x)
		check(t, y.Answer(soon(t)))
		talk(t, x, y)
		o.ends(t, y, x)
	})
	t.Run("ringing, not answered", func(t *testing.T) {
		o := newOffice(t, 3, recalls)
		x, y, p := ringing(t, o)
		ended(t, y)
		back := incoming(t, p[0])
		talk(t, back, x)
		o.ends(t, back, x)
	})
	t.Run("switched off", func(t *testing.T) {
		o := newOffice(t, 3, func(c *config.Config) { c.Stations[0].TransferOnHangup = false })
		p := o.voices(t, 3, nil)
		first, x := held(t, p[0], p[1])
		second, y := pair(t, p[0], p[2])
		hangup(t, second)
		ended(t, y)
		check(t, first.Resume(soon(t)))
		talk(t, first, x)
		hangup(t, first)
		o.settled(t)
	})
}

// TestReplaces: an INVITE takes over a call that is up, or one that rings; a dialog that is none is 481.
func TestReplaces(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.voices(t, 3, func(i int, c *phone.Config) {
		if i == 1 {
			c.Incoming = phone.Manual
		}
	})
	code := func(c *phone.Call, err error) int {
		must[*phone.Call](t)(c, err)
		return must[phone.Status](t)(c.WaitEnded(soon(t))).Code
	}
	call := must[*phone.Call](t)(p[0].Dial(soon(t), p[1].Tel()))
	ring := incoming(t, p[1])
	check(t, call.WaitRinging(soon(t)))
	if got := code(p[2].Replace(soon(t), call, "")); got != 481 {
		t.Errorf("replacing who calls is answered %d", got)
	}
	taken := must[*phone.Call](t)(p[2].Replace(soon(t), ring, ";early-only"))
	check(t, taken.WaitAnswered(soon(t)))
	ended(t, ring)
	check(t, call.WaitAnswered(soon(t)))
	talk(t, call, taken)
	if got := code(p[1].Replace(soon(t), taken, ";early-only")); got != 486 {
		t.Errorf("early-only of an answered call is answered %d", got)
	}
	again := must[*phone.Call](t)(p[1].Replace(soon(t), taken, ""))
	check(t, again.WaitAnswered(soon(t)))
	ended(t, taken)
	talk(t, call, again)
	if got := code(p[2].Replace(soon(t), taken, "")); got != 481 {
		t.Errorf("replacing what has ended is answered %d", got)
	}
	o.ends(t, call, again)
}

// TestReferRefused: what cannot be done is said so, and the call goes on.
func TestReferRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.voices(t, 3, nil)
	first, x := pair(t, p[0], p[1])
	for _, v := range []string{"<sip:219@h", "<sip:2%0d%0aVia:x@h>", "<mailto:219@h>", "<sip:219@h?Replaces=nothing>", "<sip:219@h;method=BYE>"} {
		if code := must[int](t)(first.ReferTo(soon(t), v)); code != 400 {
			t.Errorf("%s is answered %d", v, code)
		}
	}
	must[int](t)(first.ReferTo(soon(t), "<sip:219@h?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>"))
	transferred(t, first, 481)
	room := must[*phone.Call](t)(p[2].Call(soon(t), "700"))
	must[int](t)(room.Refer(soon(t), "217", nil)) // which is busy: it is not called into the room
	transferred(t, room, 486)
	hangup(t, room)
	talk(t, first, x)
	hangup(t, first)
	o.settled(t)
}

// TestTransferRaces: everything that can cross a transfer, many times; whatever wins, no call and no port is left.
func TestTransferRaces(t *testing.T) {
	t.Parallel()
	rings := func(i int, c *phone.Config) {
		if i == 2 {
			c.Incoming = phone.Manual
		}
	}
	end := func(calls ...*phone.Call) {
		var wg sync.WaitGroup
		for _, c := range calls {
			wg.Go(func() { _ = c.Hangup(soon(t)) }) // whichever is left
		}
		wg.Wait()
	}
	both := func(fns ...func()) {
		var wg sync.WaitGroup
		for _, f := range fns {
			wg.Go(f)
		}
		wg.Wait()
	}
	const rounds = 10
	o := newOffice(t, 3, nil)
	p := o.voices(t, 3, rings)
	consult := func(t *testing.T) (first, second, x, y *phone.Call) {
		first, x = held(t, p[0], p[1])
		second = must[*phone.Call](t)(p[0].Dial(soon(t), p[2].Tel()))
		y = incoming(t, p[2])
		check(t, second.WaitRinging(soon(t)))
		return
	}
	for name, race := range map[string]func(ctx context.Context, first, second, x, y *phone.Call){
		"REFER against the target's BYE": func(ctx context.Context, first, second, x, y *phone.Call) {
			_ = y.Answer(ctx)
			_ = second.WaitAnswered(ctx)
			both(func() { _, _ = first.Refer(ctx, "219", second) }, func() { _ = y.Hangup(ctx) })
		},
		"REFER against the transferred's BYE": func(ctx context.Context, first, second, x, y *phone.Call) {
			_ = y.Answer(ctx)
			_ = second.WaitAnswered(ctx)
			both(func() { _, _ = first.Refer(ctx, "219", second) }, func() { _ = x.Hangup(ctx) })
		},
		"REFER against the transferor's BYE": func(ctx context.Context, first, second, x, y *phone.Call) {
			_ = y.Answer(ctx)
			_ = second.WaitAnswered(ctx)
			both(func() { _, _ = first.Refer(ctx, "219", second) }, func() { _ = second.Hangup(ctx) })
		},
		"REFER against the target's answer": func(ctx context.Context, first, second, x, y *phone.Call) {
			both(func() { _, _ = first.Refer(ctx, "219", second) }, func() { _ = y.Answer(ctx) })
		},
		"CANCEL against 200": func(ctx context.Context, first, second, x, y *phone.Call) {
			both(func() { _ = second.Cancel(ctx) }, func() { _ = y.Answer(ctx) })
		},
		"CANCEL against the transferred's BYE": func(ctx context.Context, first, second, x, y *phone.Call) {
			both(func() { _ = second.Cancel(ctx) }, func() { _ = x.Hangup(ctx) })
		},
		"REFER against re-INVITE": func(ctx context.Context, first, second, x, y *phone.Call) {
			both(func() { _, _ = first.Refer(ctx, "219", second) }, func() { _ = x.Hold(ctx, phone.Inactive) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range rounds {
				first, second, x, y := consult(t)
				race(soon(t), first, second, x, y)
				end(first, second, x, y)
				o.settled(t)
			}
		})
	}
}
