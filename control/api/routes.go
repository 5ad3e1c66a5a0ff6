package api

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed openapi.yaml
var openAPI []byte

// State is what the control plane tells. Each method returns a snapshot that belongs to the caller
// from then on. They are called from many goroutines.
type State interface {
	// Ready is "" when calls are taken, else why they are not.
	Ready() (reason string)
	Stations() []Station
	Calls() []Call
	Rooms() []Room
	// Events is what happens; always the same.
	Events() *Events
	Trunks() []Trunk
	Capacity() Capacity
	// AccessLog is the access log table, the oldest row first.
	AccessLog() []Access
	// Terminate ends a call; false when there is none of that id.
	Terminate(id string) bool
	// RecordCall and RecordRoom begin or end a recording; found is false when there is none of that id, and the error says why it
	// cannot be recorded.
	RecordCall(id string, on bool) (found bool, err error)
	RecordRoom(id string, on bool) (found bool, err error)
	// SetLocked lets nobody else into a room, or again everybody.
	SetLocked(room string, on bool) error
	// ChangeMember changes what is heard of a member of a room and what it hears.
	ChangeMember(room, member string, c MemberChange) error
	// Kick puts a member out of a room.
	Kick(room, member string) error
	// Announce plays a sound file to all who are in a room.
	Announce(room string, file io.Reader) error
	// SetWaiting notes what another system keeps for a station; false when there is no such station.
	SetWaiting(tel string, w Waiting) bool
}

// route is one path. open ones ask for no token.
type route struct {
	path  string
	open  bool
	serve func(State, http.ResponseWriter, *http.Request)
}

// ErrNotFound is returned for a room or member that is not there.
var ErrNotFound = errors.New("not found")

// action is a path that changes something; what is in braces stands for one element of a list.
type action struct {
	method, path string
	serve        func(s State, w http.ResponseWriter, r *http.Request, ids []string)
}

// actions ask for the token, where there is one.
var actions = []action{
	{http.MethodDelete, "/v1/calls/{id}", func(s State, w http.ResponseWriter, _ *http.Request, ids []string) {
		if !s.Terminate(ids[0]) {
			fail(w, http.StatusNotFound, "there is no call "+ids[0])
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}},
	{http.MethodPost, "/v1/calls/{id}/recording", recording("call", State.RecordCall)},
	{http.MethodPost, "/v1/rooms/{id}/recording", recording("room", State.RecordRoom)},
	{http.MethodPut, "/v1/stations/{id}/waiting", func(s State, w http.ResponseWriter, r *http.Request, ids []string) {
		var waiting Waiting
		if err := decode(r, &waiting); err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		if waiting.New < 0 || waiting.Old < 0 {
			fail(w, http.StatusBadRequest, "fewer than no messages")
			return
		}
		if !s.SetWaiting(ids[0], waiting) {
			fail(w, http.StatusNotFound, "there is no station "+ids[0])
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}},
	{http.MethodPatch, "/v1/rooms/{id}", func(s State, w http.ResponseWriter, r *http.Request, ids []string) {
		var c RoomChange
		if err := decode(r, &c); err != nil || c.Locked == nil {
			fail(w, http.StatusBadRequest, cmp.Or(errorText(err), "nothing is to be changed"))
			return
		}
		done(w, s.SetLocked(ids[0], *c.Locked))
	}},
	{http.MethodPost, "/v1/rooms/{id}/announcement", func(s State, w http.ResponseWriter, r *http.Request, ids []string) {
		done(w, s.Announce(ids[0], http.MaxBytesReader(w, r.Body, mostSound)))
	}},
	{http.MethodPatch, "/v1/rooms/{id}/members/{leg}", func(s State, w http.ResponseWriter, r *http.Request, ids []string) {
		var c MemberChange
		if err := decode(r, &c); err != nil || c == (MemberChange{}) {
			fail(w, http.StatusBadRequest, cmp.Or(errorText(err), "nothing is to be changed"))
			return
		}
		done(w, s.ChangeMember(ids[0], ids[1], c))
	}},
	{http.MethodDelete, "/v1/rooms/{id}/members/{leg}", func(s State, w http.ResponseWriter, _ *http.Request, ids []string) {
		done(w, s.Kick(ids[0], ids[1]))
	}},
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// mostSound is how long an announcement may be, in bytes.
const mostSound = 16 << 20

// done answers an action that has no more to say.
func done(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrNotFound):
		fail(w, http.StatusNotFound, err.Error())
	default:
		fail(w, http.StatusBadRequest, err.Error())
	}
}

// matches compares a path, as it was written, with the action's and returns what stands for the braces.
func (a action) matches(path string) (ids []string, ok bool) {
	want, got := strings.Split(a.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	for i, part := range want {
		if !strings.HasPrefix(part, "{") {
			if part != got[i] {
				return nil, false
			}
			continue
		}
		id, err := url.PathUnescape(got[i])
		if err != nil || id == "" {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// most is how long the body of a request may be.
const most = 64 << 10

// decode reads the body of a request, which must be JSON of the shape of v and nothing else.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, most))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the body is not what is wanted: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the body goes on after what is wanted")
	}
	return nil
}

// routes is the whole of the API; openapi.yaml describes the same.
var routes = []route{
	{"/healthz", true, func(_ State, w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, Health{Status: "ok"}) }},
	{"/readyz", true, func(s State, w http.ResponseWriter, _ *http.Request) {
		if reason := s.Ready(); reason != "" {
			reply(w, http.StatusServiceUnavailable, Health{Status: "not ready", Reason: reason})
			return
		}
		reply(w, http.StatusOK, Health{Status: "ok"})
	}},
	{"/openapi.yaml", true, func(_ State, w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, "application/yaml", openAPI)
	}},
	{"/v1/stations", false, func(s State, w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, Stations{orEmpty(s.Stations())})
	}},
	{"/v1/calls", false, func(s State, w http.ResponseWriter, _ *http.Request) {
		calls := orEmpty(s.Calls())
		for i := range calls {
			calls[i].Legs = orEmpty(calls[i].Legs)
			for k := range calls[i].Legs {
				l := &calls[i].Legs[k]
				l.Drops = orNone(l.Drops)
				for n := range l.Sections {
					l.Sections[n].Drops = orNone(l.Sections[n].Drops)
				}
			}
		}
		reply(w, http.StatusOK, Calls{calls})
	}},
	{"/v1/rooms", false, func(s State, w http.ResponseWriter, _ *http.Request) {
		rooms := orEmpty(s.Rooms())
		for i := range rooms {
			rooms[i].Members = orEmpty(rooms[i].Members)
		}
		reply(w, http.StatusOK, Rooms{rooms})
	}},
	{"/v1/events", false, func(s State, w http.ResponseWriter, r *http.Request) { s.Events().serve(w, r) }},
	{"/v1/trunks", false, func(s State, w http.ResponseWriter, _ *http.Request) {
		trunks := orEmpty(s.Trunks())
		for i := range trunks {
			trunks[i].Hops, trunks[i].Networks = orEmpty(trunks[i].Hops), orEmpty(trunks[i].Networks)
		}
		reply(w, http.StatusOK, Trunks{trunks})
	}},
	{"/v1/access-log", false, func(s State, w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, AccessLog{orEmpty(s.AccessLog())})
	}},
	{"/v1/capacity", false, func(s State, w http.ResponseWriter, _ *http.Request) {
		c := s.Capacity()
		c.Ports = orEmpty(c.Ports)
		reply(w, http.StatusOK, c)
	}},
}

// orEmpty makes a list that is written [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// orNone makes counters that are written {} and not null.
func orNone(counters map[string]uint64) map[string]uint64 {
	if counters == nil {
		return map[string]uint64{}
	}
	return counters
}

// reply writes a body as JSON.
func reply(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"status":500,"error":"the answer cannot be written as JSON"}`)
	}
	write(w, status, "application/json", append(b, '\n'))
}

// fail writes a Failure.
func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, Failure{Status: status, Message: message})
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away; net/http drops the body of HEAD
}
