package call

import (
	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/control/sip"
)

// Direct media (SPEC S9, media.path: auto): two stations of one private network send to each other, and we only signal.
//
//	217 ── INVITE ──► call ── INVITE ──► 218       both through us, as ever, until both have answered
//	217 ◄═══════════► us ◄═════════════► 218
//	217 ◄── re-INVITE, 218's ports ── call ── re-INVITE, 217's ports ──► 218
//	217 ◄══════════════════════════════► 218
//
// settle finds anew after every event whether they may, so a hold, a transfer, a conference or a recording brings both back to our
// ports, which have stayed open, by re-INVITE, and its end sends them off again. While only one of them has followed, both hear each
// other all the same: what still comes to us is relayed. A phone that refuses to be sent elsewhere stays with us for the whole call.
//
// Calls over trunks always come through us, as in the OfficeServ manual, where they use an MPS channel: the far end's address is
// whatever a carrier says. So does SRTP: a phone may make a new key for each description, which its peer would have to be told in
// an offer that makes a new one again; and nothing tells us the roll-over counter (RFC 3711 3.3.1) of a stream that comes back
// to us after 65,536 packets.

// direct is what two parties are told that may talk without us; none when they may not.
func (c *Call) direct(l, peer *Leg) []sdp.Codec {
	if !c.x.cfg.Direct || c.relayed || c.recorder != nil || c.a == nil || c.b == nil || l.outside != nil || peer.outside != nil {
		return nil
	}
	for _, p := range [...]*Leg{c.a, c.b} {
		if !p.live() || !p.answered || p.lateOffer || p.room != nil || p.holding() || p.keypad.owner != nil || p.stands != nil {
			return nil
		}
	}
	if l.station.Digits != peer.station.Digits {
		return nil
	}
	list := c.a.media.Direct(c.b.media)
	if l == c.b && list != nil {
		list = withParameters(list, c.a.media.Remote())
	}
	return list
}

// withParameters is a list with the fmtp of who will receive it.
func withParameters(list, receiver []sdp.Codec) []sdp.Codec {
	out := make([]sdp.Codec, len(list))
	for i, c := range list {
		if same, ok := sdp.Find(receiver, c); ok {
			c.Fmtp = same.Fmtp
		}
		out[i] = c
	}
	return out
}

// elsewhere: the leg's phone has been told to send to another phone.
func (l *Leg) elsewhere() bool { return l.media != nil && l.media.At() != media.Place{} }

// path is how the voice of a call goes: direct, relay, transcode, mix; "" before there is any.
func (c *Call) path() string {
	path := ""
	for _, l := range c.legs() {
		switch {
		case !l.live() || !l.answered:
		case l.room != nil:
			return "mix"
		case l.elsewhere():
			path = "direct"
		case l.media.Decodes():
			path = "transcode"
		case path == "":
			path = "relay"
		}
	}
	return path
}

// nearby: a station that is about to be rung will talk with the caller directly, if its phone has the caller's codec.
func (c *Call) nearby(from *Leg, s Station, bindings []sip.Binding) bool {
	near := c.x.cfg.Direct && c.waits == nil && from.outside == nil && from.station.Digits == s.Digits && from.described && from.media.Reachable()
	for _, b := range bindings {
		near = near && !s.BehindNAT && !b.BehindNAT && c.x.cfg.Media.Private(b.Flow.Remote.Addr())
	}
	return near
}
