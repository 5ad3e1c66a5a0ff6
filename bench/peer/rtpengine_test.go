package peer

import (
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/machine"
)

// rtpengine is started on a core of its own and driven through one call of each kind; its process is gone in the end.
func TestRTPEngineIsDriven(t *testing.T) {
	Need(t, "rtpengine")
	if version, err := RTPEngineVersion(t.Context()); err != nil || !strings.Contains(version, ".") {
		t.Errorf("version %q, %v", version, err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpus, err := machine.CPUs()
	must(t, err)
	port, err := FreePorts(1)
	must(t, err)
	control := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
	server, err := StartRTPEngine(RTPEngineConfig{Control: control, FirstPort: 30000, LastPort: 30999, Dir: t.TempDir(), CPU: cpus[0]})
	must(t, err)
	defer server.Stop()
	for _, kind := range []load.Kind{load.Relay, load.SRTP, load.Transcode} {
		g, err := load.New(load.Config{Server: control, Kind: kind})
		must(t, err)
		defer g.Close()
		for deadline := time.Now().Add(15 * time.Second); !g.Ping(100 * time.Millisecond); {
			if time.Now().After(deadline) {
				t.Fatal(server.Fail(os.ErrDeadlineExceeded))
			}
		}
		must(t, server.Fail(g.Open(t.Context(), 4)))
		res, err := g.Run(t.Context(), load.Step{Rate: 400, Legs: 4, Warm: 200 * time.Millisecond, Window: 500 * time.Millisecond})
		must(t, server.Fail(err))
		if res.Sent != 200 || res.Received < 190 || res.Wrong != 0 {
			t.Errorf("%s: sent %d, received %d, wrong %d", kind, res.Sent, res.Received, res.Wrong)
		}
		must(t, server.Fail(g.Hangup(t.Context())))
	}
	if a, err := machine.Process(server.PID).CPU(); err != nil || a <= 0 {
		t.Errorf("its account: %v, %v", a, err)
	}
	server.Stop()
	server.Stop()
	if _, err := os.Stat(filepath.Join("/proc", "self")); err == nil {
		if _, err := machine.Process(server.PID).Memory(); err == nil {
			t.Error("it is still there")
		}
	}
}

func TestServerThatEndsByItselfSaysWhy(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	server, err := StartServer(ServerConfig{Name: "broken", Program: "/bin/sh", Args: []string{"-c", "echo no such interface; exit 3"}, Dir: t.TempDir(), CPU: -1})
	must(t, err)
	<-server.Ended()
	err = server.Fail(os.ErrDeadlineExceeded)
	if !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such interface") {
		t.Error(err)
	}
	server.Stop()
	if _, err := StartServer(ServerConfig{Name: "none", Program: "/nonexistent", Dir: t.TempDir(), CPU: -1}); err == nil {
		t.Error("started what is not there")
	}
}

func TestParseVersion(t *testing.T) {
	if got := parseVersion("Version: 10.5.3.5-1+deb12u1\n"); got != "10.5.3.5-1+deb12u1" {
		t.Errorf("got %q", got)
	}
}
