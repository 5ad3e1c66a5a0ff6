package machine

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestParseSchedstat(t *testing.T) {
	got, err := parseSchedstat("123456789 98395 17\n")
	if err != nil || got != (schedstat{123456789, 98395}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "1", "x 2 3", "1 x 3", "1 2"} {
		if _, err := parseSchedstat(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestParseMemory(t *testing.T) {
	got, err := parseMemory("Name:\tx\nVmHWM:\t   99 kB\nVmRSS:\t   12340 kB\nRssAnon:\t 1 kB\n")
	if err != nil || got != 12340<<10 {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := parseMemory("Name: x\n"); err == nil {
		t.Error("found memory where none was told")
	}
}

func TestParseCoresCountsAllButIdle(t *testing.T) {
	got, err := parseCores("cpu  1 1 1 1 1 1 1 1 1 1\ncpu0 1 2 3 1000 2000 4 5 6 7 8\ncpu11 0 0 9 1 0 0 0 0 0 0\nintr 5\n")
	if err != nil || len(got) != 2 || got[0] != (Core{21 * tick, 6 * tick}) || got[11] != (Core{9 * tick, 0}) {
		t.Errorf("got %v, %v", got, err)
	}
	before, after := Cores{0: {10, 3}, 1: {30, 2}}, Cores{0: {50, 3}, 1: {70, 9}}
	if b := after.Busy(before, 0, 1); b != 80 {
		t.Errorf("busy %v, want 80", b)
	}
	if s := after.Stolen(before, 1); s != 7 {
		t.Errorf("stolen %v, want 7", s)
	}
	for _, bad := range []string{"", "cpu 1 2 3\n", "cpuX 1\n", "cpu0 1 y\n"} {
		if _, err := parseCores(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestParseDrops(t *testing.T) {
	got, err := parseDrops("Ip: A B\nIp: 1 2\nUdp: InDatagrams RcvbufErrors SndbufErrors\nUdp: 10 42 1\nUdpLite: RcvbufErrors\nUdpLite: 7\n")
	if err != nil || got != 42 {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := parseDrops("Ip: A\nIp: 1\n"); err == nil {
		t.Error("found drops where none were told")
	}
}

func TestModel(t *testing.T) {
	if got := model("processor\t: 0\nmodel name\t: A CPU: fast\nmodel name\t: other\n"); got != "A CPU: fast" {
		t.Errorf("got %q", got)
	}
}

// This process's own accounts grow as it works.
func TestOwnAccounts(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	self := Process(os.Getpid())
	before, err := self.CPU()
	if err != nil {
		t.Fatal(err)
	}
	after := before
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && after-before < 5*time.Millisecond; {
		if after, err = self.CPU(); err != nil {
			t.Fatal(err)
		}
	}
	if after-before < 5*time.Millisecond {
		t.Errorf("after ten busy seconds the account says %v", after-before)
	}
	if w, err := self.Waited(); err != nil || w < 0 {
		t.Errorf("waited %v, %v", w, err)
	}
	if m, err := self.Memory(); err != nil || m < 1<<20 {
		t.Errorf("memory %d, %v", m, err)
	}
	sockets, err := self.Sockets()
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := self.Sockets(); err != nil || n != sockets+1 {
		t.Errorf("%d sockets and one more are %d, %v", sockets, n, err)
	}
	if n, err := self.Files(); err != nil || n < 3 {
		t.Errorf("files %d, %v", n, err)
	}
	if _, err := Drops(); err != nil {
		t.Error(err)
	}
	if c, err := ReadCores(); err != nil || len(c) == 0 {
		t.Errorf("cores %v, %v", c, err)
	}
	if d := Describe(); d.Kernel == "" || d.Cores < 1 || d.Go == "" {
		t.Errorf("described as %+v", d)
	}
}

// A locked thread is pinned, and may be where there is nothing but a loopback of its own.
func TestPinAndOwnNetwork(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	done := make(chan struct{})
	go func() { // ends below; its thread ends with it, as it is never unlocked
		defer close(done)
		runtime.LockOSThread()
		cpus, err := CPUs()
		if err != nil || len(cpus) == 0 {
			t.Errorf("cores %v, %v", cpus, err)
			return
		}
		last := cpus[len(cpus)-1]
		if err := PinThread(last); err != nil {
			t.Error(err)
		}
		if now, err := CPUs(); err != nil || !slices.Equal(now, []int{last}) {
			t.Errorf("on %v, %v after pinning to %d", now, err, last)
		}
		if OwnNetwork() {
			if n, err := Drops(); err != nil || n != 0 {
				t.Errorf("a new network has dropped %d, %v", n, err)
			}
		}
	}()
	<-done
}

// A second measurement waits for the first, and gives up when it is told to.
func TestAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	t.Setenv("TMPDIR", t.TempDir())
	release, err := Alone(t.Context(), func() { t.Error("waited for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Alone(ctx, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("with the lock taken: %v", err)
	}
	waited := false
	again, err := Alone(t.Context(), func() { waited = true; release() })
	if err != nil || !waited {
		t.Fatalf("after the release: waited %v, %v", waited, err)
	}
	again()
}
