package phone

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// wire is the phone's SIP socket: one for UDP, or a listener and connections for TCP.
type wire struct {
	transport string
	local     netip.AddrPort
	udp       *net.UDPConn
	tcp       net.Listener
	deliver   func(m sip.Message, source string)

	wg sync.WaitGroup

	mu     sync.Mutex // guards what follows
	conns  map[string]net.Conn
	closed bool
}

func openWire(transport, address string, deliver func(sip.Message, string)) (*wire, error) {
	w := &wire{transport: transport, deliver: deliver, conns: map[string]net.Conn{}}
	listen := net.JoinHostPort(address, "0")
	if transport == "tcp" {
		l, err := net.Listen("tcp", listen)
		if err != nil {
			return nil, err
		}
		w.tcp, w.local = l, l.Addr().(*net.TCPAddr).AddrPort()
	} else {
		a, err := net.ResolveUDPAddr("udp", listen)
		if err != nil {
			return nil, err
		}
		if w.udp, err = net.ListenUDP("udp", a); err != nil {
			return nil, err
		}
		w.local = w.udp.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	w.local = netip.AddrPortFrom(w.local.Addr().Unmap(), w.local.Port())
	return w, nil
}

// run starts the reader. close stops it and every connection's reader, and waits for them.
func (w *wire) run() {
	if w.udp != nil {
		w.start(w.readUDP)
	} else {
		w.start(w.accept)
	}
}

// start runs fn in a goroutine that close waits for, unless the wire is closed.
func (w *wire) start(fn func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.wg.Go(fn)
	return true
}

func (w *wire) close() {
	w.mu.Lock()
	w.closed = true
	conns := w.conns
	w.conns = map[string]net.Conn{}
	w.mu.Unlock()
	if w.udp != nil {
		w.udp.Close()
	}
	if w.tcp != nil {
		w.tcp.Close()
	}
	for _, c := range conns {
		c.Close()
	}
	w.wg.Wait()
}

func (w *wire) readUDP() {
	parser := sip.NewParser()
	buffer := make([]byte, 65536)
	for {
		n, source, err := w.udp.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || len(bytes.Trim(buffer[:n], "\r\n\x00")) == 0 {
			continue // a port unreachable of an earlier send, or a keep-alive
		}
		m, err := parser.ParseSIP(bytes.Clone(buffer[:n]))
		if err != nil {
			continue
		}
		w.deliver(m, netip.AddrPortFrom(source.Addr().Unmap(), source.Port()).String())
	}
}

func (w *wire) accept() {
	for {
		c, err := w.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: let others close some
			continue
		}
		w.adopt(c, c.RemoteAddr().String())
	}
}

// adopt keeps a connection under its peer's address and reads from it until either side closes it.
func (w *wire) adopt(c net.Conn, peer string) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		c.Close()
		return
	}
	w.conns[peer] = c
	w.wg.Go(func() { w.readTCP(c, peer) })
	w.mu.Unlock()
}

func (w *wire) readTCP(c net.Conn, peer string) {
	defer func() {
		c.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.conns[peer] == c {
			delete(w.conns, peer)
		}
	}()
	stream := sip.NewParser().NewSIPStream()
	defer stream.Close()
	buffer := make([]byte, 65536)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if len(bytes.Trim(buffer[:n], "\r\n")) == 0 {
			continue
		}
		err = stream.ParseSIPStream(bytes.Clone(buffer[:n]), func(m sip.Message) { w.deliver(m, peer) })
		if err != nil && !errors.Is(err, sip.ErrParseSipPartial) {
			return
		}
	}
}

// send writes one message, over TCP on the connection to destination, which it opens when there is none.
func (w *wire) send(m sip.Message, destination string) error {
	b := []byte(m.String())
	if w.udp != nil {
		to, err := net.ResolveUDPAddr("udp", destination)
		if err != nil {
			return err
		}
		_, err = w.udp.WriteToUDP(b, to)
		return err
	}
	w.mu.Lock()
	c := w.conns[destination]
	w.mu.Unlock()
	if c == nil {
		var err error
		if c, err = net.DialTimeout("tcp", destination, 3*time.Second); err != nil {
			return err
		}
		w.adopt(c, destination)
	}
	c.SetWriteDeadline(time.Now().Add(3 * time.Second))
	if _, err := c.Write(b); err != nil {
		return fmt.Errorf("to %s: %w", destination, err)
	}
	return nil
}
