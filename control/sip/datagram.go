package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"time"
)

// receiveBuffer is asked for each UDP socket, as much of it as the system allows: what all phones say at once after a
// power cut, while nobody reads for a moment.
const receiveBuffer = 4 << 20

// datagram is one UDP listening socket. Requests and responses leave from it as well, so that peers and NATs see one
// address of ours. One goroutine reads it, in network order.
type datagram struct {
	s    *Stack
	conn *net.UDPConn
	addr netip.AddrPort // as bound; the address may be unspecified
}

func (d *datagram) send(b []byte, to netip.AddrPort) error {
	if _, err := d.conn.WriteToUDPAddrPort(b, to); err != nil {
		d.s.count.sendFailed.Add(1)
		return err
	}
	d.s.count.sent.Add(1)
	return nil
}

func (d *datagram) alive() bool                  { return true }
func (d *datagram) watch(func()) (cancel func()) { return func() {} }
func (d *datagram) flow(remote netip.AddrPort) Flow {
	return Flow{Transport: UDP, Local: d.s.local(d.addr, remote.Addr()), Remote: remote, link: d}
}

// read serves the socket until it is closed. Any other error is counted, logged and survived: ICMP errors, memory
// shortage and filters must not end serving.
func (d *datagram) read() {
	buf := make([]byte, maxMessage+1)
	for {
		n, from, err := d.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			d.s.count.readFailed.Add(1)
			d.s.limit.warn("udp read failed", "local", d.addr, "err", err)
			if !d.s.pause(readRetry) {
				return
			}
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if !d.s.admit(from.Addr()) {
			continue
		}
		if !d.s.throttle.admits(from, time.Now()) {
			d.s.count.throttled.Add(1)
			d.s.limit.warn("too much from a stranger", "peer", from)
			continue
		}
		b := buf[:n]
		if len(bytes.Trim(b, "\r\n\x00")) == 0 {
			d.s.count.keepAlive.Add(1)
			if bytes.Equal(b, []byte("\r\n\r\n")) {
				_ = d.send([]byte("\r\n"), from) // a lost pong is asked for again
			}
			continue
		}
		d.s.receive(b, d.flow(from))
	}
}
