package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/codecs"
	"sidetone/control"
	"sidetone/control/config"
)

// office is a server on loopback and free ports, with stations 217, 218, ...
type office struct {
	server  *control.Server
	udp     string // host:port
	tcp     string
	api     string
	log     *logbook
	stop    func() // ends the server and waits for it
	stopped bool
}

// newOffice starts a server; change may be nil. The test ends it.
func newOffice(t *testing.T, stations int, change func(*config.Config)) *office {
	t.Helper()
	return officeOf(t, stations, change, codecs.Set{})
}

// officeOf is newOffice with codecs in place of those of the machine.
func officeOf(t *testing.T, stations int, change func(*config.Config), set codecs.Set) *office {
	t.Helper()
	log := &logbook{}
	o := openOffice(t, stations, change, set, io.MultiWriter(testWriter{t}, log))
	o.log = log
	return o
}

// startOffice is newOffice with the log elsewhere than in memory.
func startOffice(t *testing.T, stations int, change func(*config.Config), log io.Writer) *office {
	t.Helper()
	return openOffice(t, stations, change, codecs.Set{}, log)
}

func openOffice(t *testing.T, stations int, change func(*config.Config), set codecs.Set, log io.Writer) *office {
	t.Helper()
	cfg := config.Default()
	cfg.SIP.Listen = []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}
	cfg.API.Listen = "127.0.0.1:0"
	cfg.Store.Dir = t.TempDir()
	for i := range stations {
		s := config.NewStation(fmt.Sprint(217+i), fmt.Sprintf("s%d", 217+i), fmt.Sprintf("secret-%d", 217+i))
		s.Music = ""
		cfg.Stations = append(cfg.Stations, s)
	}
	cfg.Conference.Rooms = []config.Room{{Number: "700", Members: 5}}
	if change != nil {
		change(cfg)
	}
	server, err := control.NewWith(cfg, set, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }() // ended by stop, waited for there
	<-server.Ready()
	o := &office{server: server, api: server.APIAddress()}
	for _, a := range server.SIPAddresses() {
		if rest, ok := strings.CutPrefix(a, "udp:"); ok {
			o.udp = rest
		} else if rest, ok := strings.CutPrefix(a, "tcp:"); ok {
			o.tcp = rest
		}
	}
	o.stop = func() {
		if o.stopped {
			return
		}
		o.stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	}
	t.Cleanup(o.stop)
	return o
}

// phone registers a scripted phone of the office; change may be nil.
func (o *office) phone(t *testing.T, i int, change func(*phone.Config)) *phone.Phone {
	t.Helper()
	c := phone.Config{Server: o.udp, Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("secret-%d", 217+i), Incoming: phone.Auto}
	if change != nil {
		change(&c)
	}
	p, err := phone.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }() // ended by the cleanup, waited for there
	t.Cleanup(func() { cancel(); <-done })
	if err := p.Register(soon(t)); err != nil {
		t.Fatalf("phone %s: %v", c.Tel, err)
	}
	return p
}

// soon is the time a step of a test may take on a busy machine.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// get asks the API.
func (o *office) get(t *testing.T, path string) string {
	t.Helper()
	res, err := http.Get("http://" + o.api + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", path, res.Status, err, b)
	}
	return string(b)
}

// raw sends datagrams to the SIP port and returns what comes back within wait, joined.
func (o *office) raw(t *testing.T, wait time.Duration, datagrams ...string) string {
	t.Helper()
	return o.heard(t, wait, func([]byte) bool { return false }, 0, datagrams...)
}

// final is the first line of a response that is not provisional.
var final = regexp.MustCompile(`(?m)^SIP/2\.0 [2-6]`)

// refusal sends a request to the SIP port and returns what comes back, up to its final response; "" when nothing does within wait.
func (o *office) refusal(t *testing.T, wait time.Duration, request string) string {
	t.Helper()
	return o.heard(t, wait, final.Match, 10*time.Second, request)
}

// heard sends datagrams to the SIP port and returns what comes back until it is whole: within wait, and so much more once something
// has come.
func (o *office) heard(t *testing.T, wait time.Duration, whole func([]byte) bool, more time.Duration, datagrams ...string) string {
	t.Helper()
	c, err := net.Dial("udp", o.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, d := range datagrams {
		if _, err := c.Write([]byte(d)); err != nil {
			t.Fatal(err)
		}
	}
	var got bytes.Buffer
	buf := make([]byte, 65536)
	deadline := time.Now().Add(wait)
	for !whole(got.Bytes()) {
		_ = c.SetReadDeadline(deadline)
		n, err := c.Read(buf)
		if err != nil {
			break
		}
		if got.Len() == 0 {
			deadline = deadline.Add(more)
		}
		got.Write(buf[:n])
	}
	return got.String()
}

// eventually waits until ok, and fails with what when it does not come.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("within 10 s not: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// testWriter gives the server's log to the test, which shows it when it fails.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// logbook keeps what the server logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// forget throws away what was logged so far.
func (l *logbook) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// lines returns what was logged at one of the levels.
func (l *logbook) lines(levels ...slog.Level) (list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		for _, level := range levels {
			if strings.Contains(line, " level="+level.String()+" ") {
				list = append(list, line)
			}
		}
	}
	return list
}
