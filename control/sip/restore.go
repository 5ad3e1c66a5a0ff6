package sip

import (
	"net/netip"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// Kept is a registration as it outlives the program: a Binding without its socket. It is written as JSON.
type Kept struct {
	Contact    string         `json:"contact"`    // where to send requests
	Registered string         `json:"registered"` // as the phone wrote it
	Transport  string         `json:"transport"`
	Local      netip.AddrPort `json:"local"`  // our address as the phone sees it
	Remote     netip.AddrPort `json:"remote"` // where messages go
	Source     netip.AddrPort `json:"source"`
	UserAgent  string         `json:"user_agent,omitempty"`
	BehindNAT  bool           `json:"behind_nat,omitempty"`
	Since      time.Time      `json:"since"`
	Expires    time.Time      `json:"expires"`
	CallID     string         `json:"call_id"`
	CSeq       uint32         `json:"cseq"`
}

// Kept lists a station's contacts for Restore, the oldest first.
func (r *Registrar) Kept(tel string) []Kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Kept
	for _, b := range r.tels[tel] {
		out = append(out, Kept{
			Contact: b.Contact.String(), Registered: b.Registered.String(), Transport: b.Flow.Transport,
			Local: b.Flow.Local, Remote: b.Flow.Remote, Source: b.Source, UserAgent: b.UserAgent, BehindNAT: b.BehindNAT,
			Since: b.Since, Expires: b.Expires, CallID: b.callID, CSeq: b.seq,
		})
	}
	return out
}

// Restore brings a station's registrations back after a restart, between Listen and Run, and returns how many: those
// whose time is not over and to which a way still leads. Nothing does to a phone behind NAT whose connection ended
// with the process (RFC 5626 4.2.2); another phone with a connection is called back at its Contact.
func (s *Stack) Restore(tel string, list []Kept) int {
	now, n := time.Now(), 0
	for _, k := range list {
		b, ok := s.bring(tel, k)
		if ok && b.Expires.After(now) && s.registrar.restore(b, now) {
			n++
		}
	}
	return n
}

// bring makes a binding of what was kept.
func (s *Stack) bring(tel string, k Kept) (*Binding, bool) {
	b := &Binding{
		Tel: tel, Source: k.Source, UserAgent: k.UserAgent, BehindNAT: k.BehindNAT,
		Since: k.Since, Expires: k.Expires, callID: k.CallID, seq: k.CSeq,
	}
	if gosip.ParseUri(k.Contact, &b.Contact) != nil || gosip.ParseUri(k.Registered, &b.Registered) != nil {
		return nil, false
	}
	b.Flow = s.flowAgain(k.Transport, k.Local, k.Remote, k.BehindNAT)
	if b.Flow.Reliable() {
		return b, !k.BehindNAT
	}
	return b, b.Flow.link != nil
}

// flowAgain is a flow of before a restart: over UDP by the very socket, as a NAT lets nothing else in; a connection is gone, and
// revive makes a new one.
func (s *Stack) flowAgain(transport string, local, remote netip.AddrPort, nat bool) Flow {
	again := Flow{Transport: transport, Local: local, Remote: remote, nat: nat}
	if again.Reliable() {
		return again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.datagrams {
		if f := d.flow(remote); f.Local == local {
			f.nat = nat
			return f
		}
	}
	return again
}

// restore enters a binding as a REGISTER would; false when there are too many.
func (r *Registrar) restore(b *Binding, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.tels[b.Tel]
	full := len(list) == 0 && r.config.MaxStations > 0 && len(r.tels) >= r.config.MaxStations
	if r.closed || full || len(list) >= r.config.MaxContacts {
		return false
	}
	r.keep(b.Tel, append(list, b))
	r.arm(b, now)
	return true
}
