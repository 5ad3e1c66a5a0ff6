package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs sidetone with arguments and returns its exit code and what it printed.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, output{in: strings.NewReader(""), out: &o, err: &e})
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.yaml")
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	write(t, good, "sip: {realm: office}\n")
	write(t, bad, "sip:\n  relm: office\n")
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"--help"}, 0, "serve"},
		{"no command", nil, exitUsage, "expected one of"},
		{"unknown command", []string{"dance"}, exitUsage, "unexpected argument dance"},
		{"unknown flag", []string{"serve", "--loud"}, exitUsage, "unknown flag --loud"},
		{"version", []string{"version"}, 0, "sidetone "},
		{"check a good file", []string{"check", good}, 0, "good"},
		{"check a bad file", []string{"check", bad}, exitFailed, bad + ":2:3: sip.relm: unknown key"},
		{"check a missing file", []string{"check", filepath.Join(t.TempDir(), "none.yaml")}, exitFailed, "no such file"},
		{"serve with a bad file", []string{"serve", "-c", bad}, exitUsage, "sip.relm: unknown key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := command(t, tc.args...)
			if code != tc.code || !strings.Contains(out+errs, tc.says) {
				t.Fatalf("exit %d, printed %q %q; want exit %d and %q", code, out, errs, tc.code, tc.says)
			}
		})
	}
}

// TestOneClearLineForABadConfiguration: each fault names file, line, column and key, and nothing else is printed.
func TestOneClearLineForABadConfiguration(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"unknown key", "media:\n  latchin: strict\n", `:2:3: media.latchin: unknown key (did you mean "latching"?)`},
		{"port range too small", "media:\n  interfaces:\n    - {name: lan, address: 127.0.0.1, ports: 20000-20001}\n", "20000-20001 is too small"},
		{"address of another machine", "media:\n  interfaces:\n    - {name: lan, address: 192.0.2.77, ports: 20000-29999}\n", "192.0.2.77"},
		{"password equal to the user id", "stations:\n  - {tel: \"217\", user_id: secret7, password: secret7}\n", ":2:"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "sidetone.yaml")
			write(t, file, tc.text)
			code, out, _ := command(t, "check", file)
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if code != exitFailed || len(lines) != 1 || !strings.HasPrefix(lines[0], file+":") || !strings.Contains(lines[0], tc.want) {
				t.Fatalf("exit %d, printed %q; want one line with %q", code, out, tc.want)
			}
		})
	}
}

// TestServeWritesAFirstConfiguration: five accounts are printed, the file is good and private, and it is not
// written again.
func TestServeWritesAFirstConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	if err := writeFirst(defaultFile, &out); err != nil {
		t.Fatal(err)
	}
	for _, tel := range []string{"217", "218", "219", "220", "221"} {
		if !strings.Contains(out.String(), tel) {
			t.Errorf("station %s is not printed:\n%s", tel, out.String())
		}
	}
	info, err := os.Stat(defaultFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; it holds passwords", info.Mode(), err)
	}
	if code, o, _ := command(t, "check", defaultFile); code != 0 {
		t.Fatalf("the file written is not good: %s", o)
	}
	before, _ := os.ReadFile(defaultFile)
	out.Reset()
	if err := writeFirst(defaultFile, &out); err != nil || out.Len() != 0 {
		t.Fatalf("written again: %v %q", err, out.String())
	}
	if after, _ := os.ReadFile(defaultFile); !bytes.Equal(before, after) {
		t.Fatal("the file of the first start was overwritten")
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
