package machine

import (
	"errors"
	"os"
	"strconv"
	"strings"
)

// Drops returns how many UDP packets found no room in a socket since the network was made, of the calling thread's
// network (RcvbufErrors of RFC 4113's counters in /proc/net/snmp).
func Drops() (int64, error) {
	text, err := os.ReadFile("/proc/thread-self/net/snmp")
	if err != nil {
		return 0, err
	}
	return parseDrops(string(text))
}

// parseDrops reads pairs of lines: the names of the counters, then their values.
func parseDrops(text string) (int64, error) {
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == "RcvbufErrors" && i < len(fields) {
				return strconv.ParseInt(fields[i], 10, 64)
			}
		}
	}
	return 0, errors.New("snmp: no RcvbufErrors")
}
