package udptest

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"sidetone/relay/udp"
)

var (
	here  = netip.MustParseAddrPort("10.0.0.1:4000")
	there = netip.MustParseAddrPort("10.0.0.2:4000")
)

func TestContract(t *testing.T) {
	TestNetwork(t, func(t *testing.T) Subject {
		v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
		return Subject{Network: New(Config{Manual: true, Addresses: []netip.Addr{v4, v6}}), IPv4: v4, IPv6: v6, Foreign: netip.MustParseAddr("192.0.2.1")}
	})
}

// received empties an endpoint.
func received(e *Endpoint) (data []string) {
	for {
		d, _, ok := e.Receive()
		if !ok {
			return data
		}
		data = append(data, string(d))
	}
}

func TestDelayIsKeptToTheNanosecond(t *testing.T) {
	n := New(Config{Delay: 10 * time.Millisecond})
	a, b := n.Endpoint(here), n.Endpoint(there)
	a.Send(there, []byte("x"))
	n.Advance(10*time.Millisecond - 1)
	if got := received(b); len(got) != 0 {
		t.Errorf("%v came early", got)
	}
	n.Advance(1)
	if got := received(b); len(got) != 1 {
		t.Errorf("%d datagrams", len(got))
	}
}

func TestLossIsAsConfigured(t *testing.T) {
	n := New(Config{Loss: 0.25, Seed: 3})
	a, b := n.Endpoint(here), n.Endpoint(there)
	got := 0
	for range 4000 {
		a.Send(there, []byte("x"))
		got += len(received(b))
	}
	if got < 2900 || got > 3100 {
		t.Errorf("%d of 4000 came, want about 3000", got)
	}
}

func sendNumbered(n *Network, count int) []string {
	a, b := n.Endpoint(here), n.Endpoint(there)
	defer a.Close()
	defer b.Close()
	var got []string
	for i := range count {
		a.Send(there, fmt.Appendf(nil, "%04d", i))
		n.Advance(20 * time.Millisecond)
		got = append(got, received(b)...)
	}
	n.Advance(time.Second)
	return append(got, received(b)...)
}

func TestJitterDoesNotReorderAndReorderDoes(t *testing.T) {
	got := sendNumbered(New(Config{Jitter: 80 * time.Millisecond}), 200)
	if len(got) != 200 || !slices.IsSorted(got) {
		t.Errorf("%d came, sorted %v", len(got), slices.IsSorted(got))
	}
	got = sendNumbered(New(Config{Reorder: 0.1}), 200)
	if len(got) != 200 || slices.IsSorted(got) {
		t.Errorf("%d came, sorted %v", len(got), slices.IsSorted(got))
	}
}

func TestSameSeedSameNetwork(t *testing.T) {
	c := Config{Seed: 9, Loss: 0.1, Jitter: 50 * time.Millisecond, Reorder: 0.1}
	if a, b := sendNumbered(New(c), 300), sendNumbered(New(c), 300); !slices.Equal(a, b) {
		t.Error("two runs differ")
	}
}

func TestNATMapsFiltersAndRebinds(t *testing.T) {
	n := New(Config{})
	nat := n.NAT(netip.MustParseAddr("203.0.113.1"))
	phone, server := nat.Endpoint(netip.MustParseAddrPort("192.168.1.5:4000")), n.Endpoint(here)
	stranger := n.Endpoint(there)
	if _, ok := nat.Mapped(phone); ok {
		t.Error("mapped before it sent")
	}
	phone.Send(here, []byte("hello"))
	_, outer, ok := server.Receive()
	if !ok || outer.Addr() != netip.MustParseAddr("203.0.113.1") {
		t.Fatalf("came from %v, %v", outer, ok)
	}
	server.Send(outer, []byte("answer"))
	stranger.Send(outer, []byte("attack"))
	server.Send(phone.Addr(), []byte("to the inner address, as a misled server would"))
	if got := received(phone); len(got) != 2 || got[0] != "answer" {
		t.Errorf("the phone got %q", got)
	}
	nat.Rebind()
	server.Send(outer, []byte("to the old port"))
	if got := received(phone); len(got) != 0 {
		t.Errorf("the phone got %q through a forgotten mapping", got)
	}
	phone.Send(here, []byte("hello"))
	if _, now, _ := server.Receive(); now == outer || now.Addr() != outer.Addr() {
		t.Errorf("after rebinding %v, before %v", now, outer)
	}
}

func TestAdvanceLetsTheShardFinish(t *testing.T) {
	n := New(Config{Delay: time.Millisecond})
	phone := n.Endpoint(there)
	p, err := n.Open(here)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := n.Conn(8)
	if err := c.Attach(0, p); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { // an echo; ends when the connection is closed; the test waits for it
		defer close(stopped)
		ps := make([]udp.Packet, 8)
		for {
			k, err := c.Receive(ps, -1)
			if err != nil {
				return
			}
			c.Send(ps[:k])
		}
	}()
	for i := range 100 {
		phone.Send(here, []byte{byte(i)})
		n.Advance(2 * time.Millisecond)
		if d, _, ok := phone.Receive(); !ok || d[0] != byte(i) {
			t.Fatalf("packet %d did not come back in 2 ms", i)
		}
	}
	c.Close()
	<-stopped
}

func TestFileDescriptorLimit(t *testing.T) {
	n := New(Config{FileDescriptors: 1})
	p, err := n.Open(here)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Open(there); err == nil {
		t.Error("a second port was opened")
	}
	p.Close()
	if _, err := n.Open(there); err != nil {
		t.Error(err)
	}
	if n.OpenPorts() != 1 {
		t.Errorf("%d open", n.OpenPorts())
	}
}
