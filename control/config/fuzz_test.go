package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// FuzzLoad: whatever the text, Parse ends, and gives either a configuration that is valid when it is
// checked again, or faults of one printable line each.
func FuzzLoad(f *testing.F) {
	f.Add(Sample())
	files, _ := filepath.Glob("testdata/errors/*.yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	host := testHost()
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("sidetone.yaml", text, host)
		if err == nil {
			again := newReport("")
			validate(again, c, host)
			if err := again.err(); err != nil {
				t.Fatalf("valid, then not: %v", err)
			}
			return
		}
		var faults Errors
		if c != nil || !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("config %v, error %v", c, err)
		}
		for _, e := range faults {
			if strings.ContainsFunc(e.Error(), unicode.IsControl) {
				t.Fatalf("a fault is not one line: %q", e.Error())
			}
		}
	})
}
