package main

import (
	"encoding/json"
	"testing"

	"sidetone/bench/scenario"
)

// TestDemo runs the demo as a user does; every one of its checks must hold.
func TestDemo(t *testing.T) {
	code, out, errs := command(t, "demo", "--json")
	var r scenario.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %q, %q", err, out, errs)
	}
	for _, c := range r.Checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Measured)
		}
	}
	if code != 0 || r.Schema != 1 || r.Passed != len(r.Checks) || r.Failed != 0 || r.Passed < 22 {
		t.Errorf("exit %d, schema %d, %d passed and %d failed of %d", code, r.Schema, r.Passed, r.Failed, len(r.Checks))
	}
}
