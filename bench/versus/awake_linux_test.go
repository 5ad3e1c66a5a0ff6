package versus

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidetone/bench/machine"
)

// TestCoresAreKeptAwakeByWhatYields: the spinners are on the cores that they are for, have the time that nobody else wants, are no
// foreign load, and are gone after it.
func TestCoresAreKeptAwakeByWhatYields(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpus, err := machine.CPUs()
	if err != nil {
		t.Fatal(err)
	}
	w := newWatch(cpus[0], cpus[len(cpus)-1])
	if err := w.keepAwake(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	defer w.letSleep()
	var pids []int
	for _, s := range w.spinners {
		if s == nil {
			continue
		}
		pids = append(pids, s.PID)
		// Fields of proc_pid_stat(5): 41 is the policy, 5 is SCHED_IDLE. The name before has no blank.
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(s.PID) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		if policy := strings.Fields(string(stat))[40]; policy != "5" {
			t.Errorf("policy %s", policy)
		}
	}
	if len(pids) != min(len(cpus), 2) {
		t.Fatalf("%d spinners on cores %v", len(pids), cpus)
	}
	self := machine.Process(os.Getpid())
	first, err := w.read(self)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		now, err := w.read(self)
		if err != nil {
			t.Fatal(err)
		}
		if now.spun[0] > first.spun[0] && (len(pids) == 1 || now.spun[1] > first.spun[1]) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("they spin for %v", now.spun)
		}
	}
	w.letSleep()
	for _, pid := range pids {
		if _, err := os.Stat("/proc/" + strconv.Itoa(pid)); err == nil {
			t.Errorf("process %d is still there", pid)
		}
	}
}
