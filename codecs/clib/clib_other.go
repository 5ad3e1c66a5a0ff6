//go:build !linux || !amd64

package clib

// stacks are nowhere but where call works.
type stacks struct{}

func newStacks() (*stacks, error) { return nil, ErrUnsupported }

func (*stacks) run(Func, uintptr, uintptr, *[6]uintptr) (result, free uintptr) { return 0, 0 }

func load(string) (map[string]Func, error) { return nil, ErrUnsupported }
