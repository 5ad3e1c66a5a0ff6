package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	bucket = "sidetone"
	// patience is how long the engine may take to start, to answer one request and to stop.
	patience = 10 * time.Second
	// syncEvery is the most that a power failure takes.
	syncEvery = 5 * time.Second
)

// engine is a NATS server with JetStream inside this process, which listens nowhere, and the bucket in it.
type engine struct {
	server *server.Server
	conn   *nats.Conn
	bucket jetstream.KeyValue
}

// openEngine starts the engine on a directory and reads the bucket.
func openEngine(dir string, log *slog.Logger) (*engine, map[string][]byte, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "sidetone", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: dir, SyncInterval: syncEvery, JetStreamMaxMemory: 1 << 20,
	})
	if err != nil {
		return nil, nil, err
	}
	srv.SetLoggerV2(engineLog{log}, false, false, false)
	srv.Start() // its goroutines end with close
	e := &engine{server: srv}
	kept, err := e.connect()
	if err != nil {
		return nil, nil, errors.Join(err, e.close())
	}
	return e, kept, nil
}

func (e *engine) connect() (map[string][]byte, error) {
	if !e.server.ReadyForConnections(patience) {
		return nil, errors.New("the store does not start")
	}
	var err error
	if e.conn, err = nats.Connect("", nats.InProcessServer(e.server)); err != nil {
		return nil, err
	}
	js, err := jetstream.New(e.conn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e.bucket, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucket, History: 1, Storage: jetstream.FileStorage})
	if err != nil {
		return nil, err
	}
	if err := e.bucket.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(-1)); err != nil {
		return nil, err
	}
	return e.read(ctx)
}

// read is all that the bucket holds.
func (e *engine) read(ctx context.Context) (map[string][]byte, error) {
	w, err := e.bucket.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Stop() }() // it may have ended with ctx
	kept := make(map[string][]byte)
	for {
		select {
		case entry, ok := <-w.Updates():
			switch {
			case !ok:
				return nil, errors.New("the store stopped while it was read")
			case entry == nil: // everything there was
				return kept, nil
			}
			kept[entry.Key()] = entry.Value()
		case <-ctx.Done():
			return nil, fmt.Errorf("read: %w", ctx.Err())
		}
	}
}

// put writes a value or, nil, deletes the key.
func (e *engine) put(key string, value []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if value == nil {
		return e.bucket.Purge(ctx, key)
	}
	_, err := e.bucket.Put(ctx, key, value)
	return err
}

func (e *engine) close() error {
	if e.conn != nil {
		e.conn.Close()
	}
	e.server.Shutdown()
	e.server.WaitForShutdown()
	return nil
}

// engineLog passes on what the engine complains about.
type engineLog struct{ log *slog.Logger }

func (l engineLog) Noticef(string, ...any)        {}
func (l engineLog) Debugf(string, ...any)         {}
func (l engineLog) Tracef(string, ...any)         {}
func (l engineLog) Warnf(format string, v ...any) { l.log.Warn("store: " + fmt.Sprintf(format, v...)) }
func (l engineLog) Errorf(format string, v ...any) {
	l.log.Error("store: " + fmt.Sprintf(format, v...))
}
func (l engineLog) Fatalf(format string, v ...any) {
	l.log.Error("store: " + fmt.Sprintf(format, v...))
}
