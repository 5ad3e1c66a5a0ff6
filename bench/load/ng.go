package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sidetone/bench/load/bencode"
)

// How long the ng client waits for a reply, and how often it asks.
const (
	ngPatience = 500 * time.Millisecond
	ngAttempts = 4
	ngSpin     = 2 * time.Millisecond // it looks without sleeping for so long, so that waking up is not measured
)

// client speaks the ng protocol of rtpengine over UDP: "COOKIE BENCODE", answered with the same cookie. It has one
// request under way at a time and belongs to one goroutine.
type client struct {
	wire   *wire
	server netip.AddrPort
	prefix string
	count  int
	buffer []byte
}

func newClient(local netip.Addr, server netip.AddrPort) (*client, error) {
	w, err := openWire(netip.AddrPortFrom(local, 0), controlPacket)
	if err != nil {
		return nil, err
	}
	return &client{wire: w, server: server, prefix: fmt.Sprintf("%x", time.Now().UnixNano())}, nil
}

func (c *client) close() { c.wire.close() }

// encode writes a request with the next cookie.
func (c *client) encode(request map[string]any) (cookie string, datagram []byte) {
	c.count++
	cookie = fmt.Sprintf("%s_%d", c.prefix, c.count)
	c.buffer = append(append(c.buffer[:0], cookie...), ' ')
	c.buffer = bencode.Append(c.buffer, request)
	return cookie, c.buffer
}

// send sends a datagram now and returns the time.
func (c *client) send(datagram []byte) int64 {
	to := sockaddr(c.server)
	now := time.Now().UnixNano()
	c.wire.put(datagram, &to)
	c.wire.flush()
	return now
}

// decodeReply splits a datagram and reads its dictionary.
func decodeReply(datagram []byte) (cookie string, reply map[string]any, err error) {
	cookie, text, ok := strings.Cut(string(datagram), " ")
	if !ok {
		return "", nil, errors.New("ng: reply without a cookie")
	}
	v, err := bencode.Parse(strings.TrimRight(text, "\r\n"))
	if err != nil {
		return cookie, nil, fmt.Errorf("ng: reply %q: %w", text, err)
	}
	reply, ok = v.(map[string]any)
	if !ok {
		return cookie, nil, fmt.Errorf("ng: reply %q is no dictionary", text)
	}
	return cookie, reply, nil
}

// Refusal is an answer of "error" or "load limit".
type Refusal struct{ Command, Reason string }

func (r Refusal) Error() string { return fmt.Sprintf("ng: %s refused: %s", r.Command, r.Reason) }

// judge makes a reply other than ok, pong or a warning an error.
func judge(command string, reply map[string]any) error {
	result, _ := reply["result"].(string)
	switch result {
	case "ok", "pong":
		return nil
	case "error":
		result, _ = reply["error-reason"].(string)
	}
	return Refusal{command, result}
}

// do asks and waits for the reply; took is from sending until the kernel had the reply for us.
func (c *client) do(ctx context.Context, request map[string]any) (reply map[string]any, took time.Duration, err error) {
	command, _ := request["command"].(string)
	cookie, datagram := c.encode(request)
	first := int64(0)
	for range ngAttempts {
		sent := c.send(datagram)
		if first == 0 {
			first = sent
		}
		for now := sent; now-sent < int64(ngPatience); now = time.Now().UnixNano() {
			if err := ctx.Err(); err != nil {
				return nil, 0, err
			}
			for _, a := range c.wire.receive(now) {
				got, reply, err := decodeReply(a.data)
				if got != cookie {
					continue // of a request that was asked twice
				}
				if err == nil {
					err = judge(command, reply)
				}
				return reply, time.Duration(a.at - first), err
			}
			if now-sent > int64(ngSpin) {
				c.wire.await(10 * time.Millisecond)
			}
		}
	}
	return nil, 0, fmt.Errorf("ng: no reply to %s from %s after %v", command, c.server, ngAttempts*ngPatience)
}

// ping is for a server that is starting: one try that waits as long as patience.
func (c *client) ping(patience time.Duration) bool {
	cookie, datagram := c.encode(map[string]any{"command": "ping"})
	sent := c.send(datagram)
	for now := sent; now-sent < int64(patience); now = time.Now().UnixNano() {
		for _, a := range c.wire.receive(now) {
			if got, reply, err := decodeReply(a.data); err == nil && got == cookie {
				return judge("ping", reply) == nil
			}
		}
		c.wire.await(patience)
	}
	return false
}
