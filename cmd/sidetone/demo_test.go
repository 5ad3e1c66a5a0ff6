package main

import (
	"encoding/json"
	"slices"
	"testing"

	"sidetone/bench/scenario"
)

// timings are the demo's checks of how long something took. They hold on a machine at rest; a busy one, with the race
// detector on, says nothing about them, so here they are only shown.
var timings = []string{"relay adds less than 5 ms", "mouth to ear under 120 ms"}

// TestDemo runs the demo as a user does; every one of its checks but the timings must hold.
func TestDemo(t *testing.T) {
	code, out, errs := command(t, "demo", "--json")
	var r scenario.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %q, %q", err, out, errs)
	}
	late := 0
	for _, c := range r.Checks {
		switch {
		case slices.Contains(timings, c.Name):
			t.Logf("%s: %s", c.Name, c.Measured)
			if !c.OK {
				late++
			}
		case !c.OK:
			t.Errorf("%s: %s", c.Name, c.Measured)
		}
	}
	if wantCode := min(r.Failed, 1); code != wantCode || r.Schema != 1 || r.Failed != late || r.Passed+r.Failed != len(r.Checks) || len(r.Checks) < 22 {
		t.Errorf("exit %d, schema %d, %d passed and %d failed of %d, %d of them timings", code, r.Schema, r.Passed, r.Failed, len(r.Checks), late)
	}
}
