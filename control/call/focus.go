package call

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"slices"

	"sidetone/control/media"
	"sidetone/control/sip"
)

// A conference that phones make by themselves (RFC 4579): the room is the focus, and its Contact says so.
//
//	A ── INVITE sip:conference@ ──► call      makes a room
//	A ◄── 200, Contact: <sip:conf-5f0c…@>;isfocus
//	A ── REFER, Refer-To: C ──────► call ── Summon ──► C                 C is called into the room
//	A ── REFER, Refer-To: B?Replaces=A's call with B ─► call             B's leg moves into the room, A's call with it ends
//	B ── (transferred by A, or dials) sip:conf-5f0c… ─► enter            as into a dial-in room
//	A ── REFER, Refer-To: C;method=BYE ─► call ── BYE ──► C              by the moderator only
//	A ── SUBSCRIBE, Event: conference ──► Exchange.ConferenceInfo        RFC 4575, the whole state at each change
//	A ── BYE ─────────────────────► call ── BYE ──► B, C                 it ends with who made it
//
// Dial-in rooms are focuses too. A conference made by the feature code is none: its flow is the OfficeServ manual's.

// makeFocus makes a room for the caller who dialled the factory.
func (c *Call) makeFocus() {
	var id [8]byte
	rand.Read(id[:]) // never fails (crypto/rand, Go 1.24)
	l := c.a
	r := &Room{
		ID: "conf-" + hex.EncodeToString(id[:]), Owner: l.tel, Limit: c.x.cfg.FactoryMembers, Since: c.x.cfg.Now(),
		focus: true, onChange: c.x.cfg.RoomChanged,
	}
	r.media = c.x.cfg.Media.OpenRoom(media.RoomConfig{ID: r.ID, Events: c.x.cfg.Talk, Members: r.Limit, Alone: c.x.cfg.Media.Programs().Waiting(l.station.Music)})
	r.onLeave = func(r *Room) {
		if slices.ContainsFunc(r.Legs(), func(m *Leg) bool { return m == l }) {
			return
		}
		legs, expected, first := r.close()
		if !first {
			return
		}
		for _, m := range legs {
			m.Do(func(c *Call) { c.Release(m, "conference over") }, nil)
		}
		for _, e := range expected {
			e.Post(func() { e.end("", "conference over") })
		}
	}
	c.x.listRoom(r)
	c.enter(r)
}

// referred carries out the REFER of a member to the focus.
//
//	403 not for a member · 404, 480, 486, 503 as Summon · 481 no such dialog of the member
func (c *Call) referred(l *Leg, r *sip.Request, asked sip.Refer) {
	room := l.room
	if !room.focus || asked.Bye && room.moderator() != l {
		r.Reply(403, "")
		return
	}
	ref := &referral{leg: l, event: "refer", quiet: asked.Silent}
	r.Reply(202, "")
	l.referral = ref
	ref.notify(100, "active;expires=180")
	tell := func(code int) { ref.finish(code, func(*Call) {}) }
	switch {
	case asked.Bye:
		if room.Kick(asked.Target) != nil {
			tell(404)
			return
		}
		tell(200)
	case asked.Replaces != nil:
		old := c.x.replaced(*asked.Replaces)
		if old == nil || old.tel != l.tel || old.Call() == c {
			tell(481)
			return
		}
		old.Do(func(from *Call) { tell(from.moveInto(old, room)) }, func() { tell(481) })
	default:
		c.x.cfg.Logger.Info("invited", "call_id", c.id, "room", room.ID, "by", l.tel, "tel", asked.Target)
		c.x.Summon(Summons{Room: room, Tel: asked.Target, From: sip.Identity{Name: "Conference", User: room.ID}, Done: tell})
	}
}

// moveInto brings the party that a leg talks with into a room and ends the leg; the result is 200 or why not.
func (c *Call) moveInto(old *Leg, r *Room) int {
	member := c.other(old)
	switch {
	case !old.answered || old.room != nil || !member.live() || !member.answered || member.room != nil:
		return 481
	case !r.take(member):
		return 486
	}
	member.room = r
	c.x.cfg.Logger.Info("into conference", "call_id", c.id, "room", r.ID, "member", member.tel)
	c.settle()
	c.Release(old, "its party is in the conference")
	r.changed()
	return 200
}

// changed tells who subscribed to the room.
func (r *Room) changed() {
	if r.onChange != nil {
		r.onChange(r.ID)
	}
}

// conferenceInfo is the document of RFC 4575, as much of it as we know.
type conferenceInfo struct {
	XMLName xml.Name `xml:"urn:ietf:params:xml:ns:conference-info conference-info"`
	Entity  string   `xml:"entity,attr"`
	State   string   `xml:"state,attr"`
	Version uint32   `xml:"version,attr"`
	Most    int      `xml:"conference-description>maximum-user-count"`
	Count   int      `xml:"conference-state>user-count"`
	Active  bool     `xml:"conference-state>active"`
	Locked  bool     `xml:"conference-state>locked"`
	Users   []user   `xml:"users>user"`
}

type user struct {
	Entity    string     `xml:"entity,attr"`
	State     string     `xml:"state,attr"`
	Name      string     `xml:"display-text"`
	Role      string     `xml:"roles>entry"`
	Endpoints []endpoint `xml:"endpoint"`
}

type endpoint struct {
	Entity  string    `xml:"entity,attr"`
	Status  string    `xml:"status"`
	Joining string    `xml:"joining-method"`
	Media   mediaInfo `xml:"media"`
}

type mediaInfo struct {
	ID     int    `xml:"id,attr"`
	Type   string `xml:"type"`
	Status string `xml:"status"`
}

// ConferenceInfo is the state of a room as a station may know it: who is in, and everybody where no PIN is asked. host is what our
// addresses end with.
func (x *Exchange) ConferenceInfo(tel, room, host string, version uint32) ([]byte, bool) {
	r := x.room(room)
	if r == nil {
		return nil, false
	}
	legs := r.Legs()
	member := slices.ContainsFunc(legs, func(l *Leg) bool { return l.tel == tel })
	if !member && (r.pin != "" || r.Owner != "") {
		return nil, false
	}
	uri := func(user string) string { return "sip:" + user + "@" + host }
	info := conferenceInfo{
		Entity: uri(r.ID), State: "full", Version: version, Most: r.Limit, Count: len(legs), Active: len(legs) > 0, Locked: r.Locked(),
	}
	chair := r.moderator()
	for n, l := range legs {
		st := l.State()
		entity, name := uri(l.tel), cmp.Or(l.station.Name, l.tel)
		if l.private { // RFC 4575 5.6
			entity, name = fmt.Sprintf("sip:%s%d@%s", sip.Anonymous, n+1, sip.Nobody.Host), sip.Nobody.Name
		}
		e := endpoint{Entity: entity + ";leg=" + l.id, Status: "connected", Joining: "dialed-in", Media: mediaInfo{ID: 1, Type: "audio", Status: "sendrecv"}}
		if st.Holding {
			e.Status, e.Media.Status = "on-hold", "inactive"
		}
		if st.Outgoing {
			e.Joining = "dialed-out"
		}
		i := slices.IndexFunc(info.Users, func(u user) bool { return u.Entity == entity })
		if i < 0 {
			i = len(info.Users)
			info.Users = append(info.Users, user{Entity: entity, State: "full", Name: name, Role: "participant"})
		}
		if l == chair {
			info.Users[i].Role = "moderator"
		}
		info.Users[i].Endpoints = append(info.Users[i].Endpoints, e)
	}
	b, err := xml.Marshal(info)
	if err != nil {
		return nil, false
	}
	return append([]byte(xml.Header), b...), true
}
