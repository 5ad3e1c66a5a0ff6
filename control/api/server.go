package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// The bounds of what a client may take.
const (
	maxConnections = 128
	maxHeader      = 16 << 10
	requestTime    = 5 * time.Second
	answerTime     = 30 * time.Second
	idleTime       = 60 * time.Second
	stopTime       = 2 * time.Second // for answers that are being written when Run ends
)

// Config is what a Server needs.
type Config struct {
	Listen string       // "127.0.0.1:8080"; port 0 is any free one
	Token  string       // bearer token that /v1 asks for; "" = none
	State  State        // what is served
	Logger *slog.Logger // nil = silent
}

// Server is the HTTP server. Made by New, it runs once.
type Server struct {
	listener *limited
	http     *http.Server
	once     sync.Once
	closeErr error
}

// New takes the address; nothing is answered before Run.
func New(cfg Config) (*Server, error) {
	if cfg.State == nil {
		return nil, errors.New("api: no state to serve")
	}
	logger := cfg.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s := &Server{
		listener: limit(l, maxConnections),
		http: &http.Server{
			Handler:           newGuard(cfg.State, cfg.Token, logger),
			ReadHeaderTimeout: requestTime,
			ReadTimeout:       requestTime,
			WriteTimeout:      answerTime,
			IdleTimeout:       idleTime,
			MaxHeaderBytes:    maxHeader,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		},
	}
	s.http.RegisterOnShutdown(cfg.State.Events().close)
	return s, nil
}

// Addr is the address that was taken.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends or Close is called, lets the answers under way finish for two seconds, and
// returns with no goroutine left. The error is nil unless the listener failed.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan struct{})
	release := context.AfterFunc(ctx, func() { // its goroutine ends with the shutdown, waited for below
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		if s.http.Shutdown(grace) != nil {
			_ = s.http.Close()
		}
	})
	err := s.http.Serve(s.listener)
	if !release() {
		<-stopped
	}
	err = errors.Join(ignoreClosed(err), s.Close())
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}

// Close ends all connections and gives the address back. It may be called more than once.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.closeErr = errors.Join(ignoreClosed(s.http.Close()), ignoreClosed(s.listener.Close()))
	})
	return s.closeErr
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
