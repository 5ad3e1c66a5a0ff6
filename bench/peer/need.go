package peer

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// packages says which Debian package has a program.
var packages = map[string]string{"baresip": "baresip-core", "sipp": "sip-tester"}

// Missing returns nil when all programs are installed, else an error that says what to install.
func Missing(programs ...string) error {
	var missing, install []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
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

// TB is what Need wants of a testing.TB.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
}

// Need fails the test where CI=true and skips it elsewhere when a program is missing.
func Need(t TB, programs ...string) {
	t.Helper()
	err := Missing(programs...)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}
