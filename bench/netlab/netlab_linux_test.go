package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	server   = netip.MustParsePrefix("203.0.113.1/24")
	outer    = netip.MustParsePrefix("203.0.113.2/24")
	inner    = netip.MustParsePrefix("192.168.7.1/24")
	cottager = netip.MustParsePrefix("192.168.7.10/24")
	second   = netip.MustParsePrefix("192.168.7.11/24")
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// street is a server, and a cottage behind a NAT.
func street(t *testing.T) (*Lab, *Host, *Host, *NAT) {
	t.Helper()
	l := New()
	t.Cleanup(func() { must(t, l.Close()) })
	outside, err := l.Switch("street")
	must(t, err)
	inside, err := l.Switch("home")
	must(t, err)
	s, err := l.Host("server", outside, server)
	must(t, err)
	n, err := l.NAT("nat", outside, outer, inside, inner)
	must(t, err)
	c, err := l.Host("cottage", inside, cottager, second)
	must(t, err)
	must(t, c.Gateway(n.Inner()))
	return l, s, c, n
}

func listen(t *testing.T, h *Host, a netip.Prefix) *net.UDPConn {
	t.Helper()
	c, err := h.ListenUDP(a.Addr())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// pass sends a datagram and returns where it seemed to come from, invalid when it did not come.
func pass(t *testing.T, from, to *net.UDPConn, address netip.AddrPort) netip.AddrPort {
	t.Helper()
	_, err := from.WriteToUDPAddrPort([]byte("hello"), address)
	must(t, err)
	must(t, to.SetReadDeadline(time.Now().Add(2*time.Second)))
	b := make([]byte, 100)
	n, source, err := to.ReadFromUDPAddrPort(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return netip.AddrPort{}
	}
	must(t, err)
	if string(b[:n]) != "hello" {
		t.Fatalf("got %q", b[:n])
	}
	return source
}

func local(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func TestNATHidesTheCottageAndRebinds(t *testing.T) {
	if !Here(t) {
		return
	}
	_, s, c, n := street(t)
	a, b := listen(t, s, server), listen(t, c, second)
	seen := []netip.AddrPort{}
	for range 3 {
		first := pass(t, b, a, local(a))
		if first.Addr() != n.Outer() || first.Port() == local(b).Port() || slices.Contains(seen, first) {
			t.Fatalf("%v is seen as %v, before as %v", local(b), first, seen)
		}
		if again := pass(t, b, a, local(a)); again != first {
			t.Fatalf("one flow is seen as %v and as %v", first, again)
		}
		if back := pass(t, a, b, first); back != local(a) {
			t.Fatalf("nothing came back by %v", first)
		}
		seen = append(seen, first)
		must(t, n.Rebind())
		_, err := a.WriteToUDPAddrPort([]byte("stale"), first) // is not let in: the next pass would find it
		must(t, err)
	}
}

func TestTapSeesWhatComesInAndNothingElse(t *testing.T) {
	if !Here(t) {
		return
	}
	_, s, c, _ := street(t)
	a, b := listen(t, s, server), listen(t, c, cottager)
	seen := make(chan Datagram, 10)
	tap, err := s.Tap(func(d Datagram) { d.Payload = slices.Clone(d.Payload); seen <- d })
	must(t, err)
	from := pass(t, b, a, local(a))
	pass(t, a, b, from)
	nobody := netip.AddrPortFrom(server.Addr(), 9) // no socket takes it
	_, err = b.WriteToUDPAddrPort([]byte("discard"), nobody)
	must(t, err)
	if d := <-seen; d.From != from || d.To != local(a) || string(d.Payload) != "hello" {
		t.Errorf("%v > %v %q", d.From, d.To, d.Payload)
	}
	if d := <-seen; d.To != nobody || string(d.Payload) != "discard" {
		t.Errorf("%v > %v %q", d.From, d.To, d.Payload)
	}
	missed, err := tap.Close()
	if missed != 0 || err != nil || len(seen) != 0 {
		t.Errorf("missed %d, %v, seen besides %d", missed, err, len(seen))
	}
}

func TestParseTakesWhole(t *testing.T) {
	packet := []byte{0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80, 0, 10, 0, 0, 'h', 'i'}
	d, ok := parse(packet)
	if !ok || d.From != netip.MustParseAddrPort("10.0.0.1:4660") || d.To != netip.MustParseAddrPort("10.0.0.2:80") || string(d.Payload) != "hi" {
		t.Fatalf("%v %+v", ok, d)
	}
	for n := range packet {
		if d, ok := parse(packet[:n]); ok && n < 28 {
			t.Errorf("%d bytes: %+v", n, d)
		}
	}
	for at, value := range map[int]byte{0: 0x65, 9: 6, 7: 1, 25: 7} {
		b := slices.Clone(packet)
		b[at] = value
		if d, ok := parse(b); ok {
			t.Errorf("byte %d = %d: %+v", at, value, d)
		}
	}
}

func TestOverrunsAndDropsAreCounted(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		bad  bool
	}{
		{"01f83855 00000000 00000002\n01eaa7c2 0000001f 00000003\n00000001 00000002\n", 33, false},
		{"", 0, false},
		{"01f83855 what\n", 0, true},
	} {
		if got, err := parseOverruns(c.text); got != c.want || (err != nil) != c.bad {
			t.Errorf("%q: %d, %v", c.text, got, err)
		}
	}
	if _, err := Overruns(); err != nil {
		t.Error(err)
	}
	if !Here(t) {
		return
	}
	_, s, c, _ := street(t)
	a, b := listen(t, s, server), listen(t, c, cottager)
	must(t, a.SetReadBuffer(4096))
	for range 100 {
		_, err := b.WriteToUDPAddrPort(make([]byte, 1000), local(a))
		must(t, err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		n, err := s.Drops()
		must(t, err)
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("100 kB in a socket of 4: nothing was dropped")
		}
		runtime.Gosched()
	}
}

// TestLabLeavesTheMachineAlone: while a lab is there and afterwards the machine's own network is what it was, and
// the namespaces are gone from this process.
func TestLabLeavesTheMachineAlone(t *testing.T) {
	if !Here(t) {
		return
	}
	state := func() string {
		list, err := net.Interfaces()
		must(t, err)
		var names []string
		for _, i := range list {
			names = append(names, i.Name)
		}
		forward, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
		must(t, err)
		return strings.Join(names, " ") + " " + string(forward)
	}
	namespaces := func() int { return len(open(t, "net:[")) }
	before, held := state(), namespaces()
	l := New()
	s, err := l.Switch("switch")
	must(t, err)
	_, err = l.Host("host", s, server)
	must(t, err)
	n, err := l.NAT("nat", s, outer, s, inner)
	must(t, err)
	if state() != before {
		t.Errorf("with a lab: %s; before: %s", state(), before)
	}
	if got := namespaces(); got != held+3 {
		t.Errorf("%d namespaces held, want 3 more than %d", got, held)
	}
	must(t, l.Close())
	if err := n.Rebind(); err == nil {
		t.Error("a closed lab still works")
	}
	if got := namespaces(); state() != before || got != held {
		t.Errorf("afterwards %s, %d namespaces; before %s, %d", state(), got, before, held)
	}
}

// open lists the descriptors of this process that lead to something.
func open(t *testing.T, to string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	var list []string
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, to) {
			list = append(list, target)
		}
	}
	return list
}

func TestProcessRunsInsideAndIsStopped(t *testing.T) {
	if !Here(t) {
		return
	}
	_, s, _, _ := street(t)
	listener, err := func() (l net.Listener, err error) {
		err = s.Do(func() (err error) { l, err = net.Listen("tcp", "203.0.113.1:0"); return err })
		return l, err
	}()
	must(t, err)
	defer listener.Close()
	conn, err := s.DialContext(t.Context(), "tcp", listener.Addr().String())
	must(t, err)
	conn.Close()

	var ours, theirs string
	must(t, s.Do(func() (err error) { ours, err = os.Readlink("/proc/thread-self/ns/net"); return err }))
	p, err := s.Start(exec.Command("sleep", "60"))
	must(t, err)
	theirs, err = os.Readlink(fmt.Sprintf("/proc/%d/ns/net", p.cmd.Process.Pid))
	must(t, err)
	if ours != theirs {
		t.Errorf("the process is in %s, the host is %s", theirs, ours)
	}
	runtime.GC()
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("stopped: %v", err)
	}
	_ = p.Stop()
	if _, err := s.Start(exec.Command("/nonexistent")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a program that is none: %v", err)
	}
}

// TestUserNamespace: a user without privileges can do all of it, by a user namespace of his own.
func TestUserNamespace(t *testing.T) {
	if missing() != nil || os.Getenv(inside) == "" && userNamespace("true").Run() != nil {
		Here(t)
		t.Skip("users may not make user namespaces here")
	}
	if os.Getenv(inside) == "" {
		if ran, err := again(t); !ran {
			t.Fatal(err)
		}
		return
	}
	if !Here(t) {
		t.Fatal("the root of a user namespace cannot make network namespaces")
	}
	_, s, c, n := street(t)
	a, b := listen(t, s, server), listen(t, c, cottager)
	if from := pass(t, b, a, local(a)); from.Addr() != n.Outer() {
		t.Errorf("seen as %v", from)
	}
	must(t, n.Rebind())
}
