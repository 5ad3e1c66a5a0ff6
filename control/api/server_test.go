package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixed is a State that always says the same.
type fixed struct {
	reason   string
	stations []Station
	calls    []Call
	rooms    []Room
	trunks   []Trunk
	capacity Capacity
	access   []Access
	ended    *[]string
	events   *Events
}

func (f fixed) Events() *Events {
	if f.events == nil {
		return NewEvents()
	}
	return f.events
}

func (f fixed) Ready() string       { return f.reason }
func (f fixed) Stations() []Station { return f.stations }
func (f fixed) Calls() []Call       { return f.calls }
func (f fixed) Rooms() []Room       { return f.rooms }
func (f fixed) Trunks() []Trunk     { return f.trunks }
func (f fixed) Capacity() Capacity  { return f.capacity }
func (f fixed) AccessLog() []Access { return f.access }
func (f fixed) Terminate(id string) bool {
	if f.ended != nil && id == "c-1" {
		*f.ended = append(*f.ended, id)
		return true
	}
	return false
}

func (f fixed) RecordCall(id string, on bool) (bool, error) {
	switch {
	case id == "c-2":
		return true, errors.New("nobody talks yet")
	case f.ended != nil && id == "c-1":
		*f.ended = append(*f.ended, fmt.Sprint(id, " ", on))
		return true, nil
	}
	return false, nil
}

func (f fixed) RecordRoom(id string, on bool) (bool, error) {
	if f.ended != nil && id == "700" {
		*f.ended = append(*f.ended, fmt.Sprint(id, " ", on))
		return true, nil
	}
	return false, nil
}

func (f fixed) SetWaiting(tel string, w Waiting) bool {
	if f.ended != nil && tel == "217" {
		*f.ended = append(*f.ended, fmt.Sprint(tel, w))
		return true
	}
	return false
}

func (f fixed) room(id, member string, what ...any) error {
	if f.ended == nil || id != "700" || member != "" && member != "c-1/a" {
		return fmt.Errorf("%s %s: %w", id, member, ErrNotFound)
	}
	*f.ended = append(*f.ended, fmt.Sprint(what...))
	return nil
}

func (f fixed) SetLocked(id string, on bool) error { return f.room(id, "", "locked ", on) }

func (f fixed) ChangeMember(id, member string, c MemberChange) error {
	b, _ := json.Marshal(c)
	return f.room(id, member, string(b))
}

func (f fixed) Kick(id, member string) error { return f.room(id, member, "kick") }

func (f fixed) Announce(id string, file io.Reader) error {
	b, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if string(b) == "noise" {
		return errors.New("no sound file")
	}
	return f.room(id, "", len(b), " bytes")
}

// ask sends one request to the handler. The host is our address unless the header Host says otherwise.
func ask(state State, token, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	newGuard(state, token, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

func TestBodies(t *testing.T) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	full := fixed{
		stations: []Station{
			{Tel: "217", Name: "Desk", Status: "registered", PhoneType: "Phone 1.0", PublicIP: netip.MustParseAddr("192.168.1.44"),
				PublicPort: 5062, SignalPort: 5060, Protocol: "udp", BehindNAT: true, Expires: 55, Calls: 1},
			{Tel: "218", Status: "unregistered"},
		},
		calls: []Call{{ID: "c-1", State: "talking", From: "217", To: "218", Since: at, Answered: at.Add(time.Second), Legs: []Leg{
			{ID: "c-1/a", Tel: "217", Direction: "in", Answered: true, Peer: netip.MustParseAddrPort("192.168.1.44:5062"),
				Local: netip.MustParseAddrPort("192.168.1.10:20000"), Remote: netip.MustParseAddrPort("[2001:db8::1]:4000"), Latch: "locked",
				Codec: "PCMA", SSRC: 0xdeadbeef, Received: Traffic{Packets: 50, Bytes: 8600, Lost: 1}, Sent: Traffic{Packets: 49, Bytes: 8428},
				Drops: map[string]uint64{"source": 3}, Sections: []Section{{Media: "video", Codec: "H264", Protocol: "srtp", SRTP: "AES_CM_128_HMAC_SHA1_80",
					Direction: "sendrecv", Path: "relay", Local: netip.MustParseAddrPort("192.168.1.10:20002"), Latch: "learning",
					Received: Traffic{Packets: 7, Bytes: 9000}}}},
			{ID: "c-1/b", Tel: "218", Direction: "out"},
		}}, {ID: "c-2", State: "calling", Since: at}},
		rooms: []Room{{ID: "700", Number: "700", State: "active", Limit: 32, Since: at, Members: []Member{{Tel: "217", Call: "c-1", Leg: "c-1/a", Holding: true}}},
			{ID: "x", Owner: "217", State: "idle", Limit: 5}},
		trunks: []Trunk{{Name: "carrier", Access: "9", Server: "pbx.example", User: "555", State: "registered", Hops: []string{"udp:192.0.2.1:5060"},
			Networks: []string{"192.0.2.0/24"}, Since: at, Expires: 3600, Calls: 1}, {Name: "down", State: "unregistered", Code: 403, Error: "403 Forbidden"}},
		access: []Access{{Index: 3, Date: at, Last: at.Add(time.Second), IP: netip.MustParseAddr("192.0.2.7"), CallerID: "217", Reason: "no", Count: 2}},
		capacity: Capacity{Stations: Usage{1, 2}, Calls: Usage{1, 0}, Ports: []PortUsage{{"lan", netip.MustParseAddr("192.168.1.10"), 2, 5000}},
			Records: Records{Written: 7}, Uptime: 61, Draining: true},
	}
	tests := []struct {
		path  string
		state State
		code  int
		body  string
	}{
		{"/healthz", fixed{reason: "draining"}, 200, `{"status":"ok"}`},
		{"/readyz", fixed{}, 200, `{"status":"ok"}`},
		{"/readyz", fixed{reason: "draining"}, 503, `{"status":"not ready","reason":"draining"}`},
		{"/v1/stations", fixed{}, 200, `{"stations":[]}`},
		{"/v1/calls", fixed{}, 200, `{"calls":[]}`},
		{"/v1/rooms", fixed{}, 200, `{"rooms":[]}`},
		{"/v1/trunks", fixed{}, 200, `{"trunks":[]}`},
		{"/v1/trunks", full, 200, `{"trunks":[{"name":"carrier","access":"9","server":"pbx.example","user":"555","state":"registered","hops":["udp:192.0.2.1:5060"],` +
			`"networks":["192.0.2.0/24"],"since":"2031-05-06T07:08:09Z","expires":3600,"calls":1},` +
			`{"name":"down","state":"unregistered","hops":[],"networks":[],"expires":0,"code":403,"error":"403 Forbidden","calls":0}]}`},
		{"/v1/access-log", fixed{}, 200, `{"rows":[]}`},
		{"/v1/access-log", full, 200, `{"rows":[{"index":3,"date":"2031-05-06T07:08:09Z","last":"2031-05-06T07:08:10Z","ip":"192.0.2.7","caller_id":"217","reason":"no","count":2}]}`},
		{"/v1/capacity", fixed{}, 200, `{"stations":{"used":0,"limit":0},"calls":{"used":0,"limit":0},"rooms":{"used":0,"limit":0},"mps_channels":{"used":0,"limit":0},` +
			`"mgi_ports":{"used":0,"limit":0},"ports":[],"records":{"written":0,"dropped":0,"failed":0},"uptime":0,"draining":false}`},
		{"/v1/stations", full, 200, `{"stations":[{"tel":"217","name":"Desk","status":"registered","phone_type":"Phone 1.0","public_ip":"192.168.1.44",` +
			`"public_port":5062,"signal_port":5060,"protocol":"udp","behind_nat":true,"expires":55,"calls":1,"messages":{"new":0,"old":0},"settings":{"dnd":false}},` +
			`{"tel":"218","name":"","status":"unregistered","behind_nat":false,"expires":0,"calls":0,"messages":{"new":0,"old":0},"settings":{"dnd":false}}]}`},
		{"/v1/calls", full, 200, `{"calls":[{"id":"c-1","state":"talking","from":"217","to":"218","since":"2031-05-06T07:08:09Z","answered":"2031-05-06T07:08:10Z","legs":[` +
			`{"id":"c-1/a","tel":"217","direction":"in","answered":true,"holding":false,"peer":"192.168.1.44:5062","local_media":"192.168.1.10:20000",` +
			`"remote_media":"[2001:db8::1]:4000","latch":"locked","codec":"PCMA","ssrc":3735928559,"received":{"packets":50,"bytes":8600,"lost":1},` +
			`"sent":{"packets":49,"bytes":8428,"lost":0},"drops":{"source":3},` +
			`"sections":[{"media":"video","codec":"H264","protocol":"srtp","srtp":"AES_CM_128_HMAC_SHA1_80","direction":"sendrecv","path":"relay",` +
			`"local_media":"192.168.1.10:20002","latch":"learning","received":{"packets":7,"bytes":9000,"lost":0},"sent":{"packets":0,"bytes":0,"lost":0},"drops":{}}]},` +
			`{"id":"c-1/b","tel":"218","direction":"out","answered":false,"holding":false,"received":{"packets":0,"bytes":0,"lost":0},` +
			`"sent":{"packets":0,"bytes":0,"lost":0},"drops":{}}]},` +
			`{"id":"c-2","state":"calling","from":"","to":"","since":"2031-05-06T07:08:09Z","legs":[]}]}`},
		{"/v1/rooms", full, 200, `{"rooms":[{"id":"700","number":"700","state":"active","limit":32,"since":"2031-05-06T07:08:09Z",` +
			`"members":[{"tel":"217","call":"c-1","leg":"c-1/a","holding":true,"moderator":false,"talking":false,"level":0,"muted":false,"deaf":false,"gain":0}],"locked":false},{"id":"x","owner":"217","state":"idle","limit":5,"members":[],"locked":false}]}`},
		{"/v1/capacity", full, 200, `{"stations":{"used":1,"limit":2},"calls":{"used":1,"limit":0},"rooms":{"used":0,"limit":0},"mps_channels":{"used":0,"limit":0},` +
			`"mgi_ports":{"used":0,"limit":0},"ports":[{"interface":"lan","address":"192.168.1.10","used":2,"limit":5000}],` +
			`"records":{"written":7,"dropped":0,"failed":0},"uptime":61,"draining":true}`},
	}
	for _, tt := range tests {
		w := ask(tt.state, "", "GET", tt.path)
		if w.Code != tt.code || strings.TrimSpace(w.Body.String()) != tt.body {
			t.Errorf("%s: %d\n%swant %d\n%s", tt.path, w.Code, w.Body, tt.code, tt.body)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", tt.path, got)
		}
	}
	if w := ask(fixed{}, "", "GET", "/openapi.yaml"); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), openAPI) || w.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf("/openapi.yaml: %d %v", w.Code, w.Header())
	}
}

func TestTerminate(t *testing.T) {
	for _, tt := range []struct {
		method, path, token, bearer string
		code                        int
		ends                        bool
	}{
		{"DELETE", "/v1/calls/c-1", "", "", 204, true},
		{"DELETE", "/v1/calls/c-2", "", "", 404, false},
		{"DELETE", "/v1/calls/", "", "", 404, false},
		{"DELETE", "/v1/calls", "", "", 405, false},
		{"DELETE", "/v1/calls/c-1/x", "", "", 404, false},
		{"GET", "/v1/calls/c-1", "", "", 405, false},
		{"DELETE", "/v1/calls/c-1", "sesame", "", 401, false},
		{"DELETE", "/v1/calls/c-1", "sesame", "sesame", 204, true},
	} {
		var ended []string
		w := ask(fixed{ended: &ended}, tt.token, tt.method, tt.path, "Authorization", "Bearer "+tt.bearer)
		if w.Code != tt.code || (len(ended) == 1) != tt.ends {
			t.Errorf("%s %s: %d, ended %v", tt.method, tt.path, w.Code, ended)
		}
	}
	var ended []string
	if w := ask(fixed{ended: &ended}, "", "DELETE", "/v1/calls/c-1", "Host", "evil.example"); w.Code != 421 || ended != nil {
		t.Errorf("by a name: %d", w.Code)
	}
}

func TestWhoMayPass(t *testing.T) {
	const secret = "open-sesame"
	tests := []struct {
		name    string
		token   string
		method  string
		path    string
		headers []string
		code    int
	}{
		{"no token, by address", "", "GET", "/v1/calls", nil, 200},
		{"no token, by IPv6 address", "", "GET", "/v1/calls", []string{"Host", "[::1]:8080"}, 200},
		{"no token, by IPv6 address without port", "", "GET", "/v1/calls", []string{"Host", "[::1]"}, 200},
		{"no token, localhost", "", "GET", "/v1/calls", []string{"Host", "LOCALHOST:8080"}, 200},
		{"no token, by a name", "", "GET", "/v1/calls", []string{"Host", "evil.example:8080"}, 421},
		{"no token, by no host", "", "GET", "/v1/calls", []string{"Host", ""}, 421},
		{"no token, health by a name", "", "GET", "/healthz", []string{"Host", "evil.example"}, 200},
		{"token, right", secret, "GET", "/v1/calls", []string{"Authorization", "Bearer " + secret}, 200},
		{"token, right, by a name", secret, "GET", "/v1/calls", []string{"Authorization", "bearer " + secret, "Host", "pbx.example"}, 200},
		{"token, missing", secret, "GET", "/v1/calls", nil, 401},
		{"token, wrong", secret, "GET", "/v1/calls", []string{"Authorization", "Bearer " + secret + "!"}, 401},
		{"token, a part", secret, "GET", "/v1/calls", []string{"Authorization", "Bearer " + secret[:4]}, 401},
		{"token, empty", secret, "GET", "/v1/calls", []string{"Authorization", "Bearer "}, 401},
		{"token, another scheme", secret, "GET", "/v1/calls", []string{"Authorization", "Basic " + secret}, 401},
		{"token, no scheme", secret, "GET", "/v1/calls", []string{"Authorization", secret}, 401},
		{"token, health without", secret, "GET", "/healthz", nil, 200},
		{"token, ready without", secret, "GET", "/readyz", nil, 200},
		{"token, document without", secret, "GET", "/openapi.yaml", nil, 200},
		{"HEAD", "", "HEAD", "/v1/calls", nil, 200},
		{"POST", "", "POST", "/v1/calls", nil, 405},
		{"OPTIONS", "", "OPTIONS", "/v1/calls", nil, 405},
		{"DELETE on health", "", "DELETE", "/healthz", nil, 405},
		{"unknown", "", "GET", "/v1/call", nil, 404},
		{"root", "", "GET", "/", nil, 404},
		{"trailing slash", "", "GET", "/v1/calls/", nil, 404},
		{"dots", "", "GET", "/v1/../v1/calls", nil, 404},
		{"query is ignored", "", "GET", "/v1/calls?x=1", nil, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(fixed{}, tt.token, tt.method, tt.path, tt.headers...)
			if w.Code != tt.code {
				t.Fatalf("%d, want %d: %s", w.Code, tt.code, w.Body)
			}
			if w.Code < 400 {
				return
			}
			var f Failure
			if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || f.Status != tt.code || f.Message == "" {
				t.Errorf("%v %+v: %s", err, f, w.Body)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Error("the token is shown")
			}
			if (w.Header().Get("Allow") != "") != (tt.code == 405) || (w.Header().Get("WWW-Authenticate") != "") != (tt.code == 401) {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

// broken panics on its calls.
type broken struct{ fixed }

func (broken) Calls() []Call { panic("no calls") }

func TestAPanicIsA500(t *testing.T) {
	if w := ask(broken{}, "", "GET", "/v1/calls"); w.Code != 500 || !strings.Contains(w.Body.String(), `"error"`) || strings.Contains(w.Body.String(), "no calls") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// start runs a server until the test ends and returns its address.
func start(t *testing.T, cfg Config) string {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }() // ends with ctx, waited for in Cleanup
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if c, err := net.Dial("tcp", s.Addr().String()); err == nil {
			_ = c.Close()
			t.Error("the address is still taken")
		}
	})
	return s.Addr().String()
}

func TestOverTheNetwork(t *testing.T) {
	address := start(t, Config{Token: "secret", State: fixed{calls: []Call{{ID: "c-1"}}}})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, method := range []string{"GET", "HEAD"} {
		r, err := http.NewRequest(method, "http://"+address+"/v1/calls", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer secret")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || resp.ContentLength < 10 || (len(body) > 0) != (method == "GET") {
			t.Errorf("%s: %v %d, length %d, body %q", method, err, resp.StatusCode, resp.ContentLength, body)
		}
	}
}

func TestRubbishIsNoHarm(t *testing.T) {
	address := start(t, Config{State: fixed{}})
	for _, text := range []string{"\x00\x01\x02", "INVITE sip:217@10.0.0.1 SIP/2.0\r\n\r\n", "GET /v1/calls HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, text)
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("afterwards: %v %q", err, line)
	}
}

func TestTheEndLetsNobodyWait(t *testing.T) {
	s, err := New(Config{Listen: "127.0.0.1:0", State: fixed{}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { // ends with Close, waited for below
		if err := s.Run(context.Background()); err != nil {
			t.Error(err)
		}
	})
	idle, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestCloseWithoutRun(t *testing.T) {
	s, err := New(Config{Listen: "127.0.0.1:0", State: fixed{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Run(context.Background()); err != nil {
		t.Errorf("Run after Close: %v", err)
	}
}

func TestAnAddressThatIsTakenIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := New(Config{Listen: l.Addr().String(), State: fixed{}}); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Error(err)
	}
}

func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 2)
	accepted := make(chan net.Conn)
	ended := make(chan error)
	go func() { // ends with the listener, waited for below
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	var clients []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection was accepted")
	default:
		if len(l.slots) != 2 {
			t.Fatalf("%d slots are taken", len(l.slots))
		}
	}
	for range 2 { // closing twice frees one slot only
		_ = first.Close()
	}
	third := <-accepted
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("no error after Close")
	}
	for _, c := range append(clients, second, third) {
		_ = c.Close()
	}
}

func TestSetWaiting(t *testing.T) {
	for _, tt := range []struct {
		path, body string
		code       int
		told       string
	}{
		{"/v1/stations/217/waiting", `{"new":2,"old":1}`, 204, "217{2 1}"},
		{"/v1/stations/217/waiting", `{"new":2}`, 204, "217{2 0}"},
		{"/v1/stations/999/waiting", `{"new":2}`, 404, ""},
		{"/v1/stations//waiting", `{"new":2}`, 404, ""},
		{"/v1/stations/217/waiting", `{"new":-1}`, 400, ""},
		{"/v1/stations/217/waiting", `{"fresh":1}`, 400, ""},
		{"/v1/stations/217/waiting", `{"new":1} {}`, 400, ""},
		{"/v1/stations/217/waiting", `{"new":1`, 400, ""},
		{"/v1/stations/217/waiting", "", 400, ""},
	} {
		var told []string
		r := httptest.NewRequest(http.MethodPut, tt.path, strings.NewReader(tt.body))
		r.Host = "127.0.0.1:8080"
		w := httptest.NewRecorder()
		newGuard(fixed{ended: &told}, "", slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != tt.code || strings.Join(told, " ") != tt.told {
			t.Errorf("%s %s: %d %v, want %d %q", tt.path, tt.body, w.Code, told, tt.code, tt.told)
		}
	}
}

func TestRooms(t *testing.T) {
	for _, tt := range []struct {
		method, path, body string
		code               int
		told               string
	}{
		{"PATCH", "/v1/rooms/700", `{"locked":true}`, 204, "locked true"},
		{"PATCH", "/v1/rooms/700", `{}`, 400, ""},
		{"PATCH", "/v1/rooms/700", `{"shut":true}`, 400, ""},
		{"PATCH", "/v1/rooms/701", `{"locked":false}`, 404, ""},
		{"DELETE", "/v1/rooms/700", "", 405, ""},
		{"PATCH", "/v1/rooms/700/members/c-1%2Fa", `{"muted":true,"gain":-3}`, 204, `{"muted":true,"gain":-3}`},
		{"PATCH", "/v1/rooms/700/members/c-1%2Fa", `{"deaf":false}`, 204, `{"deaf":false}`},
		{"PATCH", "/v1/rooms/700/members/c-1/a", `{"deaf":false}`, 404, ""},
		{"PATCH", "/v1/rooms/700/members/999", `{"deaf":true}`, 404, ""},
		{"PATCH", "/v1/rooms/700/members/c-1%2Fa", `{}`, 400, ""},
		{"DELETE", "/v1/rooms/700/members/c-1%2Fa", "", 204, "kick"},
		{"DELETE", "/v1/rooms/700/members/999", "", 404, ""},
		{"GET", "/v1/rooms/700/members/999", "", 405, ""},
		{"POST", "/v1/rooms/700/announcement", "RIFF", 204, "4 bytes"},
		{"POST", "/v1/rooms/700/announcement", "noise", 400, ""},
		{"POST", "/v1/rooms/700/announcement", strings.Repeat("x", mostSound+1), 400, ""},
		{"POST", "/v1/rooms/701/announcement", "RIFF", 404, ""},
	} {
		var told []string
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
		r.Host = "127.0.0.1:8080"
		w := httptest.NewRecorder()
		newGuard(fixed{ended: &told}, "", slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != tt.code || strings.Join(told, " ") != tt.told {
			t.Errorf("%s %s %.40s: %d %v, want %d %q", tt.method, tt.path, tt.body, w.Code, told, tt.code, tt.told)
		}
	}
}
