package sip

import (
	"fmt"
	"net/netip"

	gosip "github.com/emiago/sipgo/sip"
)

// Orphan is an answered dialog as it outlives the program: all that a BYE needs, so that after a restart a phone does not sit in
// a call that is no more. It is written as JSON.
type Orphan struct {
	CallID    string         `json:"call_id"`
	From      string         `json:"from"` // our end, as every request of ours writes it, with its tag
	To        string         `json:"to"`
	Target    string         `json:"target"`
	Routes    []string       `json:"routes,omitempty"`
	CSeq      uint32         `json:"cseq"`
	Transport string         `json:"transport"`
	Local     netip.AddrPort `json:"local"`
	Remote    netip.AddrPort `json:"remote"`
	BehindNAT bool           `json:"behind_nat,omitempty"`
}

// ahead is how much higher than the last known one the CSeq of an orphan's BYE is: after it was kept the dialog may have
// refreshed its session, been held and resumed. Gaps are allowed, going back is not (RFC 3261 12.2.2).
const ahead = 10000

// Orphan is what to keep of the dialog; ok is false while it has no other end. On the actor.
func (d *Dialog) Orphan() (o Orphan, ok bool) {
	if d.state != answered && d.state != confirmed || d.remote.tag == "" {
		return Orphan{}, false
	}
	o = Orphan{
		CallID: d.callID, From: d.local.header(), To: d.remote.header(), Target: d.target.String(), CSeq: d.localSeq,
		Transport: d.flow.Transport, Local: d.flow.Local, Remote: d.flow.Remote, BehindNAT: d.flow.nat,
	}
	for _, r := range d.routes {
		o.Routes = append(o.Routes, r.String())
	}
	return o, true
}

// header writes an end as a From or To header does.
func (p party) header() string {
	return (&gosip.FromHeader{DisplayName: p.name, Address: p.uri, Params: p.params()}).Value()
}

// Bury ends with BYE a dialog that was kept before a restart, after Listen; header is a Reason header (RFC 3326). Nothing tells
// what becomes of it. The error says why it cannot be sent: no way leads there any more, as to a phone behind NAT whose
// connection ended with the process.
func (s *Stack) Bury(o Orphan, header string) error {
	p, err := o.peer()
	p.flow = s.revive(s.flowAgain(o.Transport, o.Local, o.Remote, o.BehindNAT), p.target)
	if err == nil && !p.flow.Alive() {
		err = errNoRoute
	}
	if err != nil {
		return fmt.Errorf("bury dialog %s: %w", clean(o.CallID), err)
	}
	s.bye(&p, o.CSeq+ahead, header, func() {})
	return nil
}

// peer is the orphan's dialog as it was, but for the flow.
func (o Orphan) peer() (p peer, err error) {
	p.callID = o.CallID
	if p.local, err = readParty(o.From); err != nil {
		return p, err
	}
	if p.remote, err = readParty(o.To); err != nil {
		return p, err
	}
	p.routes = make([]gosip.Uri, len(o.Routes))
	for i, r := range o.Routes {
		if err = gosip.ParseUri(r, &p.routes[i]); err != nil {
			return p, err
		}
	}
	return p, gosip.ParseUri(o.Target, &p.target)
}

// readParty undoes party.header.
func readParty(v string) (p party, err error) {
	params := gosip.NewParams()
	if p.name, err = gosip.ParseAddressValue(v, &p.uri, &params); err != nil {
		return party{}, err
	}
	p.tag, _ = param(params, "tag")
	return p, nil
}
