package main

import (
	"strings"
	"testing"

	"sidetone/bench/phone"
	"sidetone/control/config"
)

// TestStationFeaturesNeedRegistration: who has a station's password but does not call from where it is registered may call
// stations, groups and rooms, and nothing else: no codes, no trunks, no takeover, no transfer. The access log says so.
func TestStationFeaturesNeedRegistration(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, func(c *config.Config) {
		c.Trunks = []config.Trunk{newTrunk("carrier", "9", "127.0.0.1:9")}
	})
	p := o.voices(t, 2, nil)
	away := o.phone(t, 2, func(c *phone.Config) { c.Address = "127.0.0.2" })
	check(t, away.Unregister(soon(t)))
	o.phone(t, 2, nil) // it is registered, but elsewhere
	for _, number := range []string{"401", "46", "11", "12217", "65217", "*97", "*99217", "9555", "601217", "conference"} {
		if code := refused(t, away, number); code != 403 {
			t.Errorf("%s is answered %d", number, code)
		}
	}
	a, b := pair(t, p[0], p[1])
	c := must[*phone.Call](t)(away.Replace(soon(t), b, ""))
	if st := must[phone.Status](t)(c.WaitEnded(soon(t))); st.Code != 403 {
		t.Errorf("a takeover is answered %d", st.Code)
	}
	talk(t, a, b)
	hangup(t, a)
	ended(t, b)
	call, there := pair(t, away, p[1])
	if code := must[int](t)(call.Refer(soon(t), "9555", nil)); code != 403 {
		t.Errorf("a transfer is answered %d", code)
	}
	flows(t, 20, call, there)
	hangup(t, call)
	room := must[*phone.Call](t)(away.Call(soon(t), "700"))
	hangup(t, room)
	if log := o.get(t, "/v1/access-log"); !strings.Contains(log, "station feature or trunk from an unregistered address") {
		t.Errorf("the access log is %s", log)
	}
	o.settled(t)
}
