package ng

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"sidetone/relay/srtp"
)

// query tells what is known of the dialogues that the request means.
func (c *call) query(o *options, w *reply) { c.report(c.named(o), w) }

// detail is how much a report tells. Each step leaves out more, until it fits into its datagram.
type detail uint8

const (
	everything  detail = iota
	noAddresses        // no advertised, no local ones
	noRTCPStreams
	countsOnly   // of the tags labels, of the streams SSRCs, ports and counters
	averagesOnly // of the opinions the means
	noMedias     // no opinions
	totalsOnly
)

// report is the reply to query and delete: the counters of the dialogues, with as much detail as there
// is room for.
func (c *call) report(dialogues []*dialogue, w *reply) {
	view := c.look(dialogues)
	for level := everything; ; level++ {
		w.reset()
		if view.write(w, level); level == totalsOnly || w.fits() {
			return
		}
	}
}

// view is a call at one moment.
type view struct {
	created, lastSignal time.Time
	tags                []*tagView
	opinions            []opinion
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
	ssrc             uint32 // of what comes in, 0 = nothing yet
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
	slices.SortFunc(v.tags, func(a, b *tagView) int { return strings.Compare(a.tag, b.tag) })
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
	v.hear(&stats)
	m.streams = append(m.streams, streamView{
		ssrc: stats.SSRC, local: leg.Local(), peer: stats.Remote, advertised: s.remote[side].RTP, last: stats.LastPacket, locked: stats.Locked, suite: suite, counted: rtp,
	})
	if !m.mux {
		m.streams = append(m.streams, streamView{
			rtcp: true, ssrc: stats.SSRC, local: leg.LocalRTCP(), peer: stats.RemoteRTCP, advertised: s.remote[side].RTCP, last: stats.LastPacket, suite: suite, counted: rtcp,
		})
	}
	return m
}

// write is the view in the words of the protocol.
func (v *view) write(w *reply, level detail) {
	w.dict()
	v.writeOpinions(w, level)
	w.count("created", v.created.Unix())
	w.count("last signal", v.lastSignal.Unix())
	w.pair("result", "ok")
	if level < totalsOnly {
		w.key("tags")
		w.dict()
		for _, t := range v.tags {
			w.key(t.tag)
			t.write(w, level)
		}
		w.endDict()
	}
	w.key("totals")
	w.dict()
	w.key("RTCP")
	v.rtcp.write(w)
	w.key("RTP")
	v.rtp.write(w)
	w.endDict()
	w.endDict()
}

func (t *tagView) write(w *reply, level detail) {
	brief := level == countsOnly || level == averagesOnly
	w.dict()
	if !brief {
		w.count("created", t.created.Unix())
		if t.peer != "" {
			w.pair("in dialogue with", t.peer)
		}
	}
	if t.label != "" {
		w.pair("label", t.label)
	}
	if level < noMedias {
		w.key("medias")
		w.list()
		for i := range t.medias {
			t.medias[i].write(w, level)
		}
		w.endList()
	}
	if !brief {
		w.pair("tag", t.tag)
		if t.branch != "" {
			w.pair("via-branch", t.branch)
		}
	}
	w.endDict()
}

func (m *mediaView) write(w *reply, level detail) {
	w.dict()
	if level < countsOnly {
		m.writeFlags(w)
	}
	w.count("index", int64(m.index))
	if m.proto != "" && level < countsOnly {
		w.pair("protocol", m.proto)
	}
	w.key("streams")
	w.list()
	for i := range m.streams {
		if s := &m.streams[i]; !s.rtcp || level < noRTCPStreams {
			s.write(w, level)
		}
	}
	w.endList()
	if level < countsOnly {
		w.pair("type", m.kind)
	}
	w.endDict()
}

func (m *mediaView) writeFlags(w *reply) {
	w.key("flags")
	w.list()
	w.text("initialized")
	if m.mux {
		w.text("rtcp-mux")
	}
	if secured(m.proto) {
		w.text("SDES")
	}
	if m.shared {
		w.text("passthrough")
	}
	w.endList()
}

func (s *streamView) write(w *reply, level detail) {
	w.dict()
	if s.ssrc != 0 {
		w.count("SSRC", int64(s.ssrc))
	}
	if level < countsOnly {
		s.writeDetails(w, level)
	}
	w.count("local port", int64(s.local.Port()))
	w.key("stats")
	s.counted.write(w)
	w.endDict()
}

// writeDetails are the entries before the port.
func (s *streamView) writeDetails(w *reply, level detail) {
	if s.advertised.IsValid() && level < noAddresses {
		w.endpoint("advertised endpoint", s.advertised)
	}
	if s.suite.Valid() {
		w.pair("crypto suite", s.suite.String())
	}
	if s.peer.IsValid() {
		w.endpoint("endpoint", s.peer)
	}
	w.key("flags")
	w.list()
	if s.rtcp {
		w.text("RTCP")
	} else {
		w.text("RTP")
	}
	if s.peer.IsValid() {
		w.text("filled")
	}
	if s.locked {
		w.text("confirmed")
	}
	w.endList()
	w.count("last packet", s.last.Unix())
	if level < noAddresses {
		w.pair("local address", s.local.Addr().String())
	}
}

func (c counters) write(w *reply) {
	w.dict()
	w.count("bytes", int64(c.bytes))
	w.count("errors", int64(c.errors))
	w.count("packets", int64(c.packets))
	w.endDict()
}

// endpoint writes an address and port.
func (w *reply) endpoint(key string, a netip.AddrPort) {
	kind := "IPv4"
	if a.Addr().Is6() {
		kind = "IPv6"
	}
	w.key(key)
	w.dict()
	w.pair("address", a.Addr().String())
	w.pair("family", kind)
	w.count("port", int64(a.Port()))
	w.endDict()
}
