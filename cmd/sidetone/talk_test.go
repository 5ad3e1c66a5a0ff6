package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sidetone/bench/phone"
	"sidetone/control/api"
)

// talks reads the events of who talks, one a line: "217 begins in 700".
func (o *office) talks(t *testing.T) <-chan string {
	t.Helper()
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+o.api+"/v1/events", nil))
	res := must[*http.Response](t)(http.DefaultClient.Do(r))
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	list := make(chan string, 100)
	go func() { // ends with the test's context
		defer res.Body.Close()
		for lines.Scan() {
			var e api.Talk
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok || json.Unmarshal([]byte(data), &e) != nil {
				continue
			}
			does := map[bool]string{true: "begins", false: "ceases"}[e.Talking]
			if e.Call == "" || e.Leg == "" || e.Time.IsZero() {
				does = fmt.Sprintf("%+v", e)
			}
			list <- e.Tel + " " + does + " in " + e.Room
		}
	}()
	return list
}

// TestWhoTalksInARoom is told by events and in the table of rooms: once for each time that somebody begins and ceases, also by
// hanging up.
func TestWhoTalksInARoom(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	p := o.voices(t, 2, nil)
	events := o.talks(t)
	var calls []*phone.Call
	for _, p := range p {
		c := must[*phone.Call](t)(p.Dial(soon(t), "700"))
		c.Mute(true)
		check(t, c.WaitAnswered(soon(t)))
		calls = append(calls, c)
	}
	flows(t, 20, calls...)
	next := func(want string) {
		t.Helper()
		select {
		case got := <-events:
			if got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		case <-soon(t).Done():
			t.Fatalf("not told: %s", want)
		}
	}
	talking := func(who string) {
		t.Helper()
		eventually(t, "the table says that talks: "+who, func() bool {
			var b api.Rooms
			check(t, json.Unmarshal([]byte(o.get(t, "/v1/rooms")), &b))
			var list []string
			for _, m := range b.Rooms[0].Members {
				if m.Talking {
					list = append(list, m.Tel)
				}
			}
			return strings.Join(list, " ") == who
		})
	}
	for range 2 {
		for i, c := range calls {
			tel := p[i].Tel()
			talking("")
			c.Mute(false)
			next(tel + " begins in 700")
			talking(tel)
			if out := o.ctl(t, "rooms"); !strings.Contains(strings.Join(strings.Fields(out), " "), "217 218 "+tel) {
				t.Errorf("ctl rooms:\n%s", out)
			}
			c.Mute(true)
			next(tel + " ceases in 700")
		}
	}
	calls[1].Mute(false)
	next("218 begins in 700")
	hangup(t, calls[1])
	next("218 ceases in 700")
	hangup(t, calls[0])
	o.settled(t)
	if len(events) > 0 {
		t.Errorf("and then %q", <-events)
	}
}
