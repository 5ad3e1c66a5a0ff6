package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/peer"
	"sidetone/control/api"
	"sidetone/control/config"
)

// alley is the way from an attack program to the server: it forwards datagrams of one sender, from an address of its
// own, and keeps the first lines of what is said.
type alley struct {
	port string

	mu       sync.Mutex // guards the following
	asked    []string   // first lines
	answered []string
}

const alleyAddress = "127.0.0.2"

func newAlley(t *testing.T, server string) *alley {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	to, err := net.ResolveUDPAddr("udp", server)
	check(t, err)
	back, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(alleyAddress)}, to)
	check(t, err)
	_, port, _ := net.SplitHostPort(front.LocalAddr().String())
	a := &alley{port: port}
	var wg sync.WaitGroup
	t.Cleanup(func() { front.Close(); back.Close(); wg.Wait() })
	var intruder *net.UDPAddr
	wg.Go(func() { // ends with its socket, as the next does; the cleanup waits
		b := make([]byte, 65536)
		for {
			n, from, err := front.ReadFromUDP(b)
			if err != nil {
				return
			}
			a.mu.Lock()
			intruder, a.asked = from, append(a.asked, firstLine(b[:n]))
			a.mu.Unlock()
			_, _ = back.Write(b[:n]) // what is lost is lost
		}
	})
	wg.Go(func() {
		b := make([]byte, 65536)
		for {
			n, err := back.Read(b)
			if err != nil {
				return
			}
			a.mu.Lock()
			to, line := intruder, firstLine(b[:n])
			a.answered = append(a.answered, line)
			a.mu.Unlock()
			_, _ = front.WriteToUDP(b[:n], to)
		}
	})
	return a
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	return string(line)
}

// heard counts the answers by their first line, and the requests.
func (a *alley) heard() (answers map[string]int, requests int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answers = make(map[string]int)
	for _, l := range a.answered {
		answers[l]++
	}
	return answers, len(a.asked)
}

// vicious runs a program of sipvicious against the alley until it ends, or enough says so, and returns what it said.
func (a *alley) vicious(t *testing.T, enough func() bool, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	args = append(args, "-p", a.port, "-b", "127.0.0.1", "-x", "127.0.0.1", "127.0.0.1")
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // where it keeps its sessions
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	check(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // ends with the program, waited for below
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return out.String()
		case <-tick.C:
			if enough() {
				cancel()
				<-ended
				return out.String()
			}
		}
	}
}

// TestSIPVicious: svmap sees a SIP server, svwar cannot tell the numbers that exist from those that do not, whatever it
// asks with, and svcrack gets one answer more than register_retry_limit and then silence, or where the mode is to respond
// nothing but refusals, and one row in the access log. A phone registers from another address afterwards.
func TestSIPVicious(t *testing.T) {
	peer.Need(t, "svmap", "svwar", "svcrack")
	never := func() bool { return false }
	t.Run("svmap", func(t *testing.T) {
		t.Parallel()
		a := newAlley(t, newOffice(t, 2, nil).udp)
		if out := a.vicious(t, never, "svmap"); !strings.Contains(out, "sidetone") {
			t.Errorf("said\n%s", out)
		}
	})
	// svwar gives up by itself once a number is answered as one that nobody has. So it is asked for one at a time: 210 is
	// nobody's, 217 is registered, 218 is not.
	for _, scan := range []struct{ method, numbers, answer string }{
		{"REGISTER", "210", "SIP/2.0 401 Unauthorized"},
		{"REGISTER", "217", "SIP/2.0 401 Unauthorized"},
		{"REGISTER", "218", "SIP/2.0 401 Unauthorized"},
		{"INVITE", "210", "SIP/2.0 401 Unauthorized"},
		{"INVITE", "217", "SIP/2.0 401 Unauthorized"},
		{"INVITE", "218", "SIP/2.0 401 Unauthorized"},
		{"OPTIONS", "210-225", "SIP/2.0 200 OK"},
	} {
		t.Run("svwar "+scan.method+" "+scan.numbers, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, nil)
			o.phone(t, 0, nil)
			a := newAlley(t, o.udp)
			out := a.vicious(t, never, "svwar", "--force", "-m", scan.method, "-e", scan.numbers)
			answers, requests := a.heard()
			if requests < 2 || len(answers) != 1 || answers[scan.answer] == 0 || !strings.Contains(out, "found nothing") {
				t.Errorf("%d requests were answered %v\n%s", requests, answers, out)
			}
		})
	}
	for _, mode := range []string{"no_response", "response"} {
		t.Run("svcrack, "+mode, func(t *testing.T) {
			t.Parallel()
			const limit = 3
			o := newOffice(t, 2, func(c *config.Config) {
				c.SIP.CommExclusive.Mode, c.SIP.CommExclusive.RegisterRetryLimit = mode, limit
			})
			a := newAlley(t, o.udp)
			words := filepath.Join(t.TempDir(), "words")
			write(t, words, strings.Repeat("a guess\n", 20)+strings.Repeat("secret-217\n", 20))
			out := a.vicious(t, func() bool { _, n := a.heard(); return n > 60 }, "svcrack", "-u", "s217", "-e", "217", "-d", words)
			answers, requests := a.heard()
			challenges, refusals := answers["SIP/2.0 401 Unauthorized"], answers["SIP/2.0 403 Forbidden"]
			if requests < 60 || strings.Contains(out, "secret-217") {
				t.Errorf("%d requests were answered %v\n%s", requests, answers, out)
			}
			switch answered := challenges + refusals; {
			case len(answers) != 2 || challenges > limit:
				t.Errorf("answered %v, want one challenge more than there are failures before the last", answers)
			case mode == "no_response" && answered > limit+1:
				t.Errorf("%d answers, want at most %d", answered, limit+1)
			case mode == "response" && answered < requests-5: // it is stopped before the last are answered
				t.Errorf("%d answers to %d requests, want a refusal for each", answered, requests)
			}
			var rows api.AccessLog
			check(t, json.Unmarshal([]byte(o.get(t, "/v1/access-log")), &rows))
			if len(rows.Rows) != 1 || rows.Rows[0].IP.String() != alleyAddress || rows.Rows[0].Count != limit {
				t.Errorf("access log %+v", rows.Rows)
			}
			o.phone(t, 0, nil)
		})
	}
}
