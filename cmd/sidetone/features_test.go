package main

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/config"
)

// manual makes the phones of an index ring until the script answers.
func manual(which ...int) func(int, *phone.Config) {
	return func(i int, c *phone.Config) {
		if slices.Contains(which, i) {
			c.Incoming = phone.Manual
		}
	}
}

func dials(t *testing.T, p *phone.Phone, codes ...string) {
	t.Helper()
	for _, code := range codes {
		check(t, p.Feature(soon(t), code))
	}
}

func TestDoNotDisturb(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.voices(t, 2, nil)
	dials(t, p[1], "401")
	if got := refused(t, p[0], "218"); got != 486 {
		t.Errorf("a call to a phone in DND is answered %d", got)
	}
	call, back := pair(t, p[1], p[0]) // it can call
	hangup(t, call)
	ended(t, back)
	dials(t, p[1], "400", "400")
	call, back = pair(t, p[0], p[1])
	o.ends(t, call, back)
}

// TestForwards: each kind of forward, by what 217 gets when it calls 218, whose calls go to 219.
func TestForwards(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, code    string
		busy, answers bool // 218
		to            string
		reason        string
	}{
		{"all", "601219", false, true, "219", "unconditional"},
		{"busy, and it is", "602219", true, true, "219", "user-busy"},
		{"busy, and it is not", "602219", false, true, "218", ""},
		{"no answer, and there is none", "603219", false, false, "219", "no-answer"},
		{"no answer, and the phone is gone", "603219", false, false, "219", "no-answer"},
		{"no answer, and there is one", "603219", false, true, "218", ""},
		{"busy or no answer, busy", "604219", true, true, "219", "user-busy"},
		{"busy or no answer, no answer", "604219", false, false, "219", "no-answer"},
		{"cleared", "600", false, true, "218", ""},
		{"to nowhere changes nothing", "601999", false, true, "218", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 4, recalls)
			p := o.voices(t, 4, func(i int, c *phone.Config) {
				if i == 1 && !tc.answers {
					c.Incoming = phone.Manual
				}
			})
			if tc.code == "600" {
				dials(t, p[1], "601219", "602219", "603219")
			}
			dials(t, p[1], tc.code)
			if strings.HasSuffix(tc.name, "gone") { // switched off; nothing waits for what it does not answer
				check(t, p[1].Close())
			}
			if tc.busy {
				other, back := pair(t, p[3], p[1])
				defer func() { hangup(t, other); ended(t, back) }()
			}
			call := must[*phone.Call](t)(p[0].Call(soon(t), "218"))
			want := p[1]
			if tc.to == "219" {
				want = p[2]
			}
			got := incoming(t, want)
			listens(t, call, want)
			if diversion, history := got.Header("Diversion"), got.Header("History-Info"); tc.reason == "" {
				if diversion != "" {
					t.Errorf("Diversion: %s", diversion)
				}
			} else {
				if !strings.HasPrefix(diversion, "<sip:218@") || !strings.Contains(diversion, ";reason="+tc.reason) || !strings.Contains(history, "index=1.1") {
					t.Errorf("Diversion: %s; History-Info: %s", diversion, history)
				}
				if !slices.Contains(call.Provisional(), 181) {
					t.Errorf("the caller heard %v, not 181", call.Provisional())
				}
			}
			hangup(t, call)
			ended(t, got)
		})
	}
}

// TestForwardsByThePhone: a phone that answers 302 sends the call elsewhere, where the server would; 603 is busy.
func TestForwardsByThePhone(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := o.voices(t, 3, func(i int, c *phone.Config) {
		if i == 1 {
			c.Incoming = phone.Manual
		}
	})
	for _, tc := range []struct {
		name     string
		contacts []string
		want     int // what the caller is told, 0 = 219 answers
	}{
		{"to a station", []string{"<sip:219@198.51.100.1;transport=tcp>"}, 0},
		{"to the first that is one", []string{"<sip:999@192.0.2.1>", "sip:219@192.0.2.1"}, 0},
		{"to nobody of ours", []string{"<sip:999@192.0.2.1>"}, 480},
		{"to itself", []string{"<sip:218@192.0.2.1>"}, 480},
		{"to a code", []string{"<sip:401@192.0.2.1>"}, 480},
		{"to no number", []string{"<sip:2%0d%0a19@192.0.2.1>"}, 480},
		{"nowhere", nil, 480},
		{"to the caller", []string{"<sip:217@192.0.2.1>"}, 486},
	} {
		t.Run(tc.name, func(t *testing.T) {
			call := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
			check(t, incoming(t, p[1]).Deflect(soon(t), tc.contacts...))
			if tc.want != 0 {
				if st := must[phone.Status](t)(call.WaitEnded(soon(t))); st.Code != tc.want {
					t.Errorf("the caller is told %d", st.Code)
				}
				return
			}
			got := incoming(t, p[2])
			check(t, call.WaitAnswered(soon(t)))
			talk(t, call, got)
			if d := got.Header("Diversion"); !strings.HasPrefix(d, "<sip:218@") || !strings.Contains(d, "reason=deflection") {
				t.Errorf("Diversion: %s", d)
			}
			hangup(t, call)
			ended(t, got)
		})
	}
	t.Run("declined", func(t *testing.T) {
		dials(t, p[1], "602219")
		call := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
		check(t, incoming(t, p[1]).Reject(soon(t), 603))
		got := incoming(t, p[2])
		check(t, call.WaitAnswered(soon(t)))
		hangup(t, call)
		ended(t, got)
	})
	o.settled(t)
}

func TestForwardChainsAndCircles(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 6, func(c *config.Config) { c.Stations[4].Unreachable = "219"; c.Calls.Forwards = 3 })
	p := o.voices(t, 4, nil)
	// 221 is not registered: its calls go to 219.
	call := must[*phone.Call](t)(p[0].Call(soon(t), "221"))
	got := incoming(t, p[2])
	if d := got.Header("Diversion"); !strings.Contains(d, "221") || !strings.Contains(d, "reason=unavailable") {
		t.Errorf("Diversion: %s", d)
	}
	hangup(t, call)
	ended(t, got)
	// 218 to 219 to 220: the latest forward first.
	dials(t, p[1], "601219")
	dials(t, p[2], "601220")
	call = must[*phone.Call](t)(p[0].Call(soon(t), "218"))
	got = incoming(t, p[3])
	if d := got.Header("Diversion"); !strings.Contains(d, "219") {
		t.Errorf("the first Diversion is %s", d)
	}
	if h := got.Header("History-Info"); strings.Count(h, "cause=302") != 2 || !strings.Contains(h, "index=1.1.1") {
		t.Errorf("History-Info: %s", h)
	}
	hangup(t, call)
	ended(t, got)
	// 220 back to 218: a circle.
	dials(t, p[3], "601218")
	if got := refused(t, p[0], "218"); got != 480 {
		t.Errorf("a circle of forwards is answered %d", got)
	}
	// To the caller itself.
	dials(t, p[3], "601217")
	if got := refused(t, p[0], "218"); got != 486 {
		t.Errorf("a forward to the caller is answered %d", got)
	}
	o.settled(t)
}

func TestPickup(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (*office, []*phone.Phone) {
		o := newOffice(t, 5, func(c *config.Config) {
			c.FeatureCodes.PickupMyGroup = "67"
			c.Stations[3].PickupGroup, c.Stations[4].PickupGroup = "2", ""
		})
		return o, o.voices(t, 5, manual(1))
	}
	for name, tc := range map[string]struct {
		by   int
		code string
		ok   bool
	}{
		"directed":                            {3, "65218", true},
		"group":                               {3, "661", true},
		"my group":                            {2, "67", true},
		"directed, another station":           {2, "65220", false},
		"another group":                       {2, "662", false},
		"my group, of one that is in another": {3, "67", false},
		"my group, of one that is in none":    {4, "67", false},
		"by the phone that rings":             {1, "65218", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, p := setup(t)
			call := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
			ring := incoming(t, p[1])
			if !tc.ok {
				if got := refused(t, p[tc.by], tc.code); got != 480 {
					t.Errorf("answered %d, want 480", got)
				}
				check(t, ring.Answer(soon(t)))
				talk(t, call, ring)
			} else {
				taken := must[*phone.Call](t)(p[tc.by].Call(soon(t), tc.code))
				ended(t, ring)
				if why := ring.Why(); !strings.Contains(why, "Call completed elsewhere") {
					t.Errorf("Reason: %s", why)
				}
				check(t, call.WaitAnswered(soon(t)))
				talk(t, call, taken)
			}
			hangup(t, call)
			o.settled(t)
		})
	}
	t.Run("two at once", func(t *testing.T) {
		t.Parallel()
		o, p := setup(t)
		for range 10 {
			call := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
			ring := incoming(t, p[1])
			codes := make([]int, 2)
			var wg sync.WaitGroup
			for i, by := range []*phone.Phone{p[2], p[3]} {
				wg.Go(func() {
					c, err := by.Dial(soon(t), "65218")
					if err != nil {
						t.Error(err)
						return
					}
					s, err := c.Wait(soon(t), func(s phone.Status) bool { return s.State >= phone.Answered })
					if err != nil {
						t.Error(err)
					}
					codes[i] = s.Code
				})
			}
			wg.Wait()
			slices.Sort(codes)
			if !slices.Equal(codes, []int{200, 480}) {
				t.Fatalf("answered %v, want one 200 and one 480", codes)
			}
			ended(t, ring)
			hangup(t, call)
			o.settled(t)
		}
	})
	t.Run("against the answer and the caller's CANCEL", func(t *testing.T) {
		t.Parallel()
		o, p := setup(t)
		for i := range 20 {
			call := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
			check(t, call.WaitRinging(soon(t)))
			ring := incoming(t, p[1])
			var wg sync.WaitGroup
			wg.Go(func() {
				if c, err := p[2].Dial(soon(t), "65218"); err != nil {
					t.Error(err)
				} else if _, err := c.Wait(soon(t), func(s phone.Status) bool { return s.State >= phone.Answered }); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if i%2 == 0 {
					_ = ring.Answer(soon(t))
				} else {
					_ = call.Cancel(soon(t))
				}
			})
			wg.Wait()
			_ = call.Hangup(soon(t))
			_ = ring.Hangup(soon(t))
			o.settled(t)
		}
	})
}

func TestPark(t *testing.T) {
	t.Parallel()
	parked := func(t *testing.T, change func(*config.Config), code string) (*office, []*phone.Phone, *phone.Call) {
		o := newOffice(t, 4, change)
		p := o.voices(t, 4, nil)
		call, x := held(t, p[0], p[1])
		dials(t, p[0], code)
		ended(t, call)
		flows(t, 20, x)
		return o, p, x
	}
	for name, tc := range map[string]struct {
		park, retrieve string
		by             int
	}{
		"without a number":                 {"11", "12217", 2},
		"with the own number":              {"11217", "12217", 2},
		"under another number":             {"11220", "12220", 2},
		"under another, by who parked":     {"11220", "12217", 3},
		"by the parker, without a number":  {"11", "12", 0},
		"under another's, by that station": {"11219", "12", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, p, x := parked(t, nil, tc.park)
			if got := refused(t, p[3], "12218"); got != 480 {
				t.Errorf("nothing is parked there, and the answer is %d", got)
			}
			taken := must[*phone.Call](t)(p[tc.by].Call(soon(t), tc.retrieve))
			talk(t, taken, x)
			if got := refused(t, p[3], tc.retrieve); got != 480 {
				t.Errorf("the second retrieval is answered %d", got)
			}
			o.ends(t, taken, x)
		})
	}
	t.Run("recall", func(t *testing.T) {
		t.Parallel()
		o, p, x := parked(t, recalls, "11")
		back := incoming(t, p[0])
		talk(t, back, x)
		if got := refused(t, p[2], "12217"); got != 480 {
			t.Errorf("retrieval after the recall is answered %d", got)
		}
		o.ends(t, x, back)
	})
	t.Run("the party hangs up", func(t *testing.T) {
		t.Parallel()
		o, p, x := parked(t, nil, "11")
		hangup(t, x)
		if got := refused(t, p[2], "12217"); got != 480 {
			t.Errorf("retrieval of who has gone is answered %d", got)
		}
		o.settled(t)
	})
	t.Run("two retrieve at once, or the party hangs up", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 4, nil)
		p := o.voices(t, 4, nil)
		for i := range 10 {
			call, x := held(t, p[0], p[1])
			dials(t, p[0], "11")
			ended(t, call)
			var wg sync.WaitGroup
			for k, by := range []*phone.Phone{p[2], p[3]} {
				wg.Go(func() {
					if k == 1 && i%2 == 1 {
						_ = x.Hangup(soon(t))
						return
					}
					c, err := by.Dial(soon(t), "12217")
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := c.Wait(soon(t), func(s phone.Status) bool { return s.State >= phone.Answered }); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			_ = x.Hangup(soon(t))
			o.settled(t)
		}
	})
	t.Run("by a transfer to the code", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 3, nil)
		p := o.voices(t, 3, nil)
		call, x := held(t, p[0], p[1])
		if code := must[int](t)(call.Refer(soon(t), "11", nil)); code != 202 {
			t.Fatalf("REFER was answered %d", code)
		}
		ended(t, call)
		taken := must[*phone.Call](t)(p[2].Call(soon(t), "12217"))
		talk(t, taken, x)
		o.ends(t, taken, x)
	})
	t.Run("by a transfer to the code, without hold, of the second call", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 4, nil)
		p := o.voices(t, 4, nil)
		first, y := held(t, p[0], p[3])
		call, x := pair(t, p[0], p[1])
		must[int](t)(call.Refer(soon(t), "11", nil))
		ended(t, call)
		taken := must[*phone.Call](t)(p[2].Call(soon(t), "12217"))
		talk(t, taken, x)
		check(t, first.Resume(soon(t)))
		talk(t, first, y)
		hangup(t, taken)
		hangup(t, first)
		o.settled(t)
	})
	t.Run("nothing held", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 2, nil)
		p := o.voices(t, 2, nil)
		dials(t, p[0], "11")
		call, x := pair(t, p[0], p[1])
		dials(t, p[0], "11") // not held: nothing happens
		talk(t, call, x)
		o.ends(t, call, x)
	})
}

// TestHoldRecall: a station that holds for too long is rung; its answer is the call again. One that resumes by itself
// is left alone.
func TestHoldRecall(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, answers bool) (o *office, p []*phone.Phone, call, x, recall *phone.Call) {
		o = newOffice(t, 2, func(c *config.Config) { c.Calls.HoldRecall = time.Second })
		p = o.voices(t, 2, func(i int, c *phone.Config) {
			if i == 0 && !answers {
				c.Incoming = phone.Manual
			}
		})
		call, x = held(t, p[0], p[1])
		return o, p, call, x, incoming(t, p[0])
	}
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		o, _, call, x, recall := start(t, true)
		ended(t, call)
		talk(t, recall, x)
		o.ends(t, recall, x)
	})
	t.Run("resumed", func(t *testing.T) {
		t.Parallel()
		o, _, call, x, recall := start(t, false)
		check(t, call.Resume(soon(t)))
		ended(t, recall)
		talk(t, call, x)
		hangup(t, call)
		o.settled(t)
	})
	t.Run("refused, and rung again", func(t *testing.T) {
		t.Parallel()
		o, p, call, x, recall := start(t, false)
		check(t, recall.Reject(soon(t), 486))
		again := incoming(t, p[0])
		hangup(t, x)
		ended(t, again)
		ended(t, call)
		o.settled(t)
	})
}
