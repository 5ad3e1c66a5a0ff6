package call

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"sidetone/control/media"
	"sidetone/control/sip"
)

// Zone paging (SPEC X9): one station talks to all members of a group, who hear it and are not heard.
//
//	A ── INVITE page500 ──► call      by calls: each member that is free answers by itself (Summons) and listens
//	A ◄── 200 ───────────── call ── INVITE, Answer-Mode: Auto ──► B, C, D
//	A ════ voice ═════════► Room ═══════════════════════════════► B, C, D
//	A ── BYE ─────────────► call ── BYE ────────────────────────► B, C, D
//
//	A ════ voice ═════════► Room ═══ media.Engine.Multicast ════► 224.0.1.77:10000     by multicast: whoever listens there
//
// A group address carries one page at a time: one with a better priority ends the one under way, any other gets 486.

// pageRing is how long a phone may take to answer by itself.
const pageRing = 10 * time.Second

// paging is a page under way.
type paging struct {
	talker   *Leg
	priority int
	air      *media.Leg // to the group address; nil when it goes by calls
	to       netip.AddrPort
}

// Page lets the caller of this call speak to a group. On the call's queue.
//
//	404 no such group · 480 no member is there · 486 all are busy, or the group address is · 503 no ports left
func (c *Call) Page(number string) {
	g, x, l := c.x.groups[number], c.x, c.a
	if g == nil {
		c.reject(404, "unknown group")
		return
	}
	p := &paging{talker: l, priority: g.Priority, to: g.Multicast}
	r := &Room{ID: "page-" + number + "-" + c.id, Owner: l.tel, Limit: len(g.Members) + 1, Since: x.cfg.Now(), page: p}
	r.onLeave = x.pageLeft
	r.media = x.cfg.Media.OpenRoom(media.RoomConfig{Members: r.Limit + 1})
	free := slices.DeleteFunc(slices.Clone(g.Members), func(tel string) bool {
		_, _, code := x.callable(tel)
		return tel == l.tel || code != 0
	})
	switch {
	case p.to.IsValid():
		if !x.takeAir(r) {
			c.reject(486, "another page is on the group address")
			return
		}
	case len(free) == 0:
		code := 480
		if slices.ContainsFunc(g.Members, func(tel string) bool { _, _, why := x.callable(tel); return tel != l.tel && why == 486 }) {
			code = 486
		}
		c.reject(code, "nobody to page")
		return
	}
	x.listRoom(r)
	c.enter(r)
	if c.ended {
		x.giveAir(r)
		return
	}
	if p.to.IsValid() {
		air, err := x.cfg.Media.Multicast(c.id+"/multicast", r.media, p.to)
		if err != nil {
			c.check(err)
			c.end("", "page: "+err.Error())
			return
		}
		p.air = air
		return
	}
	r.expect(c) // so that it does not end before all have been called
	for _, tel := range free {
		x.Summon(Summons{
			Room: r, Tel: tel, From: sip.Identity{Name: l.station.Name, User: l.tel}, Auto: true, Muted: true, Ring: pageRing,
			Done: func(code int) {
				if code != 200 {
					x.pageLeft(r)
				}
			},
		})
	}
	r.expected(c)
	x.pageLeft(r)
}

// pageLeft is for Room.onLeave: a page is over when its talker has left, or all who listened.
func (x *Exchange) pageLeft(r *Room) {
	p := r.page
	legs, waits := r.left()
	talks := slices.Contains(legs, p.talker)
	if talks && (p.to.IsValid() || len(legs) > 1 || waits) {
		return
	}
	x.endPage(r, "page over")
}

// endPage ends a page for all; ending it again does nothing.
func (x *Exchange) endPage(r *Room, reason string) {
	p := r.page
	legs, expected, first := r.close()
	if !first {
		return
	}
	x.giveAir(r)
	for _, l := range legs {
		l.Do(func(c *Call) { c.Release(l, reason) }, nil)
	}
	for _, c := range expected {
		c.Post(func() { c.end("", reason) })
	}
	p.talker.Call().queue.Post(func() { // it owns the leg, whether it has ended or not
		if p.air != nil {
			p.talker.Call().check(p.air.Close())
			p.air = nil
		}
	})
}

// takeAir reserves the group address of a page; false when another page of at least its priority has it.
func (x *Exchange) takeAir(r *Room) bool {
	x.mu.Lock()
	before := x.air[r.page.to]
	if before != nil && before.page.priority <= r.page.priority {
		x.mu.Unlock()
		return false
	}
	x.air[r.page.to] = r
	x.mu.Unlock()
	if before != nil {
		x.endPage(before, fmt.Sprintf("a page of priority %d", r.page.priority))
	}
	return true
}

func (x *Exchange) giveAir(r *Room) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.air[r.page.to] == r {
		delete(x.air, r.page.to)
	}
}
