package clib

import (
	"errors"
	"fmt"
)

// ErrUnsupported says that this system cannot load libraries.
var ErrUnsupported = errors.New("loading C libraries works on linux/amd64 only")

// Loader opens libraries and owns the stacks on which their functions run. It lives as long as the program.
type Loader struct {
	stacks *stacks
	dirs   []string
}

// NewLoader makes a loader that looks for libraries in the system's usual folders.
func NewLoader() (*Loader, error) {
	s, err := newStacks()
	if err != nil {
		return nil, err
	}
	return &Loader{stacks: s, dirs: folders()}, nil
}

// Library is a loaded library. It is never unloaded.
type Library struct {
	Name string // as asked for: libopus.so.0
	Path string // the file

	stacks    *stacks
	functions map[string]Func
}

// Func is the address of a C function.
type Func uintptr

// Open finds and loads a library by its file name, such as libopus.so.0. The error wraps fs.ErrNotExist
// when no folder has it.
func (l *Loader) Open(name string) (*Library, error) {
	path, err := find(l.dirs, name)
	if err != nil {
		return nil, err
	}
	functions, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	return &Library{Name: name, Path: path, stacks: l.stacks, functions: functions}, nil
}

// Funcs looks up functions by name; the error names those that the library does not have.
func (l *Library) Funcs(names map[string]*Func) error {
	var missing []error
	for name, f := range names {
		if *f = l.functions[name]; *f == 0 {
			missing = append(missing, fmt.Errorf("%s has no %s", l.Path, name))
		}
	}
	return errors.Join(missing...)
}
