package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"sidetone/bench/scenario"
	"sidetone/control"
	"sidetone/control/config"
)

// What the demo's server differs in from a default one.
const (
	demoStations     = 6
	demoMediaTimeout = 3 * time.Second
)

// holdToneHz are the two frequencies of the hold tone.
var holdToneHz = []float64{571, 719}

type demoCmd struct {
	JSON    bool `name:"json" help:"Print the result as one JSON object."`
	Verbose bool `short:"v" help:"Print the server's log to standard error."`
}

// Run is for kong.
func (c *demoCmd) Run(ctx context.Context, o output) error {
	dir, err := os.MkdirTemp("", "sidetone-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log := slog.New(slog.DiscardHandler)
	if c.Verbose {
		log = slog.New(slog.NewTextHandler(o.err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg, accounts := demoConfig(dir)
	server, err := control.New(cfg, log)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- server.Run(serving) }() // stopped by stop, waited for below
	address := strings.TrimPrefix(server.SIPAddresses()[0], "udp:")

	progress := showProgress(o.err)
	report := scenario.Demo(ctx, scenario.Target{
		Server: address, Accounts: accounts, MediaTimeout: demoMediaTimeout,
		ConferenceCode: cfg.FeatureCodes.Conference, HoldTone: holdToneHz,
	}, progress.show)
	progress.clear()
	stop()
	if err := <-ended; err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted")
	}
	if c.JSON {
		encoder := json.NewEncoder(o.out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(o.out, report.Text()); err != nil {
		return err
	}
	if report.Failed > 0 {
		return errFailed
	}
	return nil
}

// demoConfig is a server on loopback and free ports, with stations of random
// passwords whose held parties hear the hold tone, which is easy to tell.
func demoConfig(dir string) (*config.Config, []scenario.Account) {
	cfg := config.Default()
	cfg.SIP.Listen = []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}
	cfg.API.Listen = ""
	cfg.Store.Dir = dir
	cfg.Media.Timeouts.NoMedia = demoMediaTimeout
	var accounts []scenario.Account
	for i := range demoStations {
		a := scenario.Account{Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("%x-demo", time.Now().UnixNano()+int64(i))}
		accounts = append(accounts, a)
		st := config.NewStation(a.Tel, a.UserID, a.Password)
		st.Music = ""
		cfg.Stations = append(cfg.Stations, st)
	}
	return cfg, accounts
}

// progressBar draws what is going on on one line of a terminal; on anything
// else it prints each step once.
type progressBar struct {
	w        io.Writer
	terminal bool
	last     string
}

func showProgress(w io.Writer) *progressBar {
	p := &progressBar{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

const barWidth = 30

func (p *progressBar) show(step string, fraction float64) {
	if p.terminal {
		n := int(fraction * barWidth)
		fmt.Fprintf(p.w, "\r\x1b[K[%s%s] %3.0f%% %s", strings.Repeat("#", n), strings.Repeat("-", barWidth-n), fraction*100, step)
		return
	}
	if step != p.last {
		p.last = step
		fmt.Fprintf(p.w, "%3.0f%% %s\n", fraction*100, step)
	}
}

func (p *progressBar) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
