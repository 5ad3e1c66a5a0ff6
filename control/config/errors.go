package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is one fault of a file. It never holds a password.
type Error struct {
	File         string // "" when the configuration did not come from a file
	Line, Column int    // 1-based; 0 = no place
	Path         string // the key, such as "media.interfaces[0].ports"; "" = the whole file
	Message      string
}

// Error is one line: "sidetone.yaml:12:3: media.latchin: unknown key (did you mean \"latching\"?)".
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors are the faults of a file in the order of their places: all, or the first hundred and a count.
type Errors []*Error

// Error has one fault a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// position is a place in the file.
type position struct {
	line, column int
}

// report collects faults. The places of values are known by their paths.
type report struct {
	file   string
	places map[string]position
	broken map[string]bool // paths of values that could not be read
	said   map[string]bool // paths that have a fault
	errors Errors
}

func newReport(file string) *report {
	return &report{file: file, places: map[string]position{}, broken: map[string]bool{}, said: map[string]bool{}}
}

// add notes a fault of the value at a path, one a path, and none where it or what holds it could not
// be read: the default that stands there needs no judgement. A value that is not in the file has the
// place of what would hold it.
func (r *report) add(path, format string, args ...any) {
	for at, inside := path, true; inside; at, inside = parent(at) {
		if r.broken[at] {
			return
		}
	}
	if path != "" && r.said[path] {
		return
	}
	r.addAt(r.place(path), path, format, args...)
}

// beside is add for a value that does not go with another one, unless that could not be read.
func (r *report) beside(other, path, format string, args ...any) {
	if !r.broken[other] {
		r.add(path, format, args...)
	}
}

// unreadable notes that the value at a path is not what it has to be.
func (r *report) unreadable(p position, path, format string, args ...any) {
	r.broken[path] = true
	r.addAt(p, path, format, args...)
}

// addAt notes a fault at a place.
func (r *report) addAt(p position, path, format string, args ...any) {
	r.said[path] = true
	r.errors = append(r.errors, &Error{File: r.file, Line: p.line, Column: p.column, Path: oneLine(path), Message: oneLine(fmt.Sprintf(format, args...))})
}

// oneLine keeps what a file says from breaking the line it is reported on, or filling the screen.
func oneLine(s string) string {
	const longest = 400
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return '?'
		}
		return c
	}, s)
}

// place is that of the path or of the nearest enclosing one that is in the file.
func (r *report) place(path string) position {
	for at, inside := path, true; inside; at, inside = parent(at) {
		if p, ok := r.places[at]; ok {
			return p
		}
	}
	return position{}
}

// parent is the path of what holds the value: "a.b[1].c", "a.b[1]", "a.b", "a", "".
func parent(path string) (string, bool) {
	if path == "" {
		return "", false
	}
	return path[:max(0, strings.LastIndexAny(path, ".["))], true
}

// most is how many faults are told; nobody reads more at a time.
const most = 100

// err is nil, or the faults sorted by place.
func (r *report) err() error {
	if len(r.errors) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errors, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if more := len(r.errors) - most; more > 0 {
		return append(r.errors[:most:most], &Error{File: r.file, Message: fmt.Sprintf("and %d more", more)})
	}
	return r.errors
}
