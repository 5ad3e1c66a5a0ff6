package clibtest

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"sidetone/codecs/clib"
)

// Need opens a library. Where it is not installed, or libraries cannot be loaded at all, the test is skipped, unless
// SIDETONE_PEERS is "required", as `make test` sets it; any other error fails it.
func Need[L any](t testing.TB, open func(*clib.Loader) (L, error)) L {
	t.Helper()
	loader, err := clib.NewLoader()
	if err == nil {
		var l L
		if l, err = open(loader); err == nil {
			return l
		}
	}
	if os.Getenv("SIDETONE_PEERS") == "required" || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, clib.ErrUnsupported) {
		t.Fatal(err)
	}
	t.Skip(err)
	panic("unreachable")
}
