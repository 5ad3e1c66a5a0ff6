package main

import (
	"strings"
	"sync/atomic"
	"testing"

	"sidetone/bench/phone"
	"sidetone/codecs"
	"sidetone/codecs/g711"
	"sidetone/control/cdr"
	"sidetone/control/config"
)

// breaking is the machine's codecs with A-law that panics from when the switch is thrown.
func breaking(thrown *atomic.Bool) codecs.Set {
	c, _ := codecs.Builtin().Lookup("PCMA", 8000)
	c.NewDecoder = func() codecs.Decoder { return &breakable{thrown: thrown} }
	return codecs.Set{}.With(c)
}

type breakable struct {
	g711.ALaw
	thrown *atomic.Bool
}

func (b *breakable) Decode(dst []int16, payload []byte) (int, error) {
	if b.thrown.Load() {
		panic("the decoder broke")
	}
	return b.ALaw.Decode(dst, payload)
}

// speaking gives a phone one codec.
func speaking(c phone.Codec) func(*phone.Config) {
	return func(p *phone.Config) { p.Codecs = []phone.Codec{c} }
}

// TestMediaFailureEndsTheCall breaks the code that turns the voice of one phone into that of the other, and that of a room: everybody in
// it is hung up and told why, the record says it, and the next call is as any.
func TestMediaFailureEndsTheCall(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"218", "700"} {
		t.Run(number, func(t *testing.T) {
			var dir string
			var thrown atomic.Bool
			o := officeOf(t, 3, func(c *config.Config) { dir = c.Store.Dir }, breaking(&thrown))
			p := []*phone.Phone{o.phone(t, 0, speaking(phone.PCMU)), o.phone(t, 1, speaking(phone.PCMA))}
			var calls []*phone.Call
			records := 1
			if number == "700" { // a room that mixes them: both calls end with it
				for _, p := range p {
					calls = append(calls, must[*phone.Call](t)(p.Call(soon(t), number)))
				}
				records = 2
			} else {
				a, b := pair(t, p[0], p[1])
				calls = []*phone.Call{a, b}
			}
			flows(t, 5, calls...)
			thrown.Store(true)
			for _, c := range calls {
				ended(t, c)
				if why := c.Why(); why != `SIP;cause=500;text="Media failed"` {
					t.Errorf("%s was told %q", c.Phone().Tel(), why)
				}
			}
			eventually(t, "the records", func() bool { return len(o.records(t, dir)) == records })
			for _, r := range o.records(t, dir) {
				if r.Reason != "media failed: internal error: the decoder broke" || r.EndedBy != cdr.System || r.Answer.IsZero() || r.Code != 0 || len(r.Legs) != 3-records {
					t.Errorf("record %+v", r)
				}
			}
			o.settled(t)
			thrown.Store(false)
			a, b := pair(t, p[0], p[1])
			flows(t, 5, a, b)
			hangup(t, a)
			ended(t, b)
			if why := b.Why(); strings.Contains(why, "Media") {
				t.Errorf("a BYE was passed on with %q", why)
			}
			o.settled(t)
		})
	}
}
