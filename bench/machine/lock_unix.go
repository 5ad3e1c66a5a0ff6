//go:build unix

package machine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Alone waits until no other process of this machine is between Alone and the release it returned, telling once that
// it waits. The lock goes with the process, however it ends.
func Alone(ctx context.Context, waits func()) (release func(), err error) {
	// Another user's file may be opened but not created again, where temporary directories are protected.
	name := filepath.Join(os.TempDir(), lockName)
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		f, err = os.OpenFile(name, os.O_CREATE|os.O_RDONLY, 0o644)
	}
	if err != nil {
		return nil, err
	}
	told := false
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, errors.Join(err, f.Close())
		case !told:
			told = true
			waits()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(lockPause):
		}
	}
}
