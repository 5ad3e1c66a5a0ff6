//go:build !linux

package udptest

// Isolate does nothing: there are no network namespaces.
func Isolate() {}

// Isolated is false.
func Isolated() bool { return false }
