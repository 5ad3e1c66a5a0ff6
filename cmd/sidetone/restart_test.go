package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/cdr"
)

// survivor is a server in a process of its own, which a test may kill and start again on the same addresses.
type survivor struct {
	file, log, sip, api string
	cmd                 *exec.Cmd
}

// newSurvivor starts a server on loopback with stations 217 to 220; more is added to its configuration.
func newSurvivor(t *testing.T, more string) *survivor {
	t.Helper()
	dir := t.TempDir()
	s := &survivor{file: filepath.Join(dir, "sidetone.yaml"), log: filepath.Join(dir, "log"), sip: freeAddress(t).String(), api: freeAddress(t).String()}
	var c strings.Builder
	fmt.Fprintf(&c, "sip: {listen: [\"udp:%s\", \"tcp:%s\"]}\napi: {listen: %q}\nmedia: {shards: 1}\nstations:\n", s.sip, s.sip, s.api)
	for tel := 217; tel <= 220; tel++ {
		fmt.Fprintf(&c, "  - {tel: \"%d\", user_id: s%d, password: secret-%d}\n", tel, tel, tel)
	}
	write(t, s.file, c.String()+more)
	s.start(t)
	t.Cleanup(func() {
		s.kill()
		if b, err := os.ReadFile(s.log); t.Failed() && err == nil {
			t.Logf("the server said\n%s", b)
		}
	})
	return s
}

func (s *survivor) start(t *testing.T) {
	t.Helper()
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	check(t, err)
	defer out.Close()
	program, err := os.Executable()
	check(t, err)
	s.cmd = exec.Command(program, "serve", "-c", s.file)
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = append(os.Environ(), asProgram+"=1"), out, out
	check(t, s.cmd.Start())
	eventually(t, "the server is ready", func() bool {
		res, err := http.Get("http://" + s.api + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// kill ends the server as kill -9 does.
func (s *survivor) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()
}

// kept says whether the store's files name a key.
func (s *survivor) kept(t *testing.T, table, key string) bool {
	t.Helper()
	return s.onDisk(t, fmt.Sprintf("%s.%x", table, key))
}

// onDisk says whether the store's files have a text in them.
func (s *survivor) onDisk(t *testing.T, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(filepath.Join(filepath.Dir(s.file), "state", "store"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".blk" {
			return nil // the engine renames files as it works
		}
		b, err := os.ReadFile(path)
		found = found || err == nil && bytes.Contains(b, []byte(text))
		return nil
	})
	check(t, err)
	return found
}

// phone registers a scripted phone.
func (s *survivor) phone(t *testing.T, tel string, change func(*phone.Config)) *phone.Phone {
	t.Helper()
	c := phone.Config{Server: s.sip, Tel: tel, UserID: "s" + tel, Password: "secret-" + tel, Incoming: phone.Auto}
	if change != nil {
		change(&c)
	}
	p, err := phone.New(c)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }() // ended by the cleanup, waited for there
	t.Cleanup(func() { cancel(); <-done })
	check(t, p.Register(soon(t)))
	return p
}

// TestRegistrationsOutliveKill: after kill -9 and a start, phones that did not register again are called.
func TestRegistrationsOutliveKill(t *testing.T) {
	s := newSurvivor(t, "")
	caller, called := s.phone(t, "217", nil), s.phone(t, "218", nil)
	gone := s.phone(t, "219", nil)
	check(t, gone.Unregister(soon(t)))
	brief := s.phone(t, "220", func(c *phone.Config) { c.Expires = 30 * time.Second })
	eventually(t, "the last registration is on disk", func() bool { return s.kept(t, "registrations", "220") })
	s.kill()
	s.start(t)
	a, b := pair(t, caller, called)
	flows(t, 20, a, b)
	a, b = pair(t, called, brief)
	flows(t, 20, a, b)
	if code := refused(t, brief, "219"); code != 480 {
		t.Errorf("a phone that had unregistered: %d", code)
	}
}

// TestAccessLogOutlivesKill: the rows of the access log are there after kill -9 and a start; blocks are not.
func TestAccessLogOutlivesKill(t *testing.T) {
	s := newSurvivor(t, "")
	for range 2 { // failures, which block; each from a port of its own, as one is not challenged again so soon
		wrong, err := phone.New(phone.Config{Server: s.sip, Tel: "217", UserID: "s217", Password: "guessed"})
		check(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); _ = wrong.Run(ctx) }() // ended and waited for below
		err = wrong.Register(soon(t))
		cancel()
		<-done
		wrong.Close()
		if err == nil {
			t.Fatal("registered with a wrong password")
		}
	}
	const row = `"index":0,`
	rows := func() string { return body(t, "http://"+s.api+"/v1/access-log") }
	before := rows()
	if !strings.Contains(before, row) || !strings.Contains(before, `"count":2`) {
		t.Fatalf("before: %s", before)
	}
	eventually(t, "the row is on disk", func() bool { return s.onDisk(t, `"count":2}`) })
	s.kill()
	s.start(t)
	if after := rows(); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
	s.phone(t, "217", nil)
}

// body is what a GET of the API returns.
func body(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	check(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(t, err)
	return string(b)
}

// TestForwardsAndDNDOutliveKill: so do a forward and do not disturb that were set by codes.
func TestForwardsAndDNDOutliveKill(t *testing.T) {
	s := newSurvivor(t, "")
	caller, quiet := s.phone(t, "217", nil), s.phone(t, "218", nil)
	away, other := s.phone(t, "219", nil), s.phone(t, "220", nil)
	if code := refused(t, away, "601220"); code != 480 {
		t.Fatalf("forward: %d", code)
	}
	if code := refused(t, quiet, "401"); code != 480 {
		t.Fatalf("do not disturb: %d", code)
	}
	eventually(t, "what was set is on disk", func() bool { return s.kept(t, "settings", "218") })
	s.kill()
	s.start(t)
	if code := refused(t, caller, "218"); code != 486 {
		t.Errorf("a call to who is not to be disturbed: %d", code)
	}
	a, err := caller.Call(soon(t), "219")
	check(t, err)
	b, err := other.WaitIncoming(soon(t))
	check(t, err)
	flows(t, 20, a, b)
}

// TestParkedCallsOutliveKill: after kill -9 and a start, a parked phone is hung up, a record says why, and who dials for it is
// told; over UDP, and over TCP, whose connection has gone with the server. Those who were taken back before are not touched.
func TestParkedCallsOutliveKill(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := newSurvivor(t, "")
			with := func(c *phone.Config) { c.Transport = transport }
			parker, party, other := s.phone(t, "217", nil), s.phone(t, "218", with), s.phone(t, "219", nil)
			park := func(by, x *phone.Phone) (*phone.Call, string) {
				call, there := held(t, by, x)
				check(t, by.Feature(soon(t), "11"))
				ended(t, call)
				return there, there.ID()
			}
			taken, earlier := park(parker, party)
			eventually(t, "it is on disk", func() bool { return s.kept(t, "parked", earlier) })
			back := must[*phone.Call](t)(other.Call(soon(t), "12217"))
			hangup(t, back)
			ended(t, taken)
			there, id := park(parker, party)
			eventually(t, "that it is parked is on disk", func() bool { return s.kept(t, "parked", id) })
			s.kill()
			s.start(t)
			ended(t, there)
			if why := there.Why(); !strings.Contains(why, "Restarted") {
				t.Errorf("the parked phone was hung up by %q", why)
			}
			c := must[*phone.Call](t)(other.Dial(soon(t), "12217"))
			if st := must[phone.Status](t)(c.WaitEnded(soon(t))); st.Code != 480 || !strings.Contains(st.Reason, "restart") {
				t.Errorf("retrieval: %+v", st)
			}
			c = must[*phone.Call](t)(other.Dial(soon(t), "12217"))
			if st := must[phone.Status](t)(c.WaitEnded(soon(t))); st.Code != 480 || strings.Contains(st.Reason, "restart") {
				t.Errorf("the second one: %+v", st)
			}
			eventually(t, "the record of the lost call", func() bool {
				list := (*office)(nil).records(t, filepath.Join(filepath.Dir(s.file), "state"))
				i := slices.IndexFunc(list, func(r cdr.Record) bool { return r.Reason == "parked when the server was restarted" })
				return i >= 0 && list[i].From == "217" && list[i].To == "218" && len(list[i].Legs) == 2 && list[i].EndedBy == cdr.System
			})
			s.kill()
			s.start(t)
			if text := body(t, "http://"+s.api+"/v1/calls"); strings.Contains(text, "218") {
				t.Errorf("there are calls: %s", text)
			}
		})
	}
}
