package netlab

import (
	"os"
	"strconv"
	"strings"

	"sidetone/bench/machine"
)

// Overruns counts packets that the kernel had no room for between namespaces: in the queues of the machine's cores,
// of all networks together (softnet_stat). They say that the machine, not a program, was too slow.
func Overruns() (int64, error) {
	text, err := os.ReadFile("/proc/net/softnet_stat")
	if err != nil {
		return 0, err
	}
	return parseOverruns(string(text))
}

// parseOverruns adds up the second of the hexadecimal columns.
func parseOverruns(text string) (sum int64, err error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, err := strconv.ParseInt(f[1], 16, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// Drops returns how many datagrams found no room in a socket of the host since it was made.
func (h *Host) Drops() (n int64, err error) {
	err = h.Do(func() (err error) { n, err = machine.Drops(); return err })
	return n, err
}
