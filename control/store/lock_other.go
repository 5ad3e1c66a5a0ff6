//go:build !unix

package store

import (
	"io"
	"os"
	"path/filepath"
)

// lockDir keeps nobody out where files cannot be locked.
func lockDir(dir string) (io.Closer, error) {
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
}
