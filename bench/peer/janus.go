package peer

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// JanusConfig says how to run Debian's Janus with its AudioBridge plugin.
type JanusConfig struct {
	HTTP                netip.AddrPort // of its API
	FirstPort, LastPort uint16         // of media, on the address of HTTP
	Rooms               int            // numbered from 1 on
	Dir                 string
	CPU                 int // the core it is put on; below zero, any
}

// janusModules is where Debian puts what Janus loads.
const janusModules = "/usr/lib/*/janus"

// StartJanus starts Janus as StartServer does, with the AudioBridge and the HTTP transport and nothing else loaded, and with
// narrowband rooms that plain RTP may join. It is ready when it answers JoinJanus.
func StartJanus(cfg JanusConfig) (*Server, error) {
	program, err := findJanus()
	if err != nil {
		return nil, err
	}
	modules, err := filepath.Glob(janusModules)
	if err != nil || len(modules) == 0 {
		return nil, fmt.Errorf("janus: its plugins are not in %s", janusModules)
	}
	for folder, module := range map[string]string{"plugins": "libjanus_audiobridge.so", "transports": "libjanus_http.so", "events": "", "loggers": ""} {
		dir := filepath.Join(cfg.Dir, folder)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		if module == "" {
			continue
		}
		if err := os.Symlink(filepath.Join(modules[0], folder, module), filepath.Join(dir, module)); err != nil {
			return nil, err
		}
	}
	for name, text := range cfg.files() {
		if err := os.WriteFile(filepath.Join(cfg.Dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return StartServer(ServerConfig{Name: "janus", Program: program, Args: []string{"--configs-folder=" + cfg.Dir, "--disable-colors"}, Dir: cfg.Dir, CPU: cfg.CPU})
}

// files are its configuration: sessions that do not time out while we measure, one place for everything, and only errors logged.
func (c JanusConfig) files() map[string]string {
	host := c.HTTP.Addr()
	var rooms strings.Builder
	for n := range c.Rooms {
		fmt.Fprintf(&rooms, "room-%d: { description = \"bench\", sampling_rate = 8000, record = false, audiolevel_ext = false, allow_rtp_participants = true }\n", n+1)
	}
	return map[string]string{
		"janus.jcfg": fmt.Sprintf(`general: {
	plugins_folder = "%[1]s/plugins"
	transports_folder = "%[1]s/transports"
	events_folder = "%[1]s/events"
	loggers_folder = "%[1]s/loggers"
	debug_level = 2
	session_timeout = 0
	server_name = "bench"
}
`, c.Dir),
		"janus.transport.http.jcfg": fmt.Sprintf("general: { json = \"compact\", base_path = \"/janus\", http = true, port = %d, ip = \"%s\", https = false }\n"+
			"admin: { admin_http = false, admin_https = false }\n", c.HTTP.Port(), host),
		"janus.plugin.audiobridge.jcfg": fmt.Sprintf("general: { rtp_port_range = \"%d-%d\", local_ip = \"%s\", events = false }\n%s", c.FirstPort, c.LastPort, host, rooms.String()),
	}
}

func findJanus() (string, error) {
	if err := Missing("janus"); err != nil {
		return "", err
	}
	return exec.LookPath("janus")
}

// JanusVersion returns what Janus says of itself, such as "1.1.2".
func JanusVersion(ctx context.Context) (string, error) {
	program, err := findJanus()
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(limited, program, "--version").CombinedOutput()
	// It says "Janus version: 1102 (1.1.2)" first, whatever it is asked.
	_, version, ok := strings.Cut(string(out), "(")
	version, _, closed := strings.Cut(version, ")")
	if !ok || !closed {
		return "", fmt.Errorf("janus --version: %q: %w", out, err)
	}
	return version, nil
}
