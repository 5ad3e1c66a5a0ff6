package ng

import (
	"log/slog"
	"strings"
	"sync"
)

// warner logs each name that a request may not have once. It remembers a bounded number of names and
// is silent about those that come after.
type warner struct {
	log *slog.Logger

	mu   sync.Mutex // guards the following
	seen map[string]struct{}
}

const (
	maxWarned     = 256 // names
	maxWarnedName = 64  // bytes of each
)

// once logs the message about the names that are new.
func (w *warner) once(message string, names []string) {
	for _, name := range names {
		if len(name) > maxWarnedName {
			name = name[:maxWarnedName]
		}
		w.mu.Lock()
		_, known := w.seen[name]
		fresh := !known && len(w.seen) < maxWarned
		if fresh {
			w.seen[strings.Clone(name)] = struct{}{}
		}
		w.mu.Unlock()
		if fresh {
			w.log.Warn(message, "name", name)
		}
	}
}
