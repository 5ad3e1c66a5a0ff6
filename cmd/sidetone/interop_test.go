package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/codecs/dtmf"
	"sidetone/control/config"
)

// operator does with scripted phones what interop says, and answers what it asks.
type operator struct {
	t       *testing.T
	phones  map[string]*phone.Phone
	row     string
	dialled map[*phone.Call]string
}

// orders are what an operator understands; the groups are numbers of stations and codes.
var orders = []struct {
	says *regexp.Regexp
	do   func(o *operator, m []string) (answer string)
}{
	{order(`> From (\d+) call (\d+)(?: on another line)?, and answer`), func(o *operator, m []string) string {
		if o.row == "Call Forward No Answer" {
			o.phones["217"].SetIncoming(phone.Manual)
		}
		check(o.t, o.dial(m[1], m[2]).WaitAnswered(soon(o.t)))
		return ""
	}},
	{order(`> From (\d+) call (\d+), and do not answer`), func(o *operator, m []string) string {
		o.phones[m[2]].SetIncoming(phone.Manual)
		check(o.t, o.dial(m[1], m[2]).WaitRinging(soon(o.t)))
		return ""
	}},
	{order(`> Press hold at (\d+)`), func(o *operator, m []string) string {
		hold(o.t, o.line(m[1], "", func(s phone.Status) bool { return !s.OnHold }))
		return ""
	}},
	{order(`> At (\d+) take (\d+|the call) off hold`), func(o *operator, m []string) string {
		o.resume(m[1], strings.TrimPrefix(m[2], "the call"))
		return ""
	}},
	{order(`> Take (\d+) off hold, and only then end the call with (\d+)`), func(o *operator, m []string) string {
		second := o.line("217", m[2], nil)
		o.resume("217", m[1])
		hangup(o.t, second)
		return ""
	}},
	{order(`> Put (\d+) on hold, and take (\d+) off`), func(o *operator, m []string) string {
		hold(o.t, o.line("217", m[1], nil))
		o.resume("217", m[2])
		return ""
	}},
	{order(`> And the other way round`), func(o *operator, _ []string) string {
		hold(o.t, o.line("217", "218", nil))
		o.resume("217", "219")
		return ""
	}},
	{order(`> Hang up at (\d+)`), func(o *operator, m []string) string {
		o.quiet(o.phones[m[1]])
		return ""
	}},
	{order(`> Hang up everywhere`), func(o *operator, _ []string) string {
		for _, p := range o.phones {
			o.quiet(p)
		}
		return ""
	}},
	{order(`> At 217 complete the transfer`), func(o *operator, _ []string) string {
		first, second := o.line("217", "218", nil), o.line("217", "219", nil)
		must[int](o.t)(first.Refer(soon(o.t), "219", second))
		transferred(o.t, first, 200)
		return ""
	}},
	{order(`> At 217 transfer the call to 219( without waiting|, which does not)`), func(o *operator, m []string) string {
		if m[1] != " without waiting" {
			o.phones["219"].SetIncoming(phone.Manual)
		}
		must[int](o.t)(o.line("217", "218", nil).Refer(soon(o.t), "219", nil))
		return ""
	}},
	{order(`> At (\d+) dial (\d+)`), func(o *operator, m []string) string {
		if m[2] == "11" {
			dials(o.t, o.phones[m[1]], m[2])
		} else {
			must[*phone.Call](o.t)(o.phones[m[1]].Call(soon(o.t), m[2]))
		}
		return ""
	}},
	{order(`\? Dial (\d+) at (\d+)\. Does it say 480`), func(o *operator, m []string) string {
		dials(o.t, o.phones[m[2]], m[1])
		return "y"
	}},
	{order(`> Dial (\S+) at (\d+)\. It says 480`), func(o *operator, m []string) string {
		dials(o.t, o.phones[m[2]], m[1])
		return ""
	}},
	{order(`> From 218 call 217, do not answer, and leave a message`), func(o *operator, _ []string) string {
		o.phones["217"].SetIncoming(phone.Manual)
		c := o.dial("218", "217")
		check(o.t, c.WaitAnswered(soon(o.t)))
		check(o.t, c.PressInfo(soon(o.t), dtmf.Press{Key: '#'})) // not the whole greeting
		time.Sleep(2 * time.Second)                              // the tone of 0.4 s, and the message
		hangup(o.t, c)
		return ""
	}},
	{order(`> At 217 dial \*97, and listen`), func(o *operator, _ []string) string {
		c := must[*phone.Call](o.t)(o.phones["217"].Call(soon(o.t), "*97"))
		check(o.t, c.PressInfo(soon(o.t), dtmf.Press{Key: '1'}))
		return ""
	}},
	{order(`\? Make 217 busy`), func(o *operator, _ []string) string {
		o.phones["217"].SetIncoming(phone.Busy)
		return "y"
	}},
	{order(`\? Call 217 from 218\. Is it busy`), func(o *operator, _ []string) string {
		if code := refused(o.t, o.phones["218"], "217"); code != 486 {
			o.t.Errorf("in DND the answer is %d", code)
		}
		return "y"
	}},
	{order(`\? Does 217 show name and number`), func(*operator, []string) string { return "n only the number" }},
	{order(`\? Press 1, 5 and #`), func(*operator, []string) string { return "s" }},
	{order(`> Wait until|> Speak`), func(*operator, []string) string { return "" }},
	{order(`\? (Do|Does|Did|Is) `), func(*operator, []string) string { return "y" }},
}

func order(s string) *regexp.Regexp { return regexp.MustCompile("^  " + s) }

// dial calls, and remembers whom.
func (o *operator) dial(from, to string) *phone.Call {
	c := must[*phone.Call](o.t)(o.phones[from].Dial(soon(o.t), to))
	o.dialled[c] = to
	return c
}

// line is the newest answered call of a phone with a number, "" for any.
func (o *operator) line(tel, with string, so func(phone.Status) bool) (found *phone.Call) {
	eventually(o.t, tel+" has a line with "+with, func() bool {
		for _, c := range o.phones[tel].Calls() {
			peer := o.dialled[c]
			if c.Incoming() {
				peer = c.From()
			}
			if (with == "" || peer == with) && c.Status().State < phone.Ended && (so == nil || so(c.Status())) {
				found = c
			}
		}
		return found != nil
	})
	return found
}

func (o *operator) resume(tel, with string) {
	check(o.t, o.line(tel, with, func(s phone.Status) bool { return s.OnHold }).Resume(soon(o.t)))
	time.Sleep(300 * time.Millisecond) // a hand's next act is another one: what a phone does at once is one
}

func (o *operator) quiet(p *phone.Phone) {
	for _, c := range p.Calls() {
		hangup(o.t, c)
	}
}

// serve follows what is said until the end of it.
func (o *operator) serve(said io.Reader, answers io.Writer) {
	for lines := bufio.NewScanner(said); lines.Scan(); {
		line := lines.Text()
		o.t.Log(line)
		if !strings.HasPrefix(line, " ") {
			o.row = line
			for _, p := range o.phones {
				p.SetIncoming(phone.Auto)
			}
			continue
		}
		i := slices.IndexFunc(orders, func(k struct {
			says *regexp.Regexp
			do   func(*operator, []string) string
		}) bool {
			return k.says.MatchString(line)
		})
		switch {
		case i >= 0:
			if answer := orders[i].do(o, orders[i].says.FindStringSubmatch(line)); answer != "" {
				fmt.Fprintln(answers, answer)
			}
		case !strings.HasPrefix(line, "  ="):
			o.t.Errorf("%s: nobody knows what to do: %s", o.row, line)
			fmt.Fprintln(answers, "f")
		}
	}
}

// TestInterop: scripted phones and answers fill the checklist. One answer is no, one row is skipped; everything else passes
// by what the server saw.
func TestInterop(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, func(c *config.Config) {
		recalls(c)
		c.Calls.HoldRecall, c.Calls.NoAnswer = 2*time.Second, 2*time.Second
	})
	op := &operator{t: t, phones: make(map[string]*phone.Phone), dialled: make(map[*phone.Call]string)}
	for _, p := range o.voices(t, 3, nil) {
		op.phones[p.Tel()] = p
	}
	said, say := io.Pipe()
	typed, answers := io.Pipe()
	done := make(chan struct{})
	go func() { // ends with what is said or with a step that failed, waited for below
		defer close(done)
		defer said.Close()
		defer answers.Close() // the check then skips what is left
		op.serve(said, answers)
	}()
	var table bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	code := run(ctx, []string{"interop", "--api", "http://" + o.api, "--period", "20ms", "--json", "217"}, output{in: typed, out: &table, err: say})
	say.Close()
	<-done
	if code != exitFailed {
		t.Errorf("exit code %d with one row that failed", code)
	}
	var report interopReport
	if err := json.Unmarshal(table.Bytes(), &report); err != nil {
		t.Fatalf("%v in %s", err, table.String())
	}
	want := map[string]string{
		"Basic Call - SIP Phone to Digital Phone": interopNone, "Calling Name & Number Display": interopFailed,
		"DTMF": interopSkipped,
	}
	for _, row := range report.Rows {
		if w := want[row.Feature]; row.Result != w && (w != "" || row.Result != interopPassed) {
			t.Errorf("%+v", row)
		}
	}
	if len(report.Rows) != 24 || report.Rows[1].Notes != "PCMU, no SRTP" || !strings.Contains(report.Rows[3].Notes, "only the number") {
		t.Errorf("%d rows: %+v", len(report.Rows), report.Rows)
	}
	o.settled(t)
}

// TestInteropWrongUse: what cannot be checked is said at once.
func TestInteropWrongUse(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no such station":  {[]string{"999"}, "no station 999"},
		"no others":        {[]string{"217"}, "two other phones"},
		"with itself":      {[]string{"217", "217", "218"}, "two other stations"},
		"other is unknown": {[]string{"217", "218", "998"}, "no station 998"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := command(t, append([]string{"interop", "--api", "http://" + o.api}, tc.args...)...)
			if code != exitUsage || !strings.Contains(errs, tc.says) {
				t.Errorf("%d %s", code, errs)
			}
		})
	}
}
