// Command sidetone is the media relay, conference mixer and small PBX.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes: 0 done, 1 a check or threshold failed, 2 wrong use or configuration.
const (
	exitFailed = 1
	exitUsage  = 2
)

// errFailed ends a command that did its work and found something wrong; what it
// was has been printed.
var errFailed = errors.New("failed")

// usageError is a mistake of whoever called us: in the arguments or the configuration.
type usageError struct{ error }

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server. Without a configuration file, one with five stations is written first."`
	Check   checkCmd   `cmd:"" help:"Check a configuration file; prints one line for each fault."`
	Ctl     ctlCmd     `cmd:"" help:"Ask a running server, or tell it something, through its HTTP API."`
	Interop interopCmd `cmd:"" help:"Walk a phone through the checklist of the OfficeServ manual, watch what the server sees, and print the filled table."`
	Sample  sampleCmd  `cmd:"" help:"Print a commented configuration with every key at its default."`
	Demo    demoCmd    `cmd:"" help:"Show the main job on loopback with scripted phones, judged by what they hear."`
	Bench   benchCmd   `cmd:"" help:"Measure this server against rtpengine or Janus: the same calls and packets, in turn, in one run."`
	Mix     mixCmd     `cmd:"" help:"Mix a capture or recordings as a conference would have, into a WAV for each party."`
	Codecs  codecsCmd  `cmd:"" help:"Show which codecs this machine encodes, decodes and passes through, by what, and what to install for more."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// output is where a command prints, and where it reads what somebody types; tests do both.
type output struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], output{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// run is main without the process.
func run(ctx context.Context, args []string, o output) int {
	exited := -1
	parser, err := kong.New(&cli{},
		kong.Name("sidetone"),
		kong.Description("Media relay, conference mixer and small PBX for SIP phones."),
		kong.Writers(o.out, o.err),
		kong.Exit(func(code int) { exited = code }),
		kong.Vars{"default_file": defaultFile},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(o),
	)
	if err != nil {
		fmt.Fprintln(o.err, "sidetone:", err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help has printed
		return exited
	}
	if err != nil {
		fmt.Fprintf(o.err, "sidetone: %s\nTry 'sidetone --help'.\n", err)
		return exitUsage
	}
	err = command.Run()
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintln(o.err, err)
		return exitUsage
	default:
		fmt.Fprintln(o.err, "sidetone:", err)
		return exitFailed
	}
}
