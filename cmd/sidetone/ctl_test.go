package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// TestCtl asks a running server for its tables and ends a call.
func TestCtl(t *testing.T) {
	o := newOffice(t, 3, func(c *config.Config) { c.API.Token = config.NewSecret("sesame-open") })
	ctl := func(args ...string) (int, string, string) {
		return command(t, append([]string{"ctl", "--api", "http://" + o.api, "--token", "sesame-open"}, args...)...)
	}
	a, _ := o.phone(t, 0, nil), o.phone(t, 1, nil)
	wrong, err := phone.New(phone.Config{Server: o.udp, Tel: "219", UserID: "s219", Password: "wrong-219", Incoming: phone.Auto})
	check(t, err)
	go func() { _ = wrong.Run(t.Context()) }() // ends with the test's context
	if wrong.Register(soon(t)) == nil {
		t.Error("a wrong password registered")
	}
	if _, err := a.Call(soon(t), "218"); err != nil {
		t.Fatal(err)
	}

	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if code, out, _ := ctl("stations"); code != 0 || !strings.Contains(words(out), "217 registered") || !strings.Contains(words(out), "219 unregistered Disconnected 0.0.0.0 0 0") {
		t.Errorf("stations: %d\n%s", code, out)
	}
	dials(t, a, "401", "604700")
	if _, out, _ := ctl("stations"); !strings.Contains(out, "do not disturb, busy to 700, no answer to 700") {
		t.Errorf("stations after 401 and 604700:\n%s", out)
	}
	dials(t, a, "400", "600")
	if code, out, _ := ctl("access-log"); code != 0 || !strings.Contains(out, `"219"`) || !strings.Contains(out, "SIP REGISTER IP/TELNO Invalid") {
		t.Errorf("access-log: %d\n%s", code, out)
	}
	if code, out, _ := ctl("rooms"); code != 0 || !strings.Contains(out, "700") {
		t.Errorf("rooms: %d\n%s", code, out)
	}
	code, out, _ := ctl("--json", "calls")
	var calls api.Calls
	if err := json.Unmarshal([]byte(out), &calls); code != 0 || err != nil || len(calls.Calls) != 1 {
		t.Fatalf("calls: %d %v\n%s", code, err, out)
	}
	id := calls.Calls[0].ID
	if code, out, _ := ctl("show", id); code != 0 || !strings.Contains(out, "217 to 218") || strings.Count(out, id+"/") < 2 || !strings.Contains(out, "MOS-CQ") {
		t.Errorf("show: %d\n%s", code, out)
	}
	for _, to := range []string{"on", "off"} {
		if code, _, errs := ctl("record", id, to); code != 0 {
			t.Errorf("record %s: %d %s", to, code, errs)
		}
		if _, out, _ := ctl("--json", "calls"); strings.Contains(out, `"recording"`) != (to == "on") {
			t.Errorf("record %s: %s", to, out)
		}
	}
	if code, _, errs := ctl("record", "700", "on"); code != exitFailed || !strings.Contains(errs, "room 700") {
		t.Errorf("an empty room is recorded: %d %s", code, errs)
	}
	if code, _, errs := ctl("terminate", id); code != 0 {
		t.Errorf("terminate: %d %s", code, errs)
	}
	eventually(t, "the call ended", func() bool { _, out, _ := ctl("calls"); return !strings.Contains(out, id) })
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"ctl", "--api", "http://" + o.api, "--token", "sesame-open", "terminate", id}, exitFailed, "there is no call " + id},
		{[]string{"ctl", "--api", "http://" + o.api, "--token", "sesame-open", "show", id}, exitFailed, "there is no call " + id},
		{[]string{"ctl", "--api", "http://" + o.api, "calls"}, exitFailed, "bearer token"},
		{[]string{"ctl", "--api", o.api, "calls"}, exitFailed, "bearer token"},
		{[]string{"ctl", "--api", "http://127.0.0.1:1", "calls"}, exitFailed, "no server answers at http://127.0.0.1:1"},
		{[]string{"ctl", "-c", filepath.Join(t.TempDir(), "none.yaml"), "calls"}, exitUsage, "--api"},
		{[]string{"ctl"}, exitUsage, "expected one of"},
	} {
		if code, out, errs := command(t, tt.args...); code != tt.code || !strings.Contains(out+errs, tt.says) {
			t.Errorf("%v: exit %d, %q %q", tt.args, code, out, errs)
		}
	}
}
