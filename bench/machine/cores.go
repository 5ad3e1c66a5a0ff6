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

// Cores is the time each core was not idle since the machine started, by its number. Time that the host took
// away counts: it was not ours either.
type Cores map[int]time.Duration

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
		for i, f := range fields[1:min(len(fields), 9)] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("/proc/stat: %q: %w", line, err)
			}
			if i != 3 && i != 4 {
				c[core] += time.Duration(n) * tick
			}
		}
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
		sum += c[n] - earlier[n]
	}
	return sum
}
