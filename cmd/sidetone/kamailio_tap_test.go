package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidetone/control/ng/bencode"
)

// tap stands between a proxy and an ng server on loopback, keeps what they say, and may lose replies.
type tap struct {
	conn   *net.UDPConn
	engine netip.AddrPort
	lose   func(seen int) bool // whether the n-th reply to a request, from 1, is lost; nil = none
	served sync.WaitGroup

	mu        sync.Mutex // guards the following
	clients   map[netip.AddrPort]*net.UDPConn
	exchanges []*exchange
	byCookie  map[string]*exchange
	closed    bool
}

// exchange is one request and what became of it.
type exchange struct {
	request  bencode.Value
	requests []string // the datagram each time it was sent, without its cookie
	replies  []string
}

func newTap(t *testing.T, engine netip.AddrPort, lose func(seen int) bool) *tap {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{conn: conn, engine: engine, lose: lose, clients: map[netip.AddrPort]*net.UDPConn{}, byCookie: map[string]*exchange{}}
	p.served.Go(func() { p.requests(t) }) // ends when conn is closed, waited for by close
	t.Cleanup(p.close)
	return p
}

func (p *tap) address() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *tap) close() {
	p.mu.Lock()
	p.closed = true
	p.conn.Close()
	for _, c := range p.clients {
		c.Close()
	}
	p.mu.Unlock()
	p.served.Wait()
}

// requests takes what clients send.
func (p *tap) requests(t *testing.T) {
	buf := make([]byte, 65536)
	for {
		n, client, err := p.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of a client that has gone
		}
		up, err := p.note(client, string(buf[:n]))
		if err != nil {
			t.Errorf("tap: %v", err)
		}
		if up != nil {
			_, _ = up.Write(buf[:n]) // an engine that is not there loses it, as it would without us
		}
	}
}

// note keeps a request and returns the way to the engine for its client.
func (p *tap) note(client netip.AddrPort, message string) (*net.UDPConn, error) {
	cookie, text, _ := strings.Cut(message, " ")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil
	}
	e := p.byCookie[cookie]
	if e == nil {
		request, _, err := bencode.Decode(text)
		if err != nil {
			return nil, err
		}
		e = &exchange{request: request}
		p.exchanges, p.byCookie[cookie] = append(p.exchanges, e), e
	}
	e.requests = append(e.requests, text)
	up := p.clients[client]
	if up == nil {
		var err error
		if up, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(p.engine)); err != nil {
			return nil, err
		}
		p.clients[client] = up
		p.served.Go(func() { p.replies(client, up) }) // ends when up is closed, waited for by close
	}
	return up, nil
}

// replies takes what the engine answers to one client.
func (p *tap) replies(client netip.AddrPort, up *net.UDPConn) {
	buf := make([]byte, 65536)
	for {
		n, err := up.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of an engine that is not there
		}
		cookie, text, _ := strings.Cut(string(buf[:n]), " ")
		p.mu.Lock()
		lost := false
		if e := p.byCookie[cookie]; e != nil {
			e.replies = append(e.replies, text)
			lost = p.lose != nil && p.lose(len(e.replies))
		}
		p.mu.Unlock()
		if !lost {
			_, _ = p.conn.WriteToUDPAddrPort(buf[:n], client) // who is gone needs no answer
		}
	}
}

// heard returns the exchanges of a command, in their order.
func (p *tap) heard(command string) (list []exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.exchanges {
		if c, _ := e.request.Get("command").Text(); c == command {
			list = append(list, exchange{e.request, append([]string(nil), e.requests...), append([]string(nil), e.replies...)})
		}
	}
	return list
}

// reply is the dictionary of the last reply.
func (e exchange) reply(t *testing.T) bencode.Value {
	t.Helper()
	if len(e.replies) == 0 {
		t.Fatalf("no reply to %s", e.requests[0])
	}
	v, _, err := bencode.Decode(e.replies[len(e.replies)-1])
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// asked counts the requests of ask. Each gets a cookie of its own: a port may have been another request's before.
var asked atomic.Int64

// ask sends one ng request to an engine and returns the reply.
func ask(t *testing.T, engine netip.AddrPort, request bencode.Value) bencode.Value {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(engine))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	cookie := fmt.Sprintf("%d ", asked.Add(1))
	if _, err := conn.Write(bencode.Append([]byte(cookie), request)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 65536)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := bencode.Decode(strings.TrimPrefix(string(buf[:n]), cookie))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ngRequest makes a request of strings.
func ngRequest(pairs ...string) bencode.Value {
	v := bencode.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		v.SetString(pairs[i], pairs[i+1])
	}
	return v
}
