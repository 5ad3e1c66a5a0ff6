package peer

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// packages says which Debian package has a program.
var packages = map[string]string{"baresip": "baresip-core", "linphonec": "linphone-cli", "sipp": "sip-tester", "kamailio": "kamailio", "rtpengine": "rtpengine-daemon", "janus": "janus",
	"svmap": "sipvicious", "svwar": "sipvicious", "svcrack": "sipvicious"}

// Missing returns nil when all programs are installed, else an error that says what to install.
func Missing(programs ...string) error {
	var missing, install []string
	for _, p := range programs {
		if _, err := find(p); err != nil {
			missing = append(missing, p)
			if d, ok := packages[p]; ok {
				p = d
			}
			install = append(install, p)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%s not found: apt-get install %s", strings.Join(missing, ", "), strings.Join(install, " "))
}

// find looks for a program in PATH and where Debian puts servers, which users do not have in theirs.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		return path, nil
	}
	if server, e := exec.LookPath("/usr/sbin/" + program); e == nil {
		return server, nil
	}
	return "", err
}

// TB is what Need wants of a testing.TB.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
}

// Need fails the test where SIDETONE_PEERS=required or CI=true and skips it elsewhere when a program is missing.
func Need(t TB, programs ...string) {
	t.Helper()
	err := Missing(programs...)
	switch {
	case err == nil:
	case os.Getenv("SIDETONE_PEERS") == "required", os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}
