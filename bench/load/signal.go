package load

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Signalling is what Signal measured. The delays are of single requests, but Setup's, which are of a call: its offer
// and its answer.
type Signalling struct {
	Offer, Answer, Delete, Setup Histogram
	Calls                        int
}

// Signal opens and deletes calls one after the other, one every interval, for as long as the window. A call's delay
// counts from when it was due, so one slow request also shows in those that had to wait for it.
func (g *Generator) Signal(ctx context.Context, interval, window time.Duration) (*Signalling, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection of ours would be in the delays
	res := &Signalling{}
	plan := Schedule{Start: time.Now().UnixNano(), Rate: int(time.Second / interval), Total: int(window / interval)}
	for i := range plan.Total {
		due := plan.Due(i)
		now := time.Now().UnixNano()
		for ; now < due; now = time.Now().UnixNano() { // without sleeping, or waking up would be measured
		}
		waited := now - due
		d := g.newDialogue(g.wires[i%len(g.wires)].local)
		_, _, took, err := g.ng.open(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("load: call %d: %w", i+1, err)
		}
		_, gone, err := g.ng.do(ctx, d.delete())
		if err != nil {
			return nil, fmt.Errorf("load: call %d: %w", i+1, err)
		}
		res.Offer.Record(waited + int64(took[0]))
		res.Answer.Record(int64(took[1]))
		res.Setup.Record(waited + int64(took[0]+took[1]))
		res.Delete.Record(int64(gone))
		res.Calls++
	}
	return res, nil
}

// slot is one of the calls that Churn has under way.
type slot struct {
	dialogue *dialogue
	command  string
	cookie   string
	sent     int64
}

// churnPatience is how long Churn waits for any one reply.
const churnPatience = 2 * time.Second

// Churn keeps so many calls under way at once, each through offer, answer and delete, for as long as the window but no
// more than most calls, and returns how many were completed in what time. Those under way at its end are deleted.
func (g *Generator) Churn(ctx context.Context, slots int, window time.Duration, most int) (calls int, took time.Duration, err error) {
	byCookie := map[string]*slot{}
	ask := func(s *slot, request map[string]any) {
		s.command, _ = request["command"].(string)
		var datagram []byte
		s.cookie, datagram = g.ng.encode(request)
		s.sent = g.ng.send(datagram)
		byCookie[s.cookie] = s
	}
	start := time.Now().UnixNano()
	ending := false
	begin := func(s *slot) {
		s.dialogue = g.newDialogue(g.wires[g.opened%len(g.wires)].local)
		ask(s, s.dialogue.offer())
	}
	for range slots {
		begin(&slot{})
	}
	checked := start
	for len(byCookie) > 0 {
		now := time.Now().UnixNano()
		if !ending && (now-start > int64(window) || calls >= most) {
			ending, took = true, time.Duration(now-start)
		}
		for _, a := range g.ng.wire.receive(now) {
			cookie, reply, err := decodeReply(a.data)
			s := byCookie[cookie]
			if s == nil {
				continue
			}
			delete(byCookie, cookie)
			if err == nil {
				err = judge(s.command, reply)
			}
			if err != nil {
				return calls, took, err
			}
			switch {
			case s.command == "offer":
				forCalled, err := described(reply)
				if err == nil {
					err = s.dialogue.offered(forCalled)
				}
				if err != nil {
					return calls, took, err
				}
				ask(s, s.dialogue.answer())
			case s.command == "answer":
				ask(s, s.dialogue.delete())
			default:
				if !ending {
					calls++
					begin(s)
				}
			}
		}
		if now-checked > int64(10*time.Millisecond) {
			checked = now
			if err := ctx.Err(); err != nil {
				return calls, took, err
			}
			for _, s := range byCookie {
				if now-s.sent > int64(churnPatience) {
					return calls, took, errors.New("load: no reply to " + s.command)
				}
			}
		}
	}
	return calls, took, nil
}
