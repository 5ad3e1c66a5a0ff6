package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"sidetone/control"
	"sidetone/control/config"
)

const defaultFile = "sidetone.yaml"

// heapFloor is how much the collector counts as in use besides what is. It collects when the heap has doubled; of the 6 MB of a server
// with few calls, signalling would fill that twice a second at some hundred calls a second, and a request or two wait for each collection.
const heapFloor = 8 << 20

// firstStations is how many accounts a first configuration has.
const firstStations = 5

type serveCmd struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file (default ${default_file}, written when there is none)."`
}

// Run is for kong.
func (c *serveCmd) Run(ctx context.Context, o output) error {
	file := c.Config
	if file == "" {
		file = defaultFile
		if err := writeFirst(file, o.out); err != nil {
			return err
		}
	}
	cfg, err := config.Load(file)
	if err != nil {
		return usageError{err}
	}
	log := newLogger(cfg.Log, o.err)
	server, err := control.New(cfg, log)
	if err != nil {
		return err
	}
	// Shard threads sit in system calls most of the time; signalling must not wait for one of theirs.
	runtime.GOMAXPROCS(runtime.NumCPU() + server.Shards())
	shortSlices()
	floor := make([]byte, heapFloor) // never touched: it takes no memory
	defer runtime.KeepAlive(floor)
	fmt.Fprintf(o.out, "sidetone serves %s\n", strings.Join(server.SIPAddresses(), " "))
	for _, a := range server.NGAddresses() {
		fmt.Fprintf(o.out, "ng udp:%s\n", a)
	}
	if a := server.APIAddress(); a != "" {
		fmt.Fprintf(o.out, "API http://%s/v1/calls\n", a)
	}
	return server.Run(ctx)
}

// writeFirst writes a configuration when there is none and prints what to put
// into phones.
func writeFirst(file string, out io.Writer) error {
	machine := config.MachineAddress()
	text, accounts := config.Generate(machine, firstStations)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Fprintf(out, "No %s was here: wrote one. Put these accounts into your phones (server %s, port 5060):\n\n", file, machine)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "  number\tauthentication user\tpassword")
	for _, a := range accounts {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", a.Tel, a.UserID, a.Password)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprint(out, "\nThen dial another phone's number, or 700 for the conference room.\n\n")
	return err
}

func newLogger(cfg config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo // the configuration allows only levels that parse
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
