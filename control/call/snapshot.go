package call

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/relay"
)

// Info is a call as it stood when it was asked for.
type Info struct {
	ID       string
	From, To string
	State    string // calling, ringing, talking, held, conference
	Since    time.Time
	Answered time.Time // zero before the answer
	Legs     []LegInfo
	// Recording is the file that it is recorded to now, "" for none.
	Recording string
	// Path is how its voice goes: direct, relay, transcode, mix; "" before the answer.
	Path string
}

// LegInfo is one phone of a call.
type LegInfo struct {
	ID, Tel, Name string
	Outgoing      bool // we called it
	Answered      bool
	Holding       bool
	Peer          netip.AddrPort // where its signalling comes from
	LocalRTP      netip.AddrPort
	Codec         string // what we send to it first, "" before SDP
	SRTP          string // crypto suite, "" for plain RTP
	Room          string
	Stats         relay.LegStats
	Sections      []SectionInfo // besides the voice
}

// SectionInfo is video, fax or what else a phone has in its call.
type SectionInfo struct {
	media.Running
	Local netip.AddrPort
	Stats relay.LegStats
}

// RoomInfo is a room as it stood when it was asked for.
type RoomInfo struct {
	ID, Owner string
	Limit     int
	Since     time.Time
	DialIn    bool
	Locked    bool
	Recording string // the file that it is recorded to now, "" for none
	Members   []RoomMember
}

// RoomMember is one leg in a room.
type RoomMember struct {
	Tel, Name, CallID, LegID string
	Holding                  bool // its own hold: it is not mixed
	Moderator                bool
	Sound                    media.Member // what the mix knows of it
}

// snapshot is the part of a call that others read.
type snapshot struct {
	mu   sync.Mutex
	info Info
	legs []*relay.Leg // the data plane's side of info.Legs, nil before ports were taken
}

// publish copies what others may know; on the call's queue.
func (c *Call) publish() {
	info := Info{ID: c.id, To: c.number, State: c.state(), Since: c.started, Answered: c.answered, Path: c.path()}
	if c.recording() {
		info.Recording = c.recorder.Info().Path
	}
	var relays []*relay.Leg
	for _, l := range c.legs() {
		li := LegInfo{ID: l.id, Tel: l.tel, Name: l.station.Name, Outgoing: l.outgoing, Answered: l.answered, Holding: l.holding(), Peer: l.peer}
		if l.room != nil {
			li.Room = l.room.ID
		}
		var r *relay.Leg
		if l.media != nil {
			r = l.media.Relay()
			li.LocalRTP = r.LocalRTP()
			li.Codec, li.SRTP = codecName(l.media.Remote()), l.media.Suite()
			for _, s := range l.media.Running() {
				li.Sections = append(li.Sections, SectionInfo{Running: s, Local: s.Relay.LocalRTP()})
			}
		}
		info.Legs = append(info.Legs, li)
		relays = append(relays, r)
	}
	s := &c.published
	s.mu.Lock()
	defer s.mu.Unlock()
	info.From = c.from
	s.info, s.legs = info, relays
}

func (c *Call) state() string {
	switch {
	case c.answered.IsZero() && c.rangAt.IsZero():
		return "calling"
	case c.answered.IsZero():
		return "ringing"
	}
	for _, l := range c.legs() {
		if l.room != nil {
			return "conference"
		}
	}
	for _, l := range c.legs() {
		if l.holding() {
			return "held"
		}
	}
	return "talking"
}

// codecName is the first voice codec of a list.
func codecName(list []sdp.Codec) string {
	for _, c := range list {
		if !c.IsEvent() && !c.IsComfortNoise() {
			return c.Name
		}
	}
	return ""
}

func (s *snapshot) read() Info {
	s.mu.Lock()
	info := s.info
	info.Legs = slices.Clone(info.Legs)
	legs := slices.Clone(s.legs)
	s.mu.Unlock()
	for i, r := range legs {
		if r != nil {
			info.Legs[i].Stats = r.Stats()
		}
		sections := slices.Clone(info.Legs[i].Sections)
		for k := range sections {
			sections[k].Stats = sections[k].Relay.Stats()
		}
		info.Legs[i].Sections = sections
	}
	return info
}

// Calls lists the running calls, oldest first.
func (x *Exchange) Calls() []Info {
	x.mu.Lock()
	running := make([]*Call, 0, len(x.calls))
	for _, c := range x.calls {
		running = append(running, c)
	}
	x.mu.Unlock()
	infos := make([]Info, 0, len(running))
	for _, c := range running {
		infos = append(infos, c.published.read())
	}
	slices.SortFunc(infos, func(a, b Info) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return infos
}

// Rooms lists the dial-in rooms and the conferences that stations made.
func (x *Exchange) Rooms() []RoomInfo {
	x.mu.Lock()
	rooms := slices.Clone(x.rooms)
	x.mu.Unlock()
	for _, r := range x.dialIn {
		rooms = append(rooms, r)
	}
	var infos []RoomInfo
	for _, r := range rooms {
		legs := r.Legs()
		if r.Owner != "" && len(legs) == 0 {
			continue
		}
		info := RoomInfo{ID: r.ID, Owner: r.Owner, Limit: r.Limit, Since: r.Since, DialIn: r.Owner == "", Locked: r.Locked(), Recording: r.Recording()}
		info.Members = r.members()
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(a, b RoomInfo) int { return cmp.Compare(a.ID, b.ID) })
	return infos
}

// members are who is in, in order of arrival.
func (r *Room) members() []RoomMember {
	legs := r.Legs()
	if len(legs) == 0 {
		return nil
	}
	sound := make(map[string]media.Member)
	for _, m := range r.media.Members() {
		sound[m.Leg] = m
	}
	chair := r.moderator()
	var list []RoomMember
	for _, l := range legs {
		m, mixed := sound[l.id]
		if !mixed {
			m.Level = -127
		}
		list = append(list, RoomMember{
			Tel: l.tel, Name: l.station.Name, CallID: l.Call().id, LegID: l.id, Holding: l.State().Holding, Moderator: l == chair, Sound: m,
		})
	}
	return list
}

// Talker is who has begun or ceased to talk; false when its leg has ended.
func (x *Exchange) Talker(ev media.RoomEvent) (RoomMember, bool) {
	v, ok := x.byMedia.Load(ev.Leg)
	if !ok {
		return RoomMember{}, false
	}
	l := v.(*Leg)
	return RoomMember{Tel: l.tel, Name: l.station.Name, CallID: l.Call().id, LegID: l.id, Sound: media.Member{Leg: l.id, Talking: ev.Talking}}, true
}

// Room finds a room by its ID.
func (x *Exchange) Room(id string) (*Room, bool) {
	if r := x.dialIn[id]; r != nil {
		return r, true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	i := slices.IndexFunc(x.rooms, func(r *Room) bool { return r.ID == id && !r.over() })
	if i < 0 {
		return nil, false
	}
	return x.rooms[i], true
}

// Panics counts actors that panicked; each ended one call.
func (x *Exchange) Panics() uint64 { return x.panics.Load() }
