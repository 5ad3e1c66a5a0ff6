package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestFaults reads each testdata/errors/NAME.yaml and compares all its faults with NAME.golden.
func TestFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse("etc/sidetone.yaml", text, testHost())
			if err == nil {
				t.Fatal("no fault found")
			}
			got := err.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if strings.Contains(got, "hush") {
				t.Error("a password is shown")
			}
		})
	}
}

func TestManyFaultsAreCounted(t *testing.T) {
	_, err := Parse("f", []byte(strings.Repeat("x: 1\n", 150)), testHost())
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 101 || lines[99] != "f:100:1: x: unknown key" || lines[100] != "f: and 50 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-2:])
	}
}
