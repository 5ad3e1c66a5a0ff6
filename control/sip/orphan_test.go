package sip

import (
	"encoding/json"
	"regexp"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// TestOrphanIsTheSameDialog: what was kept as JSON makes the very BYE that the dialog itself would have sent.
func TestOrphanIsTheSameDialog(t *testing.T) {
	timed(t, "Record-Route: <sip:10.0.0.9;lr;ftag=x>, <sip:p2.example.org:5070;transport=udp;lr>", func(p *tap, d *Dialog, actor *loop, _ events, _ *gosip.Response) {
		actor.do(func() {
			d.local.name, d.remote.name = quoted(`Büro "Süd" \ <1>`), "Ann, of <sales>"
			d.remote.uri.UriParams.Add("user", "phone")
			kept, ok := d.Orphan()
			raw, err := json.Marshal(kept)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			var o Orphan
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatal(err)
			}
			q, err := o.peer()
			if err != nil {
				t.Fatal(err)
			}
			q.flow = d.flow
			text := func(p *peer) string {
				return regexp.MustCompile(`branch=\w+`).ReplaceAllString(p.request(d.s, gosip.BYE, 7).String(), "")
			}
			if got, want := text(&q), text(&d.peer); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if o.CSeq != d.localSeq || o.Remote != d.flow.Remote || o.Local != d.flow.Local || o.Transport != UDP {
				t.Errorf("%+v", o)
			}
		})
	})
}

// TestNoOrphanOfWhatWasNotAnswered, and of what is over.
func TestNoOrphanOfWhatWasNotAnswered(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() {
			if _, ok := d.Orphan(); ok {
				t.Error("of a call that rings")
			}
			d.Reject(486, "")
			if _, ok := d.Orphan(); ok {
				t.Error("of a call that was refused")
			}
		})
	})
}

// TestBuryNonsense: what is kept on disk may be damaged, and where it leads may be gone.
func TestBuryNonsense(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *Stack, _ *tap, _ *loop) {
		for _, o := range []Orphan{
			{},
			{CallID: "x\r\ny", From: "<sip:1@a>;tag=1", To: "<sip:2@b", Target: "sip:2@b"},
			{CallID: "x", From: "<sip:1@a>;tag=1", To: "<sip:2@b>;tag=2", Target: "sip:2@b", Routes: []string{""}},
			{CallID: "x", From: "<sip:1@a>;tag=1", To: "<sip:2@b>;tag=2", Target: "sip:2@192.0.2.1", Transport: "tcp"},
		} {
			if err := s.Bury(o, ""); err == nil {
				t.Errorf("%+v was buried", o)
			}
		}
	})
}
