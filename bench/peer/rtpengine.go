package peer

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"time"
)

// RTPEngineConfig says how to run Debian's rtpengine.
type RTPEngineConfig struct {
	Control             netip.AddrPort // of its ng protocol
	FirstPort, LastPort uint16         // of media, on the address of Control
	Dir                 string
	CPU                 int // the core it is put on; below zero, any
}

// args is its command line: in user space, with one worker thread as fits one core, no kernel module, no
// configuration of the machine's, no timeouts while we measure, and only warnings logged.
func (c RTPEngineConfig) args() []string {
	return []string{
		"--config-file=none", "--table=-1", "--foreground", "--log-stderr", "--log-level=4",
		"--interface=" + c.Control.Addr().String(), "--listen-ng=" + c.Control.String(),
		fmt.Sprintf("--port-min=%d", c.FirstPort), fmt.Sprintf("--port-max=%d", c.LastPort),
		"--num-threads=1", "--timeout=3600", "--silent-timeout=3600", "--offer-timeout=3600",
	}
}

// StartRTPEngine starts rtpengine as StartServer does. It is ready when it answers a ping.
func StartRTPEngine(cfg RTPEngineConfig) (*Server, error) {
	program, err := findRTPEngine()
	if err != nil {
		return nil, err
	}
	return StartServer(ServerConfig{Name: "rtpengine", Program: program, Args: cfg.args(), Dir: cfg.Dir, CPU: cfg.CPU})
}

func findRTPEngine() (string, error) {
	if err := Missing("rtpengine"); err != nil {
		return "", err
	}
	return exec.LookPath("rtpengine")
}

// RTPEngineVersion returns what rtpengine says of itself, such as "10.5.3.5-1+deb12u1".
func RTPEngineVersion(ctx context.Context) (string, error) {
	program, err := findRTPEngine()
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(limited, program, "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("rtpengine --version: %w", err)
	}
	return parseVersion(string(out)), nil
}

// parseVersion reads "Version: 10.5.3.5-1+deb12u1".
func parseVersion(text string) string {
	_, version, _ := strings.Cut(strings.TrimSpace(text), ":")
	version, _, _ = strings.Cut(strings.TrimSpace(version), "\n")
	return version
}
