package main

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/config"
)

// floodOf is how many datagrams a flood has.
const floodOf = 20_000

// forged is the n-th message of a flood: of every kind, each with a Call-ID, tag and branch of its own, and every other one as if it
// came through somebody else.
func forged(n int) string {
	methods := []string{"REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "BYE", "ACK", "MESSAGE"}
	if n%8 == 7 {
		return fmt.Sprintf("\x01\xfe %d is no SIP\r\n", n)
	}
	method, branch := methods[n%8], fmt.Sprintf("z9hG4bK%d", n)
	if n%16 == 1 { // a CANCEL, and then the INVITE that it has overtaken
		method = "CANCEL"
	}
	if n%16 == 9 {
		branch = fmt.Sprintf("z9hG4bK%d", n-8)
	}
	return fmt.Sprintf("%s sip:218@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.%d.%d.%d;branch=%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%d@127.0.0.1>;tag=%d\r\nTo: <sip:%d@127.0.0.1>\r\nCall-ID: %d@flood\r\nCSeq: 1 %s\r\nContact: <sip:%d@10.0.0.1>\r\nContent-Length: 0\r\n\r\n",
		method, n>>16&255, n>>8&255, n&255, branch, 217+n%3, n, 217+n%3, n, method, n)
}

// flooder sends from an address of loopback that no phone has.
type flooder struct {
	sent, replies, sentBytes, repliedBytes atomic.Int64
	conns                                  []*net.UDPConn
	readers                                sync.WaitGroup
}

func newFlooder(t *testing.T, sockets int) *flooder {
	t.Helper()
	f := &flooder{}
	for range sockets {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadBuffer(4 << 20)
		f.conns = append(f.conns, c)
		f.readers.Go(func() { // ends when its socket is closed; waited for by stop
			b := make([]byte, 65536)
			for {
				n, _, err := c.ReadFromUDP(b)
				if err != nil {
					return
				}
				f.replies.Add(1)
				f.repliedBytes.Add(int64(n))
			}
		})
	}
	t.Cleanup(f.stop)
	return f
}

func (f *flooder) stop() {
	for _, c := range f.conns {
		_ = c.Close() // again it does nothing
	}
	f.readers.Wait()
}

// pour sends n messages in about that time.
func (f *flooder) pour(t *testing.T, to string, n int, within time.Duration, message func(n int) string) {
	t.Helper()
	addr := must[*net.UDPAddr](t)(net.ResolveUDPAddr("udp4", to))
	const batch = 100
	tick := time.NewTicker(within * batch / time.Duration(n))
	defer tick.Stop()
	for i := range n {
		if i%batch == 0 {
			<-tick.C
		}
		b := message(i)
		if _, err := f.conns[i%len(f.conns)].WriteToUDP([]byte(b), addr); err != nil {
			t.Errorf("flood: %v", err)
			return
		}
		f.sent.Add(1)
		f.sentBytes.Add(int64(len(b)))
	}
}

// TestFloodsDisturbNothing: 20,000 datagrams of all kinds from one source in three seconds, each as if of another caller, and 300
// connections that say nothing, cost at most a reply each and leave nothing behind. A call that runs loses no packet, and a phone
// registers and calls meanwhile.
func TestFloodsDisturbNothing(t *testing.T) {
	o := newOffice(t, 3, nil)
	a, b := o.phone(t, 0, nil), o.phone(t, 1, nil)
	call, back := pair(t, a, b)
	flows(t, 25, call, back)
	goroutines, descriptors, before := runtime.NumGoroutine(), openDescriptors(t), heap()

	f := newFlooder(t, 20)
	poured := make(chan struct{})
	go func() { // ends with the flood; waited for below
		defer close(poured)
		f.pour(t, o.udp, floodOf, 3*time.Second, forged)
	}()
	var idle []net.Conn
	for range 300 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
		c, err := d.Dial("tcp4", o.tcp)
		check(t, err)
		idle = append(idle, c)
	}
	start := time.Now()
	late := o.phone(t, 2, func(c *phone.Config) { c.Incoming = phone.Manual })
	registered := time.Since(start)
	third := must[*phone.Call](t)(late.Call(soon(t), "700"))
	connected := time.Since(start)
	select {
	case <-poured:
		t.Error("the flood was over before the phone had called")
	default:
	}
	flows(t, 25, third)
	<-poured
	during := heap()
	eventually(t, "replies come to an end", func() bool {
		n := f.replies.Load()
		time.Sleep(50 * time.Millisecond)
		return f.replies.Load() == n
	})
	t.Logf("%d datagrams, %d replies of %.2f times the bytes; registered in %v, connected in %v; heap %d, %d, kB", f.sent.Load(), f.replies.Load(),
		float64(f.repliedBytes.Load())/float64(f.sentBytes.Load()), registered.Round(time.Millisecond), connected.Round(time.Millisecond), before>>10, during>>10)
	if sent, replies := f.sent.Load(), f.replies.Load(); sent != floodOf || replies == 0 || replies > sent/2 || f.repliedBytes.Load() > f.sentBytes.Load() {
		t.Errorf("%d datagrams, %d bytes, brought %d replies, %d bytes", sent, f.sentBytes.Load(), replies, f.repliedBytes.Load())
	}
	if registered > 2*time.Second || connected > 4*time.Second {
		t.Errorf("a phone registered in %v and had its call in %v", registered, connected)
	}
	for _, c := range []*phone.Call{call, back} {
		if s := c.Stats(); s.Lost != 0 || s.LongestPause > 500*time.Millisecond {
			t.Errorf("%s has lost %d packets, and heard nothing for %v", c.Phone().Tel(), s.Lost, s.LongestPause)
		}
	}
	if during > before+32<<20 {
		t.Errorf("heap of %d kB, %d before", during>>10, before>>10)
	}
	for _, c := range idle {
		_ = c.Close()
	}
	f.stop()
	hangup(t, third)
	o.ends(t, call, back)
	eventually(t, "goroutines back at the baseline", func() bool { return runtime.NumGoroutine() <= goroutines+10 })
	eventually(t, "descriptors back at the baseline", func() bool { return openDescriptors(t) <= descriptors+4 })
	if after := heap(); after > before+8<<20 {
		t.Errorf("heap of %d kB afterwards, %d before", after>>10, before>>10)
	}
}

// TestNGFloodsDisturbNothing: rubbish and broken requests at the ng port cost at most a reply each and bounded memory; requests are
// answered meanwhile.
func TestNGFloodsDisturbNothing(t *testing.T) {
	o := newOffice(t, 0, func(c *config.Config) { c.NG.Listen = []string{"udp:127.0.0.1:0"} })
	engine := o.server.NGAddresses()[0]
	proxiedCall(t, o, "before")
	before := heap()
	f := newFlooder(t, 4)
	poured := make(chan struct{})
	go func() { // ends with the flood; waited for below
		defer close(poured)
		kinds := []string{"%d d7:command5:offer7:call-id%d:xe", "%d d7:command4:pinge%d", "no cookie%d%d", "%d d1000000000:%d", "%d {\"command\":\"delete\",\"call-id\":\"%d\"}", "%d lllllllllllll%d"}
		f.pour(t, engine.String(), floodOf, 2*time.Second, func(n int) string { return fmt.Sprintf(kinds[n%len(kinds)], n, n) })
	}()
	for running := true; running; {
		start := time.Now()
		proxiedCall(t, o, "meanwhile") // ask gives a reply ten seconds
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("an offer and its answer took %v", took)
		}
		select {
		case <-poured:
			running = false
		case <-time.After(50 * time.Millisecond):
		}
	}
	if got, _ := ask(t, engine, ngRequest("command", "ping")).Get("result").Text(); got != "pong" {
		t.Errorf("ping: %q", got)
	}
	if sent, replies := f.sent.Load(), f.replies.Load(); replies == 0 || replies > sent {
		t.Errorf("%d datagrams brought %d replies", sent, replies)
	}
	if after := heap(); after > before+32<<20 {
		t.Errorf("heap of %d kB, %d before", after>>10, before>>10)
	}
	for _, id := range []string{"before", "meanwhile"} {
		if got, _ := ask(t, engine, ngRequest("command", "delete", "call-id", id)).Get("result").Text(); got != "ok" {
			t.Errorf("delete of %s: %q", id, got)
		}
	}
}
