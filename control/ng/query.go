package ng

import (
	"net/netip"
	"time"

	"sidetone/control/ng/bencode"
	"sidetone/relay/srtp"
)

// query tells what is known of the dialogues that the request means.
func (c *call) query(o *options) bencode.Value { return c.report(c.named(o), o) }

// detail is how much a report tells. Each step leaves out more, until it fits into its datagram.
type detail uint8

const (
	everything detail = iota
	noAdvertised
	noRTCPStreams
	noMedias
	totalsOnly
)

// report is the reply to query and delete: the counters of the dialogues, with as much detail as there
// is room for.
func (c *call) report(dialogues []*dialogue, o *options) bencode.Value {
	view := c.look(dialogues)
	for level := everything; ; level++ {
		if v := view.render(level); level == totalsOnly || o.fits(v) {
			return v
		}
	}
}

// view is a call at one moment.
type view struct {
	created, lastSignal time.Time
	tags                []*tagView
	rtp, rtcp           counters
}

// tagView is one tag of it.
type tagView struct {
	tag, label, branch, peer string
	created                  time.Time
	medias                   []mediaView
}

// mediaView is one section as one side has it.
type mediaView struct {
	index       int
	kind, proto string
	mux         bool
	shared      bool
	streams     []streamView
}

// streamView is one port.
type streamView struct {
	rtcp             bool
	local            netip.AddrPort
	peer, advertised netip.AddrPort
	last             time.Time
	locked           bool
	suite            srtp.Profile
	counted          counters
}

// counters are what came in.
type counters struct{ packets, bytes, errors uint64 }

func (c *counters) add(d counters) {
	c.packets += d.packets
	c.bytes += d.bytes
	c.errors += d.errors
}

// look asks every leg once.
func (c *call) look(dialogues []*dialogue) view {
	v := view{created: c.created, lastSignal: c.lastSignal}
	var legs []Leg
	for _, d := range dialogues {
		legs = append(legs, d.legs()...)
	}
	stats := make(map[Leg]LegStats, len(legs))
	for i, s := range c.engine.cfg.Relay.Stats(legs) {
		stats[legs[i]] = s
	}
	for _, d := range dialogues {
		for side := range d.sides {
			s, other := &d.sides[side], &d.sides[1-side]
			t := v.tag(s.tag, other.tag, d.created)
			if side == 1 {
				t.branch = d.branch
			}
			if s.label != "" {
				t.label = s.label
			}
			for i, sec := range d.sections {
				if leg := sec.legs[side]; leg != nil {
					t.medias = append(t.medias, sec.look(side, i+1, stats[leg], d.created, &v))
				}
			}
			for _, fork := range s.forks {
				v.tag(fork, other.tag, d.created)
			}
		}
	}
	return v
}

// tag returns the view of a tag, which several dialogues may have.
func (v *view) tag(name, peer string, created time.Time) *tagView {
	for _, t := range v.tags {
		if t.tag == name {
			if t.peer == "" {
				t.peer = peer
			}
			return t
		}
	}
	t := &tagView{tag: name, peer: peer, created: created}
	v.tags = append(v.tags, t)
	return t
}

// look is the leg towards one side.
func (s *section) look(side, index int, stats LegStats, created time.Time, v *view) mediaView {
	leg := s.legs[side]
	if stats.LastPacket.IsZero() {
		stats.LastPacket = created
	}
	m := mediaView{index: index, kind: s.kind, proto: s.proto[side], mux: s.mux[side].agreed, shared: s.secure.shared}
	_, suite := s.secure.sides[side].keys.Profiles()
	rtp := counters{stats.Received.Packets, stats.Received.Bytes, stats.Errors}
	rtcp := counters{stats.RTCPReceived.Packets, stats.RTCPReceived.Bytes, 0}
	v.rtp.add(rtp)
	v.rtcp.add(rtcp)
	m.streams = append(m.streams, streamView{
		local: leg.Local(), peer: stats.Remote, advertised: s.remote[side].RTP, last: stats.LastPacket, locked: stats.Locked, suite: suite, counted: rtp,
	})
	if !m.mux {
		m.streams = append(m.streams, streamView{
			rtcp: true, local: leg.LocalRTCP(), peer: stats.RemoteRTCP, advertised: s.remote[side].RTCP, last: stats.LastPacket, suite: suite, counted: rtcp,
		})
	}
	return m
}

// render writes the view in the words of the protocol.
func (v *view) render(level detail) bencode.Value {
	r := done()
	r.SetInteger("created", v.created.Unix())
	r.SetInteger("last signal", v.lastSignal.Unix())
	if level < totalsOnly {
		tags := bencode.NewDict()
		for _, t := range v.tags {
			tags.Set(t.tag, t.render(level))
		}
		r.Set("tags", tags)
	}
	totals := bencode.NewDict()
	totals.Set("RTP", v.rtp.render())
	totals.Set("RTCP", v.rtcp.render())
	r.Set("totals", totals)
	return r
}

func (t *tagView) render(level detail) bencode.Value {
	r := bencode.NewDict()
	r.SetString("tag", t.tag)
	r.SetInteger("created", t.created.Unix())
	if t.label != "" {
		r.SetString("label", t.label)
	}
	if t.branch != "" {
		r.SetString("via-branch", t.branch)
	}
	if t.peer != "" {
		r.SetString("in dialogue with", t.peer)
	}
	if level < noMedias {
		medias := bencode.NewList()
		for _, m := range t.medias {
			medias.Append(m.render(level))
		}
		r.Set("medias", medias)
	}
	return r
}

func (m *mediaView) render(level detail) bencode.Value {
	r := bencode.NewDict()
	r.SetInteger("index", int64(m.index))
	r.SetString("type", m.kind)
	if m.proto != "" {
		r.SetString("protocol", m.proto)
	}
	flags := []string{"initialized"}
	if m.mux {
		flags = append(flags, "rtcp-mux")
	}
	if secured(m.proto) {
		flags = append(flags, "SDES")
	}
	if m.shared {
		flags = append(flags, "passthrough")
	}
	r.Set("flags", bencode.NewStrings(flags...))
	streams := bencode.NewList()
	for _, s := range m.streams {
		if !s.rtcp || level < noRTCPStreams {
			streams.Append(s.render(level))
		}
	}
	r.Set("streams", streams)
	return r
}

func (s *streamView) render(level detail) bencode.Value {
	r := bencode.NewDict()
	r.SetInteger("local port", int64(s.local.Port()))
	if s.peer.IsValid() {
		r.Set("endpoint", endpoint(s.peer))
	}
	if s.advertised.IsValid() && level < noAdvertised {
		r.Set("advertised endpoint", endpoint(s.advertised))
	}
	if s.suite.Valid() {
		r.SetString("crypto suite", s.suite.String())
	}
	r.SetInteger("last packet", s.last.Unix())
	flags := []string{"RTP"}
	if s.rtcp {
		flags[0] = "RTCP"
	}
	if s.peer.IsValid() {
		flags = append(flags, "filled")
	}
	if s.locked {
		flags = append(flags, "confirmed")
	}
	r.Set("flags", bencode.NewStrings(flags...))
	r.Set("stats", s.counted.render())
	return r
}

func (c counters) render() bencode.Value {
	r := bencode.NewDict()
	r.SetInteger("packets", int64(c.packets))
	r.SetInteger("bytes", int64(c.bytes))
	r.SetInteger("errors", int64(c.errors))
	return r
}

func endpoint(a netip.AddrPort) bencode.Value {
	r := bencode.NewDict()
	kind := "IPv4"
	if a.Addr().Is6() {
		kind = "IPv6"
	}
	r.SetString("family", kind)
	r.SetString("address", a.Addr().String())
	r.SetInteger("port", int64(a.Port()))
	return r
}
