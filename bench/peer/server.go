package peer

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// grace is how long a server has to end by itself.
const grace = 3 * time.Second

// ServerConfig says what program to run as a server under measurement.
type ServerConfig struct {
	Name    string   // of its log file
	Program string   // path
	Args    []string // without the program
	Dir     string   // scratch directory
	CPU     int      // the core it is put on; below zero, any
}

// Server is a running server under measurement.
type Server struct {
	PID     int
	Log     string // file
	process *os.Process
	done    chan struct{}
	err     error // how it ended, once done is closed
}

// Ended is closed when the server has ended, whoever ended it.
func (s *Server) Ended() <-chan struct{} { return s.done }

// Stop asks the server to end, kills it when it does not, and waits. It may be called more than once.
func (s *Server) Stop() {
	// An error is a process that has ended, which is as good.
	_ = s.process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
		_ = s.process.Kill()
		<-s.done
	}
}

// Fail words an error with how the server ended, if it has, and the end of its log.
func (s *Server) Fail(err error) error {
	if err == nil {
		return nil
	}
	state := "is running"
	select {
	case <-s.done:
		state = fmt.Sprintf("ended (%v)", s.err)
	default:
	}
	return fmt.Errorf("%w; the server %s\n--- its log:\n%s", err, state, (&process{log: s.Log}).output())
}
