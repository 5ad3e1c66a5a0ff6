package control

import (
	"time"

	"sidetone/control/api"
	"sidetone/control/call"
	"sidetone/control/voicemail"
	"sidetone/relay"
	"sidetone/relay/quality"
)

// state shows the server to the API: it turns snapshots into the API's shapes.
type state struct{ *Server }

// Ready is for api.State.
func (s state) Ready() string {
	select {
	case <-s.ready:
	default:
		return "starting"
	}
	if s.exchange.Draining() {
		return "stopping"
	}
	return ""
}

// Stations is for api.State.
func (s state) Stations() []api.Station {
	status := make(map[string][]api.Station) // a row for each contact
	for _, r := range s.stack.Registrar().Snapshot() {
		if !r.Registered {
			continue
		}
		status[r.Tel] = append(status[r.Tel], api.Station{
			Status: "registered", PhoneType: r.UserAgent, PublicIP: r.Public.Addr(), PublicPort: r.Public.Port(),
			SignalPort: r.SignalPort, Protocol: r.Transport, BehindNAT: r.BehindNAT, Expires: int64(r.Expires / time.Second),
		})
	}
	list := make([]api.Station, 0, len(s.cfg.Stations))
	for _, c := range s.cfg.Stations {
		rows := status[c.Tel]
		if rows == nil {
			rows = []api.Station{{Status: "unregistered"}}
		}
		for _, row := range rows {
			row.Tel, row.Name, row.Calls = c.Tel, c.Name, len(s.exchange.Legs(c.Tel))
			row.Messages = api.Waiting(s.messages.boxes.Waiting(c.Tel))
			set := s.settings.Of(c.Tel)
			row.Settings = api.Settings{DND: set.DND, ForwardAll: set.All, ForwardBusy: set.Busy, ForwardNoAnswer: set.NoAnswer}
			list = append(list, row)
		}
	}
	return list
}

// Calls is for api.State.
func (s state) Calls() []api.Call {
	calls := s.exchange.Calls()
	list := make([]api.Call, 0, len(calls))
	for _, c := range calls {
		row := api.Call{ID: c.ID, State: c.State, From: c.From, To: c.To, Since: c.Since, Answered: c.Answered, Legs: []api.Leg{}, Recording: c.Recording, Path: c.Path}
		for _, l := range c.Legs {
			row.Legs = append(row.Legs, legShape(l))
		}
		list = append(list, row)
	}
	return list
}

func legShape(l call.LegInfo) api.Leg {
	direction := "in"
	if l.Outgoing {
		direction = "out"
	}
	st := l.Stats
	q := call.QualityOf(st, l.Codec)
	said, heard := call.Metrics(st, l.Codec)
	return api.Leg{
		ID: l.ID, Tel: l.Tel, Name: l.Name, Direction: direction, Answered: l.Answered, Holding: l.Holding, Room: l.Room,
		Peer: l.Peer, Local: l.LocalRTP, Remote: st.Remote, Latch: st.State.String(), Codec: l.Codec, SRTP: l.SRTP, SSRC: st.SSRC,
		Received:  traffic(st.Received, q.Said, said),
		Sent:      traffic(st.Sent, q.Heard, heard),
		RoundTrip: call.Milliseconds(q.RoundTrip),
		Drops:     call.Drops(st),
		Sections:  sectionShapes(l.Sections),
	}
}

func sectionShapes(sections []call.SectionInfo) []api.Section {
	var list []api.Section
	for _, s := range sections {
		st := s.Stats
		q := call.QualityOf(st, "")
		path, protocol := "relay", "rtp"
		if s.Direct {
			path = "direct"
		}
		switch {
		case s.Kind.Raw != "":
			protocol = s.Kind.Raw
		case s.Suite != "":
			protocol = "srtp"
		}
		row := api.Section{
			Media: s.Kind.Media, Codec: s.Format, Protocol: protocol, SRTP: s.Suite, Direction: s.Flows.String(), Path: path,
			Local: s.Local, Remote: st.Remote, Latch: st.State.String(), Received: traffic(st.Received, q.Said, nil), Sent: traffic(st.Sent, q.Heard, nil), Drops: call.Drops(st),
		}
		row.Received.MOS, row.Sent.MOS = 0, 0 // opinions of voice
		list = append(list, row)
	}
	return list
}

func traffic(c relay.Count, f call.Flow, m *quality.Metrics) api.Traffic {
	return api.Traffic{Packets: c.Packets, Bytes: c.Bytes, Lost: f.Lost, Jitter: call.Milliseconds(f.Jitter), MOS: call.Score(f.MOS), Metrics: metricsShape(m)}
}

func metricsShape(m *quality.Metrics) *api.Metrics {
	if m == nil {
		return nil
	}
	percent := func(share uint8) float64 { return call.Score(float64(share) * 100 / 256) }
	opinion := func(tenths uint8) float64 {
		if tenths < 10 || tenths > 50 {
			return 0
		}
		return float64(tenths) / 10
	}
	known := func(v int) *int {
		if v == quality.Unknown {
			return nil
		}
		return &v
	}
	return &api.Metrics{
		Loss: percent(m.LossRate), Discarded: percent(m.DiscardRate),
		BurstDensity: percent(m.BurstDensity), BurstDuration: int(m.BurstDuration), GapDensity: percent(m.GapDensity), GapDuration: int(m.GapDuration),
		RoundTrip: int(m.RoundTrip), EndSystem: int(m.EndSystemDelay), Buffer: int(m.Nominal), BufferMax: int(m.Maximum),
		Signal: known(int(m.Signal)), Noise: known(int(m.Noise)), Echo: known(int(m.EchoReturnLoss)), R: known(int(m.R)),
		MOSLQ: opinion(m.MOSLQ), MOSCQ: opinion(m.MOSCQ),
	}
}

// Events is for api.State.
func (s state) Events() *api.Events { return s.events }

// AccessLog is for api.State.
func (s state) AccessLog() []api.Access {
	var list []api.Access
	for _, r := range s.stack.AccessLog() {
		list = append(list, api.Access{Index: r.Index, Date: r.First, Last: r.Last, IP: r.IP, CallerID: r.CallerID, Reason: r.Reason, Count: r.Count})
	}
	return list
}

// Terminate is for api.State.
func (s state) Terminate(id string) bool { return s.exchange.Terminate(id) }

// RecordCall is for api.State.
func (s state) RecordCall(id string, on bool) (bool, error) { return s.exchange.RecordCall(id, on) }

// RecordRoom is for api.State.
func (s state) RecordRoom(id string, on bool) (bool, error) { return s.exchange.RecordRoom(id, on) }

// Rooms is for api.State.
func (s state) Rooms() []api.Room {
	list := []api.Room{}
	for _, r := range s.exchange.Rooms() {
		row := api.Room{ID: r.ID, Owner: r.Owner, State: "idle", Limit: r.Limit, Since: r.Since, Members: []api.Member{}, Locked: r.Locked, Recording: r.Recording}
		if r.DialIn {
			row.Number = r.ID
		}
		if len(r.Members) > 0 {
			row.State = "active"
		}
		for _, m := range r.Members {
			row.Members = append(row.Members, api.Member{
				Tel: m.Tel, Name: m.Name, Call: m.CallID, Leg: m.LegID, Holding: m.Holding, Moderator: m.Moderator,
				Talking: m.Sound.Talking, Level: m.Sound.Level, Muted: m.Sound.Muted, Deaf: m.Sound.Deaf, Gain: m.Sound.Gain,
			})
		}
		list = append(list, row)
	}
	return list
}

// Trunks is for api.State.
func (s state) Trunks() []api.Trunk {
	calls := s.exchange.Calls()
	list := []api.Trunk{}
	for _, t := range s.trunks.Infos() {
		row := api.Trunk{
			Name: t.Name, Access: t.Access, Server: t.Server, User: t.User, State: t.State,
			Since: t.Since, Expires: int64(t.Expires / time.Second), Code: t.Code, Error: t.Err,
		}
		for _, h := range t.Hops {
			row.Hops = append(row.Hops, h.String())
		}
		for _, p := range t.Networks {
			row.Networks = append(row.Networks, p.String())
		}
		for _, c := range calls {
			row.Calls += c.Outside(t.Name)
		}
		list = append(list, row)
	}
	return list
}

// Capacity is for api.State.
func (s state) Capacity() api.Capacity {
	c := api.Capacity{
		Stations: api.Usage{Limit: len(s.cfg.Stations)},
		Calls:    api.Usage{Used: len(s.exchange.Calls())},
		Uptime:   int64(time.Since(s.started) / time.Second),
		Draining: s.exchange.Draining(),
	}
	c.MPS.Limit, c.MGI.Limit = s.cfg.Media.MPSChannels, s.cfg.Media.MGIPorts
	c.MPS.Used, c.MGI.Used = s.exchange.Used()
	for _, r := range s.stack.Registrar().Snapshot() {
		if r.Registered {
			c.Stations.Used++
		}
	}
	for _, r := range s.exchange.Rooms() {
		if len(r.Members) > 0 {
			c.Rooms.Used++
		}
	}
	for _, u := range s.relay.Interfaces() {
		c.Ports = append(c.Ports, api.PortUsage{Interface: u.Name, Address: u.Address, Used: u.InUse, Limit: u.Pairs})
	}
	r := s.records.Stats()
	c.Records = api.Records{Written: r.Written, Dropped: r.Dropped, Failed: r.Failed}
	return c
}

// SetWaiting is for api.State.
func (s state) SetWaiting(tel string, w api.Waiting) bool {
	if _, ok := s.exchange.Station(tel); !ok {
		return false
	}
	s.messages.boxes.SetElsewhere(tel, voicemail.Waiting(w))
	return true
}
