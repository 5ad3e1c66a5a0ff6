package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
)

// Load reads a file and checks it against this machine. The error is Errors.
func Load(path string) (*Config, error) {
	host := ThisHost()
	text, err := host.ReadFile(path)
	if err != nil {
		return nil, Errors{{File: path, Message: reason(err)}}
	}
	return Parse(path, text, host)
}

// Parse reads the text of a file of that name. Keys that are not there have their defaults, relative
// file names are in the folder of the file, and secrets are resolved. The error is Errors: all faults,
// in the order of their places.
func Parse(file string, text []byte, host Host) (*Config, error) {
	r := newReport(file)
	tree := parseTree(r, text)
	if err := r.err(); err != nil {
		return nil, err
	}
	c := Default()
	if tree != nil {
		r.places[""] = position{1, 1}
		decode(r, tree, reflect.ValueOf(c).Elem(), "")
	}
	folder := filepath.Dir(file)
	resolveSecrets(r, c, folder, host)
	resolvePaths(c, folder)
	validate(r, c, host)
	if err := r.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Check loads a file and returns the faults to print, a line each; none means it is good.
func Check(path string) []string {
	_, err := Load(path)
	var faults Errors
	if err == nil {
		return nil
	}
	if !errors.As(err, &faults) {
		return []string{err.Error()}
	}
	return strings.Split(faults.Error(), "\n")
}
