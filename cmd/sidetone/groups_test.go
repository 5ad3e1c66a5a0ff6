package main

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
	"sidetone/bench/phone"
	"sidetone/control/config"
)

// memberTime is long enough for a member to answer on a busy machine, and for others to do so in its place.
const memberTime = 2 * time.Second

// grouped puts stations 218, 219, ... in group 500.
func grouped(ring string, members int) func(*config.Config) {
	return func(c *config.Config) {
		g := config.Group{Number: "500", Ring: ring, SIPMembers: 10, SIPRingingAtOnce: 4, Step: 50 * time.Millisecond, MemberTime: memberTime}
		for i := range members {
			g.Members = append(g.Members, fmt.Sprint(218+i))
		}
		c.Groups = append(c.Groups, g)
	}
}

// rung is when a phone saw its first INVITE, zero when it saw none.
func rung(p *phone.Phone) time.Time {
	for _, s := range p.Seen() {
		if s.Method == "INVITE" {
			return s.At
		}
	}
	return time.Time{}
}

// TestGroupRingsAll: ten members ring, four a step; one answers, the others stop and are told why.
func TestGroupRingsAll(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 11, grouped("unconditional", 10))
	var p []*phone.Phone
	for i := range 11 {
		p = append(p, o.phone(t, i, func(c *phone.Config) { c.Incoming = phone.Manual }))
	}
	dialled := time.Now()
	call := must[*phone.Call](t)(p[0].Dial(soon(t), "500"))
	check(t, call.WaitRinging(soon(t)))
	var rings []*phone.Call
	var at []time.Time
	for _, m := range p[1:] {
		rings = append(rings, incoming(t, m))
		at = append(at, rung(m))
	}
	slices.SortFunc(at, time.Time.Compare)
	// A step is never shorter than 50 ms; how late a phone of the test reads its INVITE is another matter.
	for step, first := range []int{0, 4, 8} {
		if d := at[first].Sub(dialled); d < time.Duration(step)*50*time.Millisecond {
			t.Errorf("member %d rang after %v", first, d)
		}
	}
	check(t, rings[6].Answer(soon(t)))
	check(t, call.WaitAnswered(soon(t)))
	for i, r := range rings {
		if i != 6 {
			ended(t, r)
			if why := r.Why(); !strings.Contains(why, "Call completed elsewhere") {
				t.Errorf("Reason: %s", why)
			}
		}
	}
	flows(t, 10, call, rings[6])
	hangup(t, call)
	ended(t, rings[6])
	o.settled(t)
}

// TestGroupInOrder: sequential begins with the first each time, distributed with another one.
func TestGroupInOrder(t *testing.T) {
	t.Parallel()
	for ring, want := range map[string][]string{"sequential": {"218 219 220", "218 219 220", "218 219 220"}, "distributed": {"218 219 220", "219 220 218", "220 218 219"}} {
		t.Run(ring, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 4, grouped(ring, 3))
			p := o.voices(t, 4, manual(1, 2, 3))
			for _, order := range want {
				call := must[*phone.Call](t)(p[0].Dial(soon(t), "500"))
				var last *phone.Call
				for i, member := range strings.Fields(order) {
					last = incoming(t, p[slices.Index([]string{"217", "218", "219", "220"}, member)])
					switch i {
					case 0:
						check(t, last.Reject(soon(t), 603)) // for itself only
					case 1: // it rings for its time
						ended(t, last)
						if why := last.Why(); why != "" {
							t.Errorf("nobody has answered, and the CANCEL says %s", why)
						}
					case 2:
						check(t, last.Answer(soon(t)))
					}
				}
				check(t, call.WaitAnswered(soon(t)))
				talk(t, call, last)
				o.ends(t, call, last)
			}
		})
	}
}

// TestGroupWithoutAnswer: what the caller is told, and who is left out.
func TestGroupWithoutAnswer(t *testing.T) {
	t.Parallel()
	both := func(ring string) func(*config.Config) { return grouped(ring, 3) } // 220 is not registered
	for _, ring := range []string{"unconditional", "sequential"} {
		t.Run(ring, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 5, both(ring))
			p := o.voices(t, 3, manual(1, 2))
			p = append(p, o.phone(t, 4, nil))
			p[3].SetIncoming(phone.Auto)
			dials(t, p[1], "601221") // a forward of a member is not followed
			refuse := func(codes ...int) int {
				call := must[*phone.Call](t)(p[0].Dial(soon(t), "500"))
				for i, code := range codes {
					if code != 0 {
						check(t, incoming(t, p[1+i]).Reject(soon(t), code))
					}
				}
				s := must[phone.Status](t)(call.WaitEnded(soon(t)))
				o.settled(t)
				return s.Code
			}
			if got := refuse(486, 486); got != 486 {
				t.Errorf("all are busy: %d", got)
			}
			if got := refuse(486, 603); got != 480 {
				t.Errorf("one is busy, one refuses: %d", got)
			}
			dials(t, p[2], "401")
			if got := refuse(486, 0); got != 486 {
				t.Errorf("one is busy, one in DND: %d", got)
			}
			dials(t, p[2], "400")
			for _, m := range p[1:3] {
				check(t, m.Unregister(soon(t)))
			}
			if got := refuse(); got != 480 {
				t.Errorf("nobody is there: %d", got)
			}
		})
	}
}

// TestGroupReached: by a forward, by blind transfer, and by a transfer while it rings.
func TestGroupReached(t *testing.T) {
	t.Parallel()
	for _, ring := range []string{"unconditional", "sequential"} {
		t.Run(ring, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 5, grouped(ring, 2))
			p := o.voices(t, 5, manual(1, 2))
			both := func() *phone.Call { // 218 passes, 219 answers
				if ring == "sequential" {
					check(t, incoming(t, p[1]).Reject(soon(t), 480))
				} else {
					incoming(t, p[1])
				}
				r := incoming(t, p[2])
				check(t, r.Answer(soon(t)))
				return r
			}
			dials(t, p[3], "601500")
			call := must[*phone.Call](t)(p[0].Dial(soon(t), "220"))
			got := both()
			check(t, call.WaitAnswered(soon(t)))
			talk(t, call, got)
			hangup(t, call)
			ended(t, got)
			dials(t, p[3], "600")
			o.settled(t)

			call, x := held(t, p[0], p[4])
			if code, err := call.Refer(soon(t), "500", nil); err != nil || code != 202 {
				t.Fatal(code, err)
			}
			got = both()
			transferred(t, call, 200)
			talk(t, x, got)
			hangup(t, x)
			o.settled(t)

			call, x = held(t, p[0], p[4])
			second := must[*phone.Call](t)(p[0].Dial(soon(t), "500"))
			check(t, second.WaitRinging(soon(t)))
			if code, err := call.Refer(soon(t), "500", second); err != nil || code != 202 {
				t.Fatal(code, err)
			}
			got = both()
			talk(t, x, got)
			hangup(t, x)
			o.settled(t)
		})
	}
}

// TestGroupRaces: two members answer at once, one answers as the next is rung, the caller gives up in a step.
func TestGroupRaces(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 7, func(c *config.Config) {
		grouped("unconditional", 6)(c)
		grouped("sequential", 6)(c)
		c.Groups[0].SIPRingingAtOnce, c.Groups[0].Step = 2, 10*time.Millisecond
		c.Groups[1].Number, c.Groups[1].MemberTime = "501", 20*time.Millisecond
	})
	var p []*phone.Phone
	for i := range 7 {
		p = append(p, o.phone(t, i, nil))
	}
	for i := range 30 {
		number := []string{"500", "501"}[i%2]
		call := must[*phone.Call](t)(p[0].Dial(soon(t), number))
		var wg sync.WaitGroup
		if i%3 == 0 {
			wg.Go(func() { time.Sleep(time.Duration(i) * time.Millisecond); _ = call.Cancel(soon(t)) })
		}
		s, err := call.Wait(soon(t), func(s phone.Status) bool { return s.State >= phone.Answered })
		if err != nil || s.State != phone.Answered && i%3 != 0 {
			t.Fatalf("%s: %+v %v", number, s, err)
		}
		wg.Wait()
		_ = call.Hangup(soon(t))
		o.settled(t)
		for _, m := range p[1:] {
			for _, c := range m.Calls() {
				ended(t, c)
			}
		}
	}
}

// TestCallWaiting: a station that has it rings although it talks; one that has not is busy.
func TestCallWaiting(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, func(c *config.Config) { c.Stations[1].CallWaiting = true })
	p := o.voices(t, 4, nil)
	first, back := pair(t, p[0], p[1])
	hold(t, back)
	second, other := pair(t, p[2], p[1])
	talk(t, second, other)
	if got := refused(t, p[3], "217"); got != 486 {
		t.Errorf("217 talks and has no call waiting: %d", got)
	}
	hangup(t, second)
	ended(t, other)
	check(t, back.Resume(soon(t)))
	talk(t, first, back)
	hangup(t, first)
	o.settled(t)
}

// asksForAnswer checks that an INVITE asks a phone to answer by itself.
func asksForAnswer(t *testing.T, c *phone.Call) {
	t.Helper()
	if a, b, m := c.Header("Call-Info"), c.Header("Alert-Info"), c.Header("Answer-Mode"); !strings.HasSuffix(a, ";answer-after=0") || !strings.Contains(b, "info=alert-autoanswer") || m != "Auto" {
		t.Errorf("Call-Info: %s; Alert-Info: %s; Answer-Mode: %s", a, b, m)
	}
}

func TestIntercom(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	p := o.voices(t, 3, nil)
	dials(t, p[1], "601219") // not followed: it is this phone that is wanted
	call := must[*phone.Call](t)(p[0].Call(soon(t), "*99218"))
	back := incoming(t, p[1])
	asksForAnswer(t, back)
	talk(t, call, back)
	if got := refused(t, p[2], "*99218"); got != 486 {
		t.Errorf("a busy station: %d", got)
	}
	hangup(t, call)
	ended(t, back)
	dials(t, p[1], "401")
	for number, want := range map[string]int{"*99218": 486, "*99220": 480, "*99999": 404, "*99217": 486} {
		if got := refused(t, p[0], number); got != want {
			t.Errorf("%s is answered %d, want %d", number, got, want)
		}
	}
	o.settled(t)
}

// TestPageByCalls: the talker is heard by all who are free, they by nobody; it ends with the talker, or with the last listener.
func TestPageByCalls(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 5, func(c *config.Config) { grouped("unconditional", 4)(c); c.FeatureCodes.Page = "*80" })
	p := o.voices(t, 5, nil)
	dials(t, p[4], "401")
	page := must[*phone.Call](t)(p[0].Call(soon(t), "*80500"))
	var heard []*phone.Call
	for _, m := range p[1:4] {
		c := incoming(t, m)
		asksForAnswer(t, c)
		heard = append(heard, c)
	}
	for _, c := range heard {
		listens(t, c, p[0])
	}
	listens(t, page)
	hangup(t, heard[0]) // the others go on
	ended(t, heard[0])
	listens(t, heard[1], p[0])
	hangup(t, page)
	ended(t, heard[1])
	ended(t, heard[2])
	o.settled(t)

	page = must[*phone.Call](t)(p[0].Call(soon(t), "*80500"))
	for _, m := range p[1:4] {
		hangup(t, incoming(t, m))
	}
	ended(t, page)
	o.settled(t)

	for _, m := range p[1:4] {
		dials(t, m, "401")
	}
	if got := refused(t, p[0], "*80500"); got != 486 {
		t.Errorf("all in DND: %d", got)
	}
	if got := refused(t, p[0], "*80501"); got != 404 {
		t.Errorf("no such group: %d", got)
	}
	o.settled(t)
}

// TestPageGivenUp: the talker hangs up while members ring.
func TestPageGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, func(c *config.Config) { grouped("unconditional", 3)(c); c.FeatureCodes.Page = "*80" })
	p := o.voices(t, 4, manual(1, 2, 3))
	for i := range 10 {
		page := must[*phone.Call](t)(p[0].Call(soon(t), "*80500"))
		rings := []*phone.Call{incoming(t, p[1]), incoming(t, p[2]), incoming(t, p[3])}
		var wg sync.WaitGroup
		if i > 0 {
			wg.Go(func() { _ = rings[i%3].Answer(soon(t)) })
		}
		hangup(t, page)
		wg.Wait()
		for _, r := range rings {
			ended(t, r)
		}
		o.settled(t)
	}
}

// TestPageByMulticast: the talker's voice comes to the group address, one page at a time, the one of better priority first.
func TestPageByMulticast(t *testing.T) {
	t.Parallel()
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 1, 77)}
	loopback, err := net.InterfaceByName("lo")
	check(t, err)
	group.Port = must[int](t)(peer.FreePorts(1)) // of nobody: the listener hears what comes to it at any address
	listener, err := net.ListenMulticastUDP("udp4", loopback, group)
	check(t, err)
	defer listener.Close()
	o := newOffice(t, 3, func(c *config.Config) {
		c.FeatureCodes.Page = "*80"
		c.Groups = []config.Group{
			{Number: "580", Multicast: group.String(), Priority: 5},
			{Number: "581", Multicast: group.String(), Priority: 1},
		}
	})
	p := o.voices(t, 3, nil)
	hears := func(tone float64) {
		t.Helper()
		var pcm []int16
		buf := make([]byte, 2000)
		deadline := time.Now().Add(10 * time.Second)
		_ = listener.SetReadDeadline(deadline)
		for time.Now().Before(deadline) {
			n, err := listener.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if n != 172 || buf[0] != 0x80 || buf[1]&0x7f != 0 {
				t.Fatalf("%d bytes, payload type %d: not 20 ms of PCMU", n, buf[1]&0x7f)
			}
			if pcm = audio.MuLaw.Decode(pcm, buf[12:n]); len(pcm) < 8000/5 {
				continue
			}
			if math.Abs(audio.Level(pcm, 8000, tone)-spoken) < 1.5 {
				return
			}
			pcm = nil
		}
		t.Fatalf("%.0f Hz is not heard", tone)
	}
	page := must[*phone.Call](t)(p[0].Call(soon(t), "*80580"))
	hears(p[0].Tone())
	if got := refused(t, p[1], "*80580"); got != 486 {
		t.Errorf("a second page of the same priority: %d", got)
	}
	urgent := must[*phone.Call](t)(p[2].Call(soon(t), "*80581"))
	ended(t, page)
	hears(p[2].Tone())
	if got := refused(t, p[1], "*80580"); got != 486 {
		t.Errorf("a page of less priority: %d", got)
	}
	hangup(t, urgent)
	o.settled(t)
	page = must[*phone.Call](t)(p[1].Call(soon(t), "*80580"))
	hears(p[1].Tone())
	hangup(t, page)
	o.settled(t)
}

// TestGroupPickedUp: a station outside of a group takes the call that rings there; nobody else of the group is rung any more.
func TestGroupPickedUp(t *testing.T) {
	t.Parallel()
	for _, ring := range []string{"unconditional", "sequential"} {
		t.Run(ring, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 5, grouped(ring, 3))
			p := o.voices(t, 5, manual(1, 2, 3))
			call := must[*phone.Call](t)(p[0].Dial(soon(t), "500"))
			rings := []*phone.Call{incoming(t, p[1])}
			if ring == "unconditional" {
				rings = append(rings, incoming(t, p[2]), incoming(t, p[3]))
			}
			taken := must[*phone.Call](t)(p[4].Call(soon(t), "65218"))
			for _, r := range rings {
				ended(t, r)
			}
			check(t, call.WaitAnswered(soon(t)))
			talk(t, call, taken)
			flows(t, int(memberTime/(20*time.Millisecond))+15, call, taken) // longer than a member's time
			if ring == "sequential" && !rung(p[2]).IsZero() {
				t.Error("the next member was rung although the call was taken")
			}
			o.ends(t, call, taken)
		})
	}
}
