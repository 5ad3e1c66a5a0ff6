package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"sidetone/control/api"
	"sidetone/control/config"
)

// interopCmd walks a phone through the SIP Station feature checklist of the OfficeServ manual.
//
//	operator ◄── what to do, what only a human can tell ── row by row (interop_rows.go)
//	   │ y, n, s                                             ▲ what happened
//	   └── phones ── SIP ──► server ── /v1/stations, calls, rooms ┘ several times a second
type interopCmd struct {
	running
	JSON   bool          `help:"Print the filled table as JSON; what to do is still said, as errors are."`
	Period time.Duration `default:"200ms" help:"How often the server is asked what it sees."`
	Tel    string        `arg:"" help:"Number of the phone to check."`
	Others []string      `arg:"" optional:"" help:"Two other stations to call and to be called by; default the first that are registered."`
}

// The results of a row.
const (
	interopPassed  = "passed"
	interopFailed  = "failed"
	interopSkipped = "skipped"
	interopNone    = "not applicable"
)

// interopReport is the filled checklist.
type interopReport struct {
	Phone  string          `json:"phone"` // brand, model and software as its User-Agent has them
	System string          `json:"system"`
	Tel    string          `json:"tel"`
	Date   time.Time       `json:"date"`
	Rows   []interopResult `json:"rows"`
}

// interopResult is one row of it.
type interopResult struct {
	Feature string   `json:"feature"`
	Result  string   `json:"result"`
	Seen    []string `json:"seen,omitempty"`  // steps that the server saw
	Told    []string `json:"told,omitempty"`  // what the operator answered
	Notes   string   `json:"notes,omitempty"` // why it failed; what the row found out
}

// interop is one run.
type interop struct {
	cmd   *interopCmd
	view  interopView
	lines chan string // what the operator types; closed at the end of it
	say   io.Writer
}

// interopView is what the server sees at a moment.
type interopView struct {
	tel, other, third string
	stations          []api.Station
	began             api.Station // tel, when the row began
	calls             []api.Call
	rooms             []api.Room
	codes             config.FeatureCodes
}

// errSkip and errFail end a row.
var errSkip, errFail = errors.New("skipped"), errors.New("failed")

// Run is for kong.
func (cmd *interopCmd) Run(ctx context.Context, o output) error {
	r := &interop{cmd: cmd, lines: make(chan string), say: o.out}
	if cmd.JSON {
		r.say = o.err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with its input or the program: a terminal's read cannot be broken off
		defer close(r.lines)
		for typed := bufio.NewScanner(o.in); typed.Scan(); {
			select {
			case r.lines <- strings.TrimSpace(typed.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	report := interopReport{System: "sidetone " + fullVersion(), Tel: cmd.Tel, Date: time.Now()}
	fmt.Fprintf(r.say, "Checking the phone %s with %s and %s. What the server can see by itself is not asked.\n"+
		"At any step: f [why] = it fails, s = skip the row.\n", r.view.tel, r.view.other, r.view.third)
	for _, row := range interopRows(&r.view) {
		result, err := r.row(ctx, row)
		if err != nil {
			return err
		}
		report.Rows = append(report.Rows, result)
		fmt.Fprintf(r.say, "  = %s %s\n", result.Result, result.Notes)
	}
	if s := r.view.station(cmd.Tel); s != nil {
		report.Phone = s.PhoneType
	}
	if err := report.print(o.out, cmd.JSON); err != nil {
		return err
	}
	if slices.ContainsFunc(report.Rows, func(row interopResult) bool { return row.Result == interopFailed }) {
		return errFailed
	}
	return nil
}

// prepare finds out whom to call, and which codes are dialled.
func (r *interop) prepare(ctx context.Context) error {
	v := &r.view
	v.tel, v.codes = r.cmd.Tel, config.Default().FeatureCodes
	if r.cmd.API == "" {
		cfg, err := config.Load(r.cmd.Config)
		if err != nil {
			return usageError{fmt.Errorf("%w\nname the configuration of the server with -c, or its API with --api", err)}
		}
		v.codes = cfg.FeatureCodes
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	if v.station(v.tel) == nil {
		return usageError{fmt.Errorf("there is no station %s", v.tel)}
	}
	others := r.cmd.Others
	if len(others) > 2 || slices.Contains(others, v.tel) || len(others) == 2 && others[0] == others[1] {
		return usageError{errors.New("name two other stations")}
	}
	for _, tel := range others {
		if v.station(tel) == nil {
			return usageError{fmt.Errorf("there is no station %s", tel)}
		}
	}
	for _, s := range v.stations {
		if len(others) < 2 && s.Status == "registered" && s.Tel != v.tel && !slices.Contains(others, s.Tel) {
			others = append(others, s.Tel)
		}
	}
	if len(others) < 2 {
		return usageError{fmt.Errorf("the check needs two other phones, and registered are %v", others)}
	}
	v.other, v.third = others[0], others[1]
	return nil
}

// look asks the server.
func (r *interop) look(ctx context.Context) error {
	var stations api.Stations
	var calls api.Calls
	var rooms api.Rooms
	for path, to := range map[string]any{"/v1/stations": &stations, "/v1/calls": &calls, "/v1/rooms": &rooms} {
		b, err := r.cmd.request(ctx, http.MethodGet, path)
		if err == nil {
			err = json.Unmarshal(b, to)
		}
		if err != nil {
			return err
		}
	}
	r.view.stations, r.view.calls, r.view.rooms = stations.Stations, calls.Calls, rooms.Rooms
	return nil
}

// row plays one row. An error is that of a server that does not answer.
func (r *interop) row(ctx context.Context, row interopRow) (interopResult, error) {
	result := interopResult{Feature: row.feature, Result: interopPassed}
	fmt.Fprintf(r.say, "\n%s\n", row.feature)
	if row.none != "" {
		result.Result, result.Notes = interopNone, row.none
		return result, nil
	}
	if err := r.look(ctx); err != nil {
		return result, err
	}
	r.view.began = *r.view.station(r.view.tel)
	if err := r.steps(ctx, row.steps, &result); err != nil {
		return result, err
	}
	_, err := r.step(ctx, interopStep{do: "Hang up everywhere.", already: true, seen: (*interopView).idle})
	if errors.Is(err, errFail) {
		result.Result, result.Notes = interopFailed, "calls are left that do not end"
	} else if err != nil && !errors.Is(err, errSkip) {
		return result, err
	}
	return result, nil
}

// steps plays a row's steps to the first that fails.
func (r *interop) steps(ctx context.Context, list []interopStep, result *interopResult) error {
	for _, s := range list {
		told, err := r.step(ctx, s)
		switch {
		case err == nil && s.seen != nil:
			result.Seen = append(result.Seen, s.do)
		case err == nil:
			result.Told = append(result.Told, s.ask+" "+told)
		case errors.Is(err, errSkip):
			result.Result, result.Notes = interopSkipped, told
			return nil
		case errors.Is(err, errFail):
			result.Result, result.Notes = interopFailed, strings.TrimSuffix(s.do+s.ask+" "+told, " ")
			return nil
		default:
			return err
		}
		if s.note != nil {
			result.Notes = s.note(&r.view)
		}
	}
	return nil
}

// step has one thing done or answered. It returns what the operator said to it.
func (r *interop) step(ctx context.Context, s interopStep) (told string, err error) {
	if s.ask != "" {
		fmt.Fprintf(r.say, "  ? %s [y, n, s]\n", s.ask)
	} else {
		if err := r.look(ctx); err != nil {
			return "", err
		}
		if s.seen(&r.view) && s.already {
			return "", nil
		}
		fmt.Fprintf(r.say, "  > %s\n", s.do)
	}
	tick := time.NewTicker(max(r.cmd.Period, 10*time.Millisecond))
	defer tick.Stop()
	lines := r.lines
	for {
		select {
		case line, open := <-lines:
			word, rest, _ := strings.Cut(line, " ")
			switch {
			case !open:
				return "nobody is there to go on", errSkip
			case word == "s":
				return rest, errSkip
			case word == "f", word == "n" && s.ask != "":
				return rest, errFail
			case word == "y" && s.ask != "":
				return strings.TrimSpace("yes " + rest), nil
			}
		case <-tick.C:
			if s.seen == nil && s.never == nil {
				continue
			}
			if err := r.look(ctx); err != nil {
				return "", err
			}
			if s.never != nil && s.never(&r.view) {
				return "the server saw what must not be", errFail
			}
			if s.seen != nil && s.seen(&r.view) {
				return "", nil
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// print writes the table as the manual has it.
func (p interopReport) print(o io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(o)
		e.SetIndent("", "  ")
		return e.Encode(p)
	}
	fmt.Fprintf(o, "\nSIP Station feature checklist\nSIP phone: %s (station %s)\nSystem: %s\nDate: %s\n\n", p.Phone, p.Tel, p.System, since(p.Date))
	w := tabwriter.NewWriter(o, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FEATURE\tTEST RESULT\tNOTES")
	for _, row := range p.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", row.Feature, row.Result, row.Notes)
	}
	return w.Flush()
}
