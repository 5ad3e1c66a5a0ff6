package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases (-X main.version=...).
var version = "development"

type versionCmd struct{}

// Run is for kong.
func (versionCmd) Run(o output) error {
	_, err := fmt.Fprintf(o.out, "sidetone %s (%s, %s/%s)\n", fullVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// fullVersion is the version with the revision it was built from, if the build tells.
func fullVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return version + " " + s.Value[:12]
			}
		}
	}
	return version
}
