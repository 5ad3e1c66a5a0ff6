package sip

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// limiter lets through at most one log line a second for each reason and says with the next one how many it held
// back, so that a flood of bad packets cannot become a flood of log lines. Reasons are constants of this package.
type limiter struct {
	log *slog.Logger

	mu   sync.Mutex // guards the following
	last map[string]time.Time
	held map[string]int
}

func newLimiter(log *slog.Logger) *limiter {
	return &limiter{log: log, last: make(map[string]time.Time), held: make(map[string]int)}
}

func (l *limiter) warn(reason string, args ...any) {
	now := time.Now()
	l.mu.Lock()
	if now.Sub(l.last[reason]) < time.Second {
		l.held[reason]++
		l.mu.Unlock()
		return
	}
	l.last[reason] = now
	held := l.held[reason]
	delete(l.held, reason)
	l.mu.Unlock()
	if held > 0 {
		args = append(args, "held_back", held)
	}
	l.log.Log(context.Background(), slog.LevelWarn, reason, args...)
}
