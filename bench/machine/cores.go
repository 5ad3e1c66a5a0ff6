package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/stat: USER_HZ, which is 100 on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// Cores is what became of each core's time since the machine started, by its number.
type Cores map[int]Core

// Core is what became of one core's time.
type Core struct {
	Busy   time.Duration // not idle. Time that the host took away counts: it was not ours either
	Stolen time.Duration // that time: other machines of the host had the core
}

// ReadCores reads /proc/stat.
func ReadCores() (Cores, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return nil, err
	}
	return parseCores(string(text))
}

func parseCores(text string) (Cores, error) {
	c := Cores{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "cpu") || fields[0] == "cpu" {
			continue
		}
		core, err := strconv.Atoi(fields[0][3:])
		if err != nil {
			return nil, fmt.Errorf("/proc/stat: %q: %w", line, err)
		}
		// user nice system idle iowait irq softirq steal; guest time is in user time already.
		var sum Core
		for i, f := range fields[1:min(len(fields), 9)] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("/proc/stat: %q: %w", line, err)
			}
			if i != 3 && i != 4 {
				sum.Busy += time.Duration(n) * tick
			}
			if i == 7 {
				sum.Stolen = time.Duration(n) * tick
			}
		}
		c[core] = sum
	}
	if len(c) == 0 {
		return nil, fmt.Errorf("/proc/stat names no core")
	}
	return c, nil
}

// Busy returns how long some cores were busy since an earlier reading.
func (c Cores) Busy(earlier Cores, cores ...int) time.Duration {
	var sum time.Duration
	for _, n := range cores {
		sum += c[n].Busy - earlier[n].Busy
	}
	return sum
}

// Stolen returns how long the host had a core since an earlier reading, to 10 ms.
func (c Cores) Stolen(earlier Cores, core int) time.Duration {
	return c[core].Stolen - earlier[core].Stolen
}
