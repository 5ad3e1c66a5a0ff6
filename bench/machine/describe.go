package machine

import (
	"os"
	"runtime"
	"strings"
)

// LastEphemeral is the highest port that a socket is given in a network of our own; in the system's own it is
// usually at 60,999, from 32,768 on.
const LastEphemeral = 9999

// Description is what a reader must know of the machine to judge figures.
type Description struct {
	CPU    string // its model
	Cores  int    // that this process may use
	Kernel string
	Go     string
}

// Describe reads it; what cannot be read stays empty.
func Describe() Description {
	d := Description{Go: runtime.Version()}
	if cpus, err := CPUs(); err == nil {
		d.Cores = len(cpus)
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		d.CPU = model(string(text))
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		d.Kernel = strings.TrimSpace(string(text))
	}
	return d
}

// model finds the first "model name" of /proc/cpuinfo.
func model(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
