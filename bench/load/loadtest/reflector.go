package loadtest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"sidetone/bench/load/bencode"
)

// Reflector is a running server. All its sockets and goroutines end with Close.
type Reflector struct {
	control *net.UDPConn
	flows   sync.WaitGroup

	mu     sync.Mutex // guards the following
	calls  map[string]*call
	seen   map[string]int // requests by command
	refuse string         // every offer is refused with this
	lose   int            // every so many packets, one is lost; 0 = none
}

// reason is why a request is refused, in the words of the protocol.
type reason string

func (r reason) Error() string { return string(r) }

// call is one call: side 0 is who offers, side 1 who answers.
type call struct {
	sides [2]side
}

// side is our port towards one end, and what that end said of itself.
type side struct {
	conn   *net.UDPConn
	remote netip.AddrPort
	law    string // payload type it speaks
	key    string // with which it sends
	ours   string // with which we send to it
}

// Start listens on a free port.
func Start() (*Reflector, error) { return StartAt(netip.MustParseAddrPort("127.0.0.1:0")) }

// StartAt listens where it is told.
func StartAt(control netip.AddrPort) (*Reflector, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(control))
	if err != nil {
		return nil, err
	}
	r := &Reflector{control: conn, calls: map[string]*call{}, seen: map[string]int{}}
	r.flows.Go(r.serve) // ends when Close closes its socket; Close waits
	return r, nil
}

func listen() (*net.UDPConn, error) {
	return net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

// Address is where it answers ng.
func (r *Reflector) Address() netip.AddrPort { return r.control.LocalAddr().(*net.UDPAddr).AddrPort() }

// Refuse makes it refuse every offer; "" takes them again.
func (r *Reflector) Refuse(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = reason
}

// Lose makes every flow lose one packet of n.
func (r *Reflector) Lose(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose = n
}

// Seen returns how many requests of a command came.
func (r *Reflector) Seen(command string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[command]
}

// Calls returns how many calls are open.
func (r *Reflector) Calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}

// Close ends every call and waits for all goroutines.
func (r *Reflector) Close() {
	r.control.Close()
	r.mu.Lock()
	for id, c := range r.calls {
		c.close()
		delete(r.calls, id)
	}
	r.mu.Unlock()
	r.flows.Wait()
}

func (c *call) close() {
	for _, s := range c.sides {
		if s.conn != nil {
			s.conn.Close()
		}
	}
}

func (r *Reflector) serve() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := r.control.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		cookie, text, _ := strings.Cut(string(buf[:n]), " ")
		v, err := bencode.Parse(text)
		request, ok := v.(map[string]any)
		if err != nil || !ok {
			continue
		}
		reply := bencode.Append([]byte(cookie+" "), r.answer(request))
		if _, err := r.control.WriteToUDPAddrPort(reply, from); errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

func (r *Reflector) answer(request map[string]any) map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	command, _ := request["command"].(string)
	id, _ := request["call-id"].(string)
	r.seen[command]++
	var err error
	switch command {
	case "ping":
		return map[string]any{"result": "pong"}
	case "offer":
		if r.refuse != "" {
			return map[string]any{"result": "error", "error-reason": r.refuse}
		}
		if r.calls[id] != nil {
			err = errors.New("the call exists")
			break
		}
		c := &call{}
		r.calls[id] = c
		if err = c.open(); err == nil {
			err = c.sides[0].read(request)
		}
		if err != nil {
			break
		}
		codec, _ := request["codec"].(map[string]any)
		if c.sides[1].law = c.sides[0].law; codec != nil {
			c.sides[1].law = "8"
		}
		if request["transport-protocol"] == "RTP/SAVP" {
			var key [30]byte
			rand.Read(key[:])
			c.sides[1].ours = base64.StdEncoding.EncodeToString(key[:])
		}
		return map[string]any{"result": "ok", "sdp": c.sides[1].describe()}
	case "answer":
		c := r.calls[id]
		if c == nil {
			err = reason("Unknown call-id")
			break
		}
		if err = c.sides[1].read(request); err != nil {
			break
		}
		if err = r.connect(c); err != nil {
			break
		}
		return map[string]any{"result": "ok", "sdp": c.sides[0].describe()}
	case "delete":
		c := r.calls[id]
		if c == nil {
			err = reason("Unknown call-id")
			break
		}
		c.close()
		delete(r.calls, id)
		return map[string]any{"result": "ok"}
	default:
		err = reason("Unrecognized command")
	}
	return map[string]any{"result": "error", "error-reason": err.Error()}
}

func (c *call) open() error {
	for i := range c.sides {
		conn, err := listen()
		if err != nil {
			return err
		}
		c.sides[i].conn = conn
	}
	return nil
}

// read takes address, payload type and key out of a request's description.
func (s *side) read(request map[string]any) error {
	text, _ := request["sdp"].(string)
	var host, proto string
	var port int
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		fmt.Sscanf(line, "c=IN IP4 %s", &host)
		fmt.Sscanf(line, "m=audio %d %s %s", &port, &proto, &s.law)
		if key, ok := strings.CutPrefix(line, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"); ok {
			s.key = key
		}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || port == 0 {
		return fmt.Errorf("no media in %q", text)
	}
	s.remote = netip.AddrPortFrom(addr, uint16(port))
	return nil
}

// describe writes what an end is told of our port.
func (s *side) describe() string {
	profile, crypto := "RTP/AVP", ""
	if s.ours != "" {
		profile, crypto = "RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+s.ours+"\r\n"
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d %s %s\r\n%s",
		s.conn.LocalAddr().(*net.UDPAddr).Port, profile, s.law, crypto)
}
