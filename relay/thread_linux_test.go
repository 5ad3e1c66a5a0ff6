package relay_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"sidetone/relay"
	"sidetone/relay/udp/udptest"
)

// TestAShardHasPrecedence: its thread is ten steps before the others, or with them where that is not allowed.
func TestAShardHasPrecedence(t *testing.T) {
	others, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	want := others
	// A thread may always take back what it was allowed.
	if tid := unix.Getpid(); unix.Setpriority(unix.PRIO_PROCESS, tid, 20-others-10) == nil {
		if err := unix.Setpriority(unix.PRIO_PROCESS, tid, 20-others); err != nil {
			t.Fatal(err)
		}
		want = min(others+10, 40)
	}
	b := start(t, udptest.Config{}, relay.Config{})
	b.Do(0, func(*relay.Shard) {
		if got, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid()); err != nil || got != want {
			t.Errorf("priority %d, %v; want %d", got, err, want)
		}
	})
}
