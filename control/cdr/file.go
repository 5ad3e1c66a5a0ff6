package cdr

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// FileName is the file's name in the store's directory.
const FileName = "cdr.jsonl"

// file appends whole lines to a file that others may move away.
type file struct {
	path string
	f    *os.File
	torn bool // the file ends within a line
}

// openFile makes the directory and opens the file in it.
func openFile(dir string) (*file, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("call records: %w", err)
	}
	f := &file{path: filepath.Join(dir, FileName)}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *file) open() error {
	h, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("call records: %w", err)
	}
	last := make([]byte, 1)
	end, err := h.Seek(0, io.SeekEnd)
	if err == nil && end > 0 {
		_, err = h.ReadAt(last, end-1)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("call records: %w", err), h.Close())
	}
	f.f, f.torn = h, end > 0 && last[0] != '\n'
	return nil
}

// append writes lines, each with its line end. After an error some may have been written, the last of
// them in part; it is then ended before the next.
func (f *file) append(lines []byte) error {
	if f.moved() {
		old := f.f
		if err := f.open(); err != nil {
			return err
		}
		_ = old.Close()
	}
	if f.torn {
		if _, err := f.f.Write([]byte{'\n'}); err != nil {
			return fmt.Errorf("call records: %w", err)
		}
		f.torn = false
	}
	n, err := f.f.Write(lines)
	f.torn = n > 0 && lines[n-1] != '\n'
	if err != nil {
		return fmt.Errorf("call records: %w", err)
	}
	return nil
}

// moved reports whether the name now leads to another file, or none.
func (f *file) moved() bool {
	named, err := os.Stat(f.path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	ours, err := f.f.Stat()
	return err == nil && !os.SameFile(named, ours)
}

// close puts the file on the disk and gives it back.
func (f *file) close() error {
	return errors.Join(f.f.Sync(), f.f.Close())
}
