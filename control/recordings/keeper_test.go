package recordings

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Recordings of the same second have files of their own, names hold no path, and the end finishes them all.
func TestFilesAndTheEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "recordings")
	k := New(dir, slog.New(slog.DiscardHandler))
	k.now = func() time.Time { return time.Date(2026, 11, 22, 14, 30, 5, 0, time.UTC) }
	for range 2 {
		if _, err := k.Start("../../etc/a b", 8000, 2); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := k.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"20261122T143005Z-______etc_a_b.wav", "20261122T143005Z-______etc_a_b-2.wav"} {
		if s, err := os.Stat(filepath.Join(dir, name)); err != nil || s.Size() != 80 || s.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", s, err)
		}
	}
	if _, err := k.Start("x", 8000, 1); !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := New(file, slog.New(slog.DiscardHandler)).Start("x", 8000, 1); err == nil {
		t.Errorf("recorded to %v", r.Info())
	}
}
