//go:build !linux

package main

// shortSlices is for Linux.
func shortSlices() {}
