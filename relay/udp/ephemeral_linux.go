package udp

import (
	"os"
	"strconv"
	"strings"
)

// Ephemeral reports whether the kernel may give a port of first-last to a program that asks for any: then that program
// can get one that is steered, which the kernel does not know to be taken, and wait for packets in vain. The operator keeps
// the range free with net.ipv4.ip_local_reserved_ports (it holds for IPv6 as well).
func Ephemeral(first, last uint16) bool {
	given := parseRanges(readSetting("ip_local_port_range"))
	reserved := parseRanges(readSetting("ip_local_reserved_ports"))
	return ephemeral(first, last, given, reserved)
}

func ephemeral(first, last uint16, given, reserved []portRange) bool {
	for port := int(first); port <= int(last); port++ {
		if contains(given, port) && !contains(reserved, port) {
			return true
		}
	}
	return false
}

// portRange is a range of ports, both ends included.
type portRange struct{ first, last int }

func contains(ranges []portRange, port int) bool {
	for _, r := range ranges {
		if r.first <= port && port <= r.last {
			return true
		}
	}
	return false
}

// parseRanges reads "32768	60999" and "80,5060-5061,20000-29999". What it cannot read it leaves out.
func parseRanges(s string) (ranges []portRange) {
	for _, part := range strings.Split(strings.TrimSpace(s), ",") {
		ends := strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '\t' || r == ' ' })
		if len(ends) == 0 {
			continue
		}
		first, err := strconv.Atoi(ends[0])
		last, err2 := strconv.Atoi(ends[len(ends)-1])
		if err == nil && err2 == nil {
			ranges = append(ranges, portRange{first, last})
		}
	}
	return ranges
}

func readSetting(name string) string {
	b, err := os.ReadFile("/proc/sys/net/ipv4/" + name)
	if err != nil {
		return ""
	}
	return string(b)
}
