package clib

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folders are the places where systems keep their libraries: what the user names first, then his own,
// Debian's, Red Hat's and the plain ones.
func folders() []string {
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	for _, root := range []string{"/usr/local", "/usr", "/"} {
		for _, lib := range []string{"lib/x86_64-linux-gnu", "lib64", "lib"} {
			dirs = append(dirs, filepath.Join(root, lib))
		}
	}
	return dirs
}

// find gives the path of the first file of that name.
func find(dirs []string, name string) (string, error) {
	if name == "" || strings.ContainsRune(name, filepath.Separator) {
		return "", fmt.Errorf("library %q: not a file name", name)
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); dir != "" && err == nil && info.Mode().IsRegular() {
			return filepath.EvalSymlinks(path) // its name has the version
		}
	}
	return "", fmt.Errorf("library %s: %w", name, fs.ErrNotExist)
}
