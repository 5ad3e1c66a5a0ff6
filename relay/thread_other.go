//go:build !linux

package relay

// prompt asks the kernel to wake the calling thread promptly; here it cannot be asked.
func prompt() {}
