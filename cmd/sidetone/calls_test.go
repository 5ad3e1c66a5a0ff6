package main

import (
	"bufio"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/cdr"
	"sidetone/control/config"
)

// flows waits until a call has received n more packets.
func flows(t *testing.T, n int, calls ...*phone.Call) {
	t.Helper()
	for _, c := range calls {
		from := c.Stats().Received
		eventually(t, c.Phone().Tel()+" receives media", func() bool { return c.Stats().Received >= from+n })
	}
}

// pair calls from one phone to another and returns both ends.
func pair(t *testing.T, from, to *phone.Phone) (caller, callee *phone.Call) {
	t.Helper()
	caller, err := from.Call(soon(t), to.Tel())
	if err != nil {
		t.Fatal(err)
	}
	if callee, err = to.WaitIncoming(soon(t)); err != nil {
		t.Fatal(err)
	}
	return caller, callee
}

// refused calls and returns the code of the refusal.
func refused(t *testing.T, p *phone.Phone, number string) int {
	t.Helper()
	c, err := p.Dial(soon(t), number)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.WaitEnded(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.Code
}

// ended waits until the other side has ended a call.
func ended(t *testing.T, c *phone.Call) {
	t.Helper()
	if _, err := c.WaitEnded(soon(t)); err != nil {
		t.Fatalf("%s: %v", c.Phone().Tel(), err)
	}
}

// records reads the call records that the server has written by now.
func (o *office) records(t *testing.T, dir string) []cdr.Record {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "cdr.jsonl"))
	if err != nil {
		return nil
	}
	defer f.Close()
	var list []cdr.Record
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r cdr.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		list = append(list, r)
	}
	return list
}

func TestRefusals(t *testing.T) {
	o := newOffice(t, 4, nil)
	a := o.phone(t, 0, nil)
	b := o.phone(t, 1, nil)
	for _, tc := range []struct {
		name, number string
		want         int
	}{
		{"unknown number", "999", 404},
		{"station that is not registered", "220", 480},
		{"the phone's own number", "217", 486},
		{"a code that is none while nothing is held", "46", 480},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := refused(t, a, tc.number); got != tc.want {
				t.Fatalf("answered %d, want %d", got, tc.want)
			}
		})
	}
	t.Run("a phone in a call is busy, call waiting being off", func(t *testing.T) {
		c := o.phone(t, 2, nil)
		call, _ := pair(t, a, b)
		if got := refused(t, c, b.Tel()); got != 486 {
			t.Fatalf("answered %d", got)
		}
		if err := call.Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
	})
	o.settled(t)
}

// TestNumbersAsPeopleWriteThem: separators and parameters are not dialled, unless a number is written so.
func TestNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, func(c *config.Config) { c.Stations[2].Tel = "21-8" })
	p := o.voices(t, 2, nil)
	odd := o.phone(t, 2, func(c *phone.Config) { c.Tel = "21-8" })
	for number, want := range map[string]*phone.Phone{"(2)1-8": p[1], "2.18": p[1], "218;phone-context=example.org": p[1], "21-8": odd} {
		call := must[*phone.Call](t)(p[0].Call(soon(t), number))
		there := incoming(t, want)
		hangup(t, call)
		ended(t, there)
	}
	for _, number := range []string{"2-1-x", "()", "217;x"} {
		if code := refused(t, p[0], number); code != 404 && (number != "217;x" || code != 486) {
			t.Errorf("%s: %d", number, code)
		}
	}
	call, there := pair(t, p[0], p[1])
	must[int](t)(call.ReferTo(soon(t), "<sip:21.9@h>"))
	transferred(t, call, 404)
	o.ends(t, call, there)
}

// TestPortsRunOut: with ports for one call the second gets 503, the first goes on, and afterwards there is room again.
func TestPortsRunOut(t *testing.T) {
	o := newOffice(t, 4, func(c *config.Config) { c.Media.Interfaces[0].Ports = portsOf(t, 4) })
	var phones []*phone.Phone
	for i := range 4 {
		phones = append(phones, o.phone(t, i, nil))
	}
	call, back := pair(t, phones[0], phones[1])
	if got := refused(t, phones[2], phones[3].Tel()); got != 503 {
		t.Fatalf("answered %d, want 503", got)
	}
	flows(t, 10, call, back)
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)
	eventually(t, "a call after the ports' quarantine", func() bool {
		c, err := phones[2].Call(soon(t), phones[3].Tel())
		return err == nil && c.Hangup(soon(t)) == nil
	})
}

// portsOf is a range of n ports, the first of them even, that nobody else is given.
func portsOf(t *testing.T, n int) config.PortRange {
	t.Helper()
	first := must[int](t)(peer.FreePorts(n + 1))
	first += first % 2
	return config.PortRange{First: uint16(first), Last: uint16(first + n - 1)}
}

// TestVanishedPhoneEndsTheCall: a phone that falls silent without BYE is given up; the other one gets BYE, and the
// record says why.
func TestVanishedPhoneEndsTheCall(t *testing.T) {
	var dir string
	o := newOffice(t, 2, func(c *config.Config) {
		dir = c.Store.Dir
		c.Media.Timeouts.NoMedia, c.Media.Timeouts.OneWay = time.Second, 2*time.Second
	})
	a, b := o.phone(t, 0, nil), o.phone(t, 1, nil)
	call, _ := pair(t, a, b)
	flows(t, 5, call)
	b.Vanish()
	ended(t, call)
	eventually(t, "the record of the call", func() bool { return len(o.records(t, dir)) == 1 })
	r := o.records(t, dir)[0]
	if why := call.Why(); why != `SIP;cause=408;text="Media timeout"` {
		t.Errorf("the other phone was told %q", why)
	}
	if !strings.Contains(r.Reason, "one-way media") || r.From != "217" || r.To != "218" || r.Answer.IsZero() || len(r.Legs) != 2 || r.Legs[0].PacketsReceived == 0 {
		t.Fatalf("record %+v", r)
	}
	o.settled(t)
}

// TestDialInRoom: callers of the room hear each other, the sixth is refused, and who is left alone hears the waiting tone.
func TestDialInRoom(t *testing.T) {
	o := newOffice(t, 6, nil)
	var calls []*phone.Call
	for i := range 5 {
		c, err := o.phone(t, i, nil).Call(soon(t), "700")
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	if got := refused(t, o.phone(t, 5, nil), "700"); got != 486 {
		t.Fatalf("the sixth is answered %d", got)
	}
	flows(t, 25, calls...)
	var rooms api.Rooms
	if err := json.Unmarshal([]byte(o.get(t, "/v1/rooms")), &rooms); err != nil || len(rooms.Rooms) != 1 || len(rooms.Rooms[0].Members) != 5 || rooms.Rooms[0].State != "active" {
		t.Fatalf("%v %+v", err, rooms)
	}
	for _, c := range calls[1:] {
		if err := c.Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	flows(t, 25, calls[0])
	if err := calls[0].Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)
}

// gather makes a conference of the owner and members by the conference code and returns all calls, the owner's first.
func gather(t *testing.T, owner *phone.Phone, members ...*phone.Phone) []*phone.Call {
	t.Helper()
	var mine *phone.Call
	var calls []*phone.Call
	for _, m := range members {
		call, back := pair(t, owner, m)
		if mine != nil {
			ended(t, mine) // the older leg is cleared once the next call is up
		}
		mine, calls = call, append(calls, back)
		if err := call.Hold(soon(t), phone.SendOnly); err != nil {
			t.Fatal(err)
		}
		if err := owner.Feature(soon(t), "46"); err != nil {
			t.Fatal(err)
		}
	}
	if err := owner.Feature(soon(t), "46"); err != nil {
		t.Fatal(err)
	}
	if err := mine.Resume(soon(t)); err != nil {
		t.Fatal(err)
	}
	return append([]*phone.Call{mine}, calls...)
}

// TestConferenceEndings: members go on without their owner; the last one is not left alone for ever; an owner alone is
// released.
func TestConferenceEndings(t *testing.T) {
	o := newOffice(t, 4, nil)
	var p []*phone.Phone
	for i := range 4 {
		p = append(p, o.phone(t, i, nil))
	}
	t.Run("the owner leaves, the members go on, the last one is released", func(t *testing.T) {
		calls := gather(t, p[0], p[1], p[2])
		flows(t, 10, calls...)
		if err := calls[0].Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
		flows(t, 25, calls[1], calls[2])
		if err := calls[1].Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
		ended(t, calls[2])
		o.settled(t)
	})
	t.Run("all members leave, the owner is released", func(t *testing.T) {
		calls := gather(t, p[0], p[1], p[2])
		for _, c := range calls[1:] {
			if err := c.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
		}
		ended(t, calls[0])
		o.settled(t)
	})
	t.Run("the owner holds for a while and the others go on", func(t *testing.T) {
		calls := gather(t, p[0], p[1], p[2], p[3])
		if err := calls[0].Hold(soon(t), phone.SendOnly); err != nil {
			t.Fatal(err)
		}
		flows(t, 25, calls[1:]...)
		if err := calls[0].Resume(soon(t)); err != nil {
			t.Fatal(err)
		}
		flows(t, 10, calls...)
		for _, c := range calls {
			if err := c.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
		}
		o.settled(t)
	})
}

// TestHoldForms: every way a phone says hold stops the other's hearing of it, and resume brings it back.
func TestHoldForms(t *testing.T) {
	o := newOffice(t, 2, nil)
	a, b := o.phone(t, 0, nil), o.phone(t, 1, nil)
	for name, style := range map[string]phone.HoldStyle{"sendonly": phone.SendOnly, "inactive": phone.Inactive, "c=0.0.0.0": phone.ZeroAddress} {
		t.Run(name, func(t *testing.T) {
			call, back := pair(t, a, b)
			flows(t, 5, call, back)
			if err := call.Hold(soon(t), style); err != nil {
				t.Fatal(err)
			}
			streams := back.Stats().Streams
			eventually(t, "the held phone hears another stream, the tone", func() bool { return back.Stats().Streams > streams })
			flows(t, 10, back)
			if err := call.Resume(soon(t)); err != nil {
				t.Fatal(err)
			}
			flows(t, 10, call, back)
			if err := back.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
			ended(t, call)
		})
	}
	o.settled(t)
}

// TestStopSaysBye: the end of the server ends every call with BYE.
func TestStopSaysBye(t *testing.T) {
	o := newOffice(t, 2, nil)
	call, back := pair(t, o.phone(t, 0, nil), o.phone(t, 1, nil))
	begin := time.Now()
	o.stop()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	ended(t, call)
	ended(t, back)
}

// TestTransportsAndFamilies: a UDP phone calls a TCP phone, and an IPv4 phone an IPv6 phone.
func TestTransportsAndFamilies(t *testing.T) {
	t.Run("UDP to TCP", func(t *testing.T) {
		o := newOffice(t, 2, nil)
		a := o.phone(t, 0, nil)
		b := o.phone(t, 1, func(c *phone.Config) { c.Server, c.Transport = o.tcp, "tcp" })
		for range 2 {
			call, back := pair(t, a, b)
			flows(t, 10, call, back)
			if err := back.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
			ended(t, call)
			a, b = b, a
		}
	})
	t.Run("IPv4 to IPv6", func(t *testing.T) {
		if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
			t.Skip("no IPv6 here")
		} else {
			c.Close()
		}
		o := newOffice(t, 2, func(c *config.Config) {
			c.SIP.Listen = []string{"udp:127.0.0.1:0", "udp:[::1]:0"}
			v6 := c.Media.Interfaces[0]
			v6.Address = netip.MustParseAddr("::1")
			c.Media.Interfaces = append(c.Media.Interfaces, v6)
		})
		var six string
		for _, a := range o.server.SIPAddresses() {
			if strings.Contains(a, "[::1]") {
				six = strings.TrimPrefix(a, "udp:")
			} else {
				o.udp = strings.TrimPrefix(a, "udp:")
			}
		}
		a := o.phone(t, 0, nil)
		b := o.phone(t, 1, func(c *phone.Config) { c.Server = six })
		call, back := pair(t, a, b)
		flows(t, 10, call, back)
		if err := call.Hangup(soon(t)); err != nil {
			t.Fatal(err)
		}
		ended(t, back)
	})
}
