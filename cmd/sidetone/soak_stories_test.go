package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"sidetone/bench/phone"
)

// stories are what a crew plays: phones a, b, c, d in random roles. An error is a step that did not go as written.
var stories = []struct {
	name string
	play func(c *crew, a, b, x, d *phone.Phone) error
}{
	{"call", func(c *crew, a, b, _, _ *phone.Phone) error {
		call, back, err := c.pair(a, b)
		if err != nil {
			return err
		}
		call.Press("12#", 60*time.Millisecond)
		back.Press("9", 40*time.Millisecond)
		return c.hangup(back)
	}},
	{"hold from both sides", func(c *crew, a, b, _, _ *phone.Phone) error {
		call, back, err := c.pair(a, b)
		if err != nil {
			return err
		}
		first, second := call, back
		if c.r.IntN(2) == 0 {
			first, second = back, call
		}
		style := phone.HoldStyle(c.r.IntN(3))
		if err := first.Hold(c.ctx, style); err != nil {
			return err
		}
		if c.r.IntN(8) > 0 { // else its own re-INVITE meets the server's, and both wait (RFC 3261 14.1)
			if _, err := second.Wait(c.ctx, func(s phone.Status) bool { return s.Held || s.State == phone.Ended }); err != nil {
				return err
			}
		}
		if err := errors.Join(second.Hold(c.ctx, style), second.Resume(c.ctx), first.Resume(c.ctx)); err != nil {
			return err
		}
		return c.hangup(call)
	}},
	{"CANCEL against the answer", func(c *crew, a, b, _, _ *phone.Phone) error {
		b.SetIncoming(phone.Manual)
		call, ring, err := c.rings(a, b)
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = ring.Answer(c.ctx) }) // one of them comes too late
		err = call.Cancel(c.ctx)
		wg.Wait()
		return err
	}},
	{"refused", func(c *crew, a, b, _, _ *phone.Phone) error {
		b.SetIncoming(phone.Manual)
		call, ring, err := c.rings(a, b)
		if err != nil {
			return err
		}
		if err := ring.Reject(c.ctx, 486); err != nil {
			return err
		}
		_, err = call.WaitEnded(c.ctx)
		return err
	}},
	{"recorded", func(c *crew, a, b, _, _ *phone.Phone) error {
		call, _, err := c.pair(a, b)
		if err != nil {
			return err
		}
		return errors.Join(c.dials(a, "*1"), c.hangup(call))
	}},
	{"attended transfer", func(c *crew, a, b, x, _ *phone.Phone) error {
		first, back, err := c.held(a, b)
		if err != nil {
			return err
		}
		second, far, err := c.pair(a, x)
		if err != nil {
			return err
		}
		return c.transferred(first, x, second, back, far)
	}},
	{"semi-attended transfer", func(c *crew, a, b, x, _ *phone.Phone) error {
		x.SetIncoming(phone.Manual)
		first, back, err := c.held(a, b)
		if err != nil {
			return err
		}
		second, far, err := c.rings(a, x)
		if err != nil {
			return err
		}
		if err := second.WaitRinging(c.ctx); err != nil { // without its tag nothing is replaced
			return err
		}
		if code, err := first.Refer(c.ctx, x.Tel(), second); err != nil || code != 202 {
			return fmt.Errorf("REFER is answered %d: %w", code, err)
		}
		return errors.Join(far.Answer(c.ctx), c.joined(first, back, far))
	}},
	{"blind transfer", func(c *crew, a, b, x, _ *phone.Phone) error {
		first, back, err := c.held(a, b)
		if err != nil {
			return err
		}
		return c.transferred(first, x, nil, back, nil)
	}},
	{"blind transfer to a busy phone", func(c *crew, a, b, x, _ *phone.Phone) error {
		x.SetIncoming(phone.Busy)
		first, back, err := c.pair(a, b)
		if err != nil {
			return err
		}
		if _, err := first.Refer(c.ctx, x.Tel(), nil); err != nil {
			return err
		}
		if code, err := first.WaitTransfer(c.ctx); err != nil || code != 486 {
			return fmt.Errorf("NOTIFY %d, %w", code, err)
		}
		return c.hangup(back)
	}},
	{"transfer by hanging up", func(c *crew, a, b, x, _ *phone.Phone) error {
		if c.r.IntN(2) == 0 {
			x.SetIncoming(phone.Manual)
		}
		_, back, err := c.held(a, b)
		if err != nil {
			return err
		}
		second, far, err := c.rings(a, x)
		if err != nil {
			return err
		}
		if err := second.Hangup(c.ctx); err != nil {
			return err
		}
		_ = far.Answer(c.ctx) // it has, or now hears who was transferred
		if far.Status().State == phone.Ended {
			if far, err = c.next(x); err != nil {
				return err
			}
			_ = far.Answer(c.ctx)
		}
		return c.hangup(back)
	}},
	{"forwarded", func(c *crew, a, b, x, _ *phone.Phone) error {
		code := "601"
		if c.r.IntN(2) == 0 {
			code = "602"
			b.SetIncoming(phone.Busy)
		}
		if err := c.dials(b, code+x.Tel()); err != nil {
			return err
		}
		call, err := c.call(a, b.Tel())
		if err != nil {
			return err
		}
		far, err := c.next(x)
		if err != nil {
			return err
		}
		return errors.Join(c.hangup(call), c.over(far))
	}},
	{"do not disturb", func(c *crew, a, b, _, _ *phone.Phone) error {
		if err := c.dials(b, "401"); err != nil {
			return err
		}
		call, err := c.dial(a, b.Tel())
		if err != nil {
			return err
		}
		if s, err := call.WaitEnded(c.ctx); err != nil || s.Code != 486 {
			return fmt.Errorf("a call in DND is answered %d, %w", s.Code, err)
		}
		return nil
	}},
	{"picked up", func(c *crew, a, b, x, d *phone.Phone) error {
		b.SetIncoming(phone.Manual)
		call, ring, err := c.rings(a, b)
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		if c.r.IntN(2) == 0 {
			if rival, err := c.dial(x, "65"+b.Tel()); err == nil {
				wg.Go(func() { _, _ = rival.Wait(c.ctx, func(s phone.Status) bool { return s.State >= phone.Answered }) })
			}
		}
		taken, err := c.dial(d, "65"+b.Tel())
		if err != nil {
			return err
		}
		_, err = taken.Wait(c.ctx, func(s phone.Status) bool { return s.State >= phone.Answered })
		wg.Wait()
		return errors.Join(err, c.over(ring), call.WaitAnswered(c.ctx), c.hangup(call))
	}},
	{"parked", func(c *crew, a, b, x, d *phone.Phone) error {
		call, back, err := c.held(a, b)
		if err != nil {
			return err
		}
		if err := errors.Join(c.dials(a, "11"), c.over(call)); err != nil {
			return err
		}
		if c.r.IntN(4) == 0 { // nobody comes: the parker is rung
			recall, err := c.next(a)
			if err != nil {
				return err
			}
			return errors.Join(c.hangup(back), c.over(recall))
		}
		if c.r.IntN(2) == 0 {
			_, _ = c.dial(d, "12"+a.Tel()) // two come
		}
		taken, err := c.dial(x, "12"+a.Tel())
		if err != nil {
			return err
		}
		if _, err := taken.Wait(c.ctx, func(s phone.Status) bool { return s.State >= phone.Answered }); err != nil {
			return err
		}
		return c.hangup(back)
	}},
	{"conference", func(c *crew, a, b, x, d *phone.Phone) error {
		var last *phone.Call
		for _, member := range []*phone.Phone{b, x, d}[:2+c.r.IntN(2)] {
			call, _, err := c.held(a, member)
			if err == nil {
				err = c.dials(a, "46")
			}
			if err != nil {
				return err
			}
			last = call
		}
		return errors.Join(c.dials(a, "46"), last.Resume(c.ctx), c.hangup(last))
	}},
	{"room", func(c *crew, a, b, x, _ *phone.Phone) error {
		for _, p := range []*phone.Phone{a, b, x} {
			if _, err := c.call(p, "700"); err != nil {
				return err
			}
		}
		return nil
	}},
	{"transferred into a room", func(c *crew, a, b, x, _ *phone.Phone) error {
		call, back, err := c.pair(a, b)
		if err != nil {
			return err
		}
		if _, err := call.Refer(c.ctx, "700", nil); err != nil {
			return err
		}
		_, err = call.WaitTransfer(c.ctx)
		return errors.Join(err, c.hangup(back))
	}},
}

// dial makes a call without waiting for anything.
func (c *crew) dial(p *phone.Phone, number string) (*phone.Call, error) {
	c.run.left.Add(-1)
	c.run.made.Add(1)
	return p.Dial(c.ctx, number)
}

// call makes one that is answered.
func (c *crew) call(p *phone.Phone, number string) (*phone.Call, error) {
	call, err := c.dial(p, number)
	if err == nil {
		err = call.WaitAnswered(c.ctx)
	}
	return call, err
}

// rings calls b and returns both ends, b's ringing or answered.
func (c *crew) rings(a, b *phone.Phone) (call, back *phone.Call, err error) {
	if call, err = c.dial(a, b.Tel()); err != nil {
		return nil, nil, err
	}
	back, err = c.next(b)
	return call, back, err
}

// pair is rings, and both talk.
func (c *crew) pair(a, b *phone.Phone) (call, back *phone.Call, err error) {
	if call, back, err = c.rings(a, b); err != nil {
		return nil, nil, err
	}
	return call, back, errors.Join(call.WaitAnswered(c.ctx), back.WaitAnswered(c.ctx))
}

// held is pair, and a holds.
func (c *crew) held(a, b *phone.Phone) (call, back *phone.Call, err error) {
	if call, back, err = c.pair(a, b); err != nil {
		return nil, nil, err
	}
	return call, back, call.Hold(c.ctx, phone.SendOnly)
}

// next is the phone's next call that comes in, of those that are not over.
func (c *crew) next(p *phone.Phone) (*phone.Call, error) {
	for {
		call, err := p.WaitIncoming(c.ctx)
		if err != nil || call.Status().State != phone.Ended {
			return call, err
		}
	}
}

func (c *crew) dials(p *phone.Phone, code string) error {
	c.run.left.Add(-1)
	c.run.made.Add(1)
	return p.Feature(c.ctx, code)
}

// hangup ends a call.
func (c *crew) hangup(call *phone.Call) error { return call.Hangup(c.ctx) }

// over waits until the other side has ended a call.
func (c *crew) over(call *phone.Call) error {
	_, err := call.WaitEnded(c.ctx)
	return err
}

// transferred refers the party of a call and waits until it talks with who was called.
func (c *crew) transferred(call *phone.Call, to *phone.Phone, replaces, back, far *phone.Call) error {
	if code, err := call.Refer(c.ctx, to.Tel(), replaces); err != nil || code != 202 {
		return fmt.Errorf("REFER is answered %d: %w", code, err)
	}
	if far == nil {
		var err error
		if far, err = c.next(to); err != nil {
			return err
		}
	}
	return c.joined(call, back, far)
}

// joined waits for the outcome of a transfer and ends the transferor's call and the new one, in any order.
func (c *crew) joined(call, back, far *phone.Call) error {
	if code, err := call.WaitTransfer(c.ctx); err != nil || code != 200 {
		return fmt.Errorf("NOTIFY %d: %w", code, err)
	}
	ends := []*phone.Call{call, back, far}
	c.r.Shuffle(3, func(i, k int) { ends[i], ends[k] = ends[k], ends[i] })
	return errors.Join(c.hangup(ends[0]), c.hangup(ends[1]), c.hangup(ends[2]), c.over(back), c.over(far))
}
