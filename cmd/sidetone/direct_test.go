package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// path waits until the only call of the office goes that way.
func (o *office) path(t *testing.T, want string) {
	t.Helper()
	eventually(t, "the call goes "+want, func() bool {
		var b api.Calls
		check(t, json.Unmarshal([]byte(o.get(t, "/v1/calls")), &b))
		return len(b.Calls) > 0 && b.Calls[0].Path == want
	})
}

// relayed is how many packets of its calls the office has received.
func (o *office) relayed(t *testing.T) (n uint64) {
	t.Helper()
	var b api.Calls
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/calls")), &b))
	for _, c := range b.Calls {
		for _, l := range c.Legs {
			n += l.Received.Packets
		}
	}
	return n
}

// apart waits until two phones hear each other without the office.
func (o *office) apart(t *testing.T, a, b *phone.Call) {
	t.Helper()
	eventually(t, "the phones send to each other", func() bool {
		relayed := o.relayed(t)
		flows(t, 10, a, b)
		return o.relayed(t) == relayed
	})
}

// TestDirectMedia: two stations of one network send to each other; whatever needs us brings them back, and when it is over they
// are apart again, with speech both ways after every change.
func TestDirectMedia(t *testing.T) {
	dir := t.TempDir()
	o := newOffice(t, 3, func(c *config.Config) { c.Media.Path, c.Store.Dir = "auto", dir })
	p := o.voices(t, 3, nil)

	c, d := pair(t, p[0], p[1])
	o.path(t, "direct")
	o.apart(t, c, d)
	talk(t, c, d)
	for i, most := range []int{1, 2} { // the called one's own INVITE, and one to each that sends it to the other
		n := 0
		for _, m := range p[i].Seen() {
			if m.Method == "INVITE" {
				n++
			}
		}
		if n != most {
			t.Errorf("%s got %d INVITEs, want %d", p[i].Tel(), n, most)
		}
	}
	if u := o.capacity(t); u.MPS.Used != 0 || u.MGI.Used != 0 {
		t.Errorf("a direct call takes %+v %+v", u.MPS, u.MGI)
	}
	for range 2 {
		hold(t, c)
		o.path(t, "transcode") // hold tone
		listens(t, d)
		if u := o.capacity(t); u.MGI.Used != 1 {
			t.Errorf("hold takes %+v", u.MGI)
		}
		check(t, c.Resume(soon(t)))
		o.path(t, "direct")
		o.apart(t, c, d)
		talk(t, c, d)
	}

	// A transfer joins others, who then are apart too.
	hold(t, c)
	if code, err := c.Refer(soon(t), "219", nil); err != nil || code != 202 {
		t.Fatalf("REFER: %d %v", code, err)
	}
	e := incoming(t, p[2])
	transferred(t, c, 200)
	check(t, c.Hangup(soon(t)))
	o.path(t, "direct")
	o.apart(t, d, e)
	talk(t, d, e)

	// A conference is mixed here.
	hold(t, d)
	check(t, p[1].Feature(soon(t), "46"))
	f := must[*phone.Call](t)(p[1].Call(soon(t), "217"))
	g := incoming(t, p[0])
	ended(t, d) // cleared when the next call is up
	talk(t, f, g)
	hold(t, f)
	check(t, p[1].Feature(soon(t), "46"))
	check(t, p[1].Feature(soon(t), "46"))
	check(t, f.Resume(soon(t)))
	listens(t, e, p[0], p[1])
	listens(t, f, p[0], p[2])
	listens(t, g, p[1], p[2])
	for _, l := range []*phone.Call{e, g, f} {
		_ = l.Hangup(soon(t)) // the last one may be gone by then
	}
	o.settled(t)
	for _, r := range o.records(t, dir) { // what went past us is not lost
		for _, l := range r.Legs {
			if l.PacketsLost > 10 {
				t.Errorf("%s lost %d packets of %d", l.Tel, l.PacketsLost, l.PacketsReceived)
			}
		}
	}
}

// TestNotDirect: what keeps media here although media.path is auto.
func TestNotDirect(t *testing.T) {
	o := newOffice(t, 4, func(c *config.Config) {
		c.Media.Path = "auto"
		c.Media.Timeouts.NoMedia, c.Media.Timeouts.OneWay = time.Second, time.Second
		c.Stations[2].DTMF = "info"
		c.Stations[3].SRTP = "required"
	})
	p := []*phone.Phone{o.phone(t, 0, nil), o.phone(t, 1, func(c *phone.Config) { c.Codecs = []phone.Codec{phone.PCMA} }), o.phone(t, 2, nil),
		o.phone(t, 3, func(c *phone.Config) { c.SRTP = phone.RequiredSRTP })}
	for _, tt := range []struct {
		from, to int
		path     string
	}{{0, 2, "relay"}, {0, 3, "relay"}, {0, 1, "direct"}} {
		c, d := pair(t, p[tt.from], p[tt.to])
		o.path(t, tt.path)
		if tt.path == "direct" { // longer than a call without media here would last, were it not direct
			c.Mute(true)
			select {
			case <-time.After(2500 * time.Millisecond):
			case <-t.Context().Done():
			}
			if s := d.Status(); s.State != phone.Answered {
				t.Errorf("a direct call ended: %+v", s)
			}
		}
		check(t, c.Hangup(soon(t)))
		ended(t, d)
	}
	o.settled(t)
}

// TestCapacity: calls beyond the channels and ports that are allowed get 503 and a row of the access log; those that run go on.
func TestCapacity(t *testing.T) {
	o := newOffice(t, 5, func(c *config.Config) { c.Media.MPSChannels, c.Media.MGIPorts = 1, 2 })
	p := o.voices(t, 5, nil)
	c, d := pair(t, p[0], p[1])
	if u := o.capacity(t); u.MPS.Used != 1 || u.MPS.Limit != 1 || u.MGI.Used != 0 || u.MGI.Limit != 2 {
		t.Errorf("%+v %+v", u.MPS, u.MGI)
	}
	if code := refused(t, p[2], "220"); code != 503 {
		t.Errorf("a second call: %d", code)
	}
	if log := o.get(t, "/v1/access-log"); !strings.Contains(log, "MPS") || !strings.Contains(log, `"219"`) {
		t.Errorf("%s", log)
	}
	for _, i := range []int{2, 3} {
		must[*phone.Call](t)(p[i].Call(soon(t), "700"))
	}
	if code := refused(t, p[4], "700"); code != 503 {
		t.Errorf("a third in the room: %d", code)
	}
	if log := o.get(t, "/v1/access-log"); !strings.Contains(log, "MGI") {
		t.Errorf("%s", log)
	}
	hold(t, c) // no port for the tone: silence, but a hold
	listens(t, d)
	check(t, c.Resume(soon(t)))
	talk(t, c, d)
	for _, l := range []*phone.Call{c, p[2].Calls()[len(p[2].Calls())-1], p[3].Calls()[0]} {
		check(t, l.Hangup(soon(t)))
	}
	o.settled(t)
	if u := o.capacity(t); u.MPS.Used != 0 || u.MGI.Used != 0 {
		t.Errorf("left: %+v %+v", u.MPS, u.MGI)
	}
	c, d = pair(t, p[2], p[3]) // and there is room again
	talk(t, c, d)
}
