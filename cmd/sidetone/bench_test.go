package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/versus"
	"sidetone/control"
	"sidetone/control/config"
)

func TestBenchUsage(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"no bench", []string{"bench"}, "expected"},
		{"unknown bench", []string{"bench", "dance"}, "relay"},
		{"unknown peer", []string{"bench", "relay", "--peer", "asterisk"}, "rtpengine"},
		{"peer of another bench", []string{"bench", "mix", "--peer", "rtpengine"}, "no peer for bench mix"},
		{"nobody to measure", []string{"bench", "relay", "--peer", "none", "--no-sidetone"}, "nothing to measure"},
		{"unknown key", []string{"bench", "relay", "--max", "cpu_per_packet@90k=0.5"}, "cpu_per_packet@100k"},
		{"no value", []string{"bench", "relay", "--min", "capacity"}, "not KEY=VALUE"},
		{"key of another bench", []string{"bench", "srtp", "--max", "ng_p50=1"}, "does not measure"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := command(t, tc.args...)
			if code != exitUsage || !strings.Contains(out+errs, tc.says) {
				t.Errorf("exit %d, printed %q %q; want exit %d and %q", code, out, errs, exitUsage, tc.says)
			}
		})
	}
}

// The server that is measured carries every kind of call without losing a packet, and SIP calls between its stations.
func TestBenchConfigurationServes(t *testing.T) {
	for _, sockets := range []string{"auto", "ports"} {
		t.Run(sockets, func(t *testing.T) {
			place := versus.Place{Dir: t.TempDir(), Control: freeAddress(t), SIP: freeAddress(t), FirstPort: 20_000, LastPort: 31_999}
			for i := range 3 {
				place.Callers = append(place.Callers, load.Account{Tel: fmt.Sprint(1000 + i), UserID: fmt.Sprint("u", 1000+i), Password: "password-of-callers"})
				place.Callees = append(place.Callees, load.Account{Tel: fmt.Sprint(2000 + i), UserID: fmt.Sprint("u", 2000+i), Password: "password-of-callees"})
			}
			serveBench(t, place, sockets)
			for _, kind := range []load.Kind{load.Relay, load.SRTP, load.Transcode} {
				g, err := load.New(load.Config{Server: place.Control, Kind: kind})
				if err != nil {
					t.Fatal(err)
				}
				defer g.Close()
				if err := g.Open(t.Context(), 10); err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				res, err := g.Run(t.Context(), load.Step{Rate: 1000, Legs: 10, Warm: 100 * time.Millisecond, Window: 200 * time.Millisecond})
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				if res.Sent != 200 || res.Lost() != 0 || res.Wrong != 0 || res.Duplicates != 0 {
					t.Errorf("%s: sent %d, lost %d, wrong %d, duplicates %d", kind, res.Sent, res.Lost(), res.Wrong, res.Duplicates)
				}
				if err := g.Hangup(t.Context()); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
			res, err := load.SIPCalls(t.Context(), load.SIPConfig{Server: place.SIP, Callers: place.Callers, Callees: place.Callees, Window: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if res.Calls < 1 || res.Setup.N() < res.Calls {
				t.Errorf("%d calls, %d set up", res.Calls, res.Setup.N())
			}
		})
	}
}

// serveBench runs the server of a place inside this process until the test ends.
func serveBench(t *testing.T, place versus.Place, sockets string) {
	t.Helper()
	file := filepath.Join(place.Dir, "sidetone.yaml")
	if err := os.WriteFile(file, benchConfig(place, sockets), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	server, err := control.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }() // stopped and waited for in the cleanup
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// freeAddress is a port on loopback that nobody else is given.
func freeAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	place, err := versus.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return place
}
