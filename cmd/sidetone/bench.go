package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sidetone/bench/load"
	"sidetone/bench/peer"
	"sidetone/bench/report"
	"sidetone/bench/versus"
	"sidetone/control/config"
)

type benchCmd struct {
	Name     string   `arg:"" enum:"relay,srtp,transcode,signal,mix" help:"What to measure: relay, srtp, transcode, signal or mix."`
	Peer     string   `enum:"auto,rtpengine,janus,none" default:"auto" help:"Measured in turn with us, in the same run: rtpengine, for mix janus (its AudioBridge), or none."`
	Sidetone bool     `default:"true" negatable:"" help:"Measure us; --no-sidetone measures the peer alone."`
	Sockets  string   `enum:"auto,steered,ports" default:"auto" help:"media.sockets of our configuration: auto, steered or ports."`
	Awake    bool     `help:"Keep both cores from halting: a virtual machine's host may be long in giving one back."`
	JSON     bool     `name:"json" help:"Print the result as one JSON object."`
	Quick    bool     `help:"Take about two minutes, with less certainty."`
	Capacity int      `placeholder:"PACKETS" help:"relay: measure nothing but a minute at 60 % of so many packets a second."`
	Max      []string `sep:"none" placeholder:"KEY=VALUE" help:"Fail when a value is greater, such as cpu_per_packet@50k=0.45 (a ratio) or sidetone.p50_us@10k=100."`
	Min      []string `sep:"none" placeholder:"KEY=VALUE" help:"Fail when a value is less, such as capacity=2.4."`
}

// Run is for kong.
func (c *benchCmd) Run(ctx context.Context, o output) error {
	thresholds, err := c.thresholds()
	if err != nil {
		return usageError{err}
	}
	c.choosePeer()
	if c.Peer == "janus" && c.Name != "mix" || c.Peer == "rtpengine" && c.Name == "mix" {
		return usageError{fmt.Errorf("sidetone: %s is no peer for bench %s", c.Peer, c.Name)}
	}
	if !c.Sidetone && c.Peer == "none" {
		return usageError{errors.New("sidetone: --no-sidetone with --peer none leaves nothing to measure")}
	}
	dir, err := os.MkdirTemp("", "sidetone-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg := versus.Config{Sockets: c.Sockets, Awake: c.Awake, Quick: c.Quick, Capacity: c.Capacity, Dir: dir}
	if c.Sidetone {
		if cfg.Self, err = c.self(); err != nil {
			return err
		}
	}
	switch c.Peer {
	case "rtpengine":
		cfg.Peer, err = rtpengine(ctx)
	case "janus":
		cfg.Peer, err = janus(ctx)
	}
	if err != nil {
		return err
	}
	progress := showProgress(o.err)
	cfg.Progress = progress.show
	result, err := versus.Run(ctx, c.Name, cfg)
	progress.clear()
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	passed := result.Judge(thresholds)
	text := result.Text()
	if c.JSON {
		object, err := result.JSON()
		if err != nil {
			return err
		}
		text = string(object)
	}
	if _, err := fmt.Fprint(o.out, text); err != nil {
		return err
	}
	if !passed {
		return errFailed
	}
	return nil
}

// thresholds reads --max and --min. A key that the bench does not measure is a mistake, told before it runs.
func (c *benchCmd) thresholds() (all []report.Threshold, err error) {
	keys, err := versus.Keys(c.Name)
	if err != nil {
		return nil, err
	}
	for i, text := range slices.Concat(c.Max, c.Min) {
		t, err := report.ParseThreshold(text, i >= len(c.Max))
		if err != nil {
			return nil, fmt.Errorf("sidetone: %w", err)
		}
		if !slices.Contains(keys, t.Key) {
			return nil, fmt.Errorf("sidetone: bench %s does not measure %q; it does: %s", c.Name, t.Key, strings.Join(keys, " "))
		}
		all = append(all, t)
	}
	return all, nil
}

// self is this program, serving.
func (c *benchCmd) self() (*versus.Contender, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	start := func(p versus.Place) (*peer.Server, error) {
		file := filepath.Join(p.Dir, "sidetone.yaml")
		if err := os.WriteFile(file, benchConfig(p, c.Sockets), 0o600); err != nil {
			return nil, err
		}
		if _, err := config.Load(file); err != nil {
			return nil, err
		}
		return peer.StartServer(peer.ServerConfig{Name: "sidetone", Program: program, Args: []string{"serve", "-c", file}, Dir: p.Dir, CPU: p.CPU})
	}
	return &versus.Contender{Name: "sidetone", Version: fullVersion(), SIP: true, Start: start, Join: dialIn}, nil
}

// benchConfig is a server on loopback that differs from a default one in its stations and where it listens, in that it
// has one shard for its one core, and in that nothing times out while it is measured.
func benchConfig(p versus.Place, sockets string) []byte {
	text := fmt.Appendf(nil, `sip:
  listen: ["udp:%s"]
  max_stations: %d
media:
  interfaces: [{name: lan, address: %s, ports: %d-%d}]
  shards: 1
  sockets: %s
  timeouts: {no_media: 3600s, one_way: 3600s}
ng: {listen: ["udp:%s"]}
api: {listen: ""}
store: {dir: state}
log: {level: warn}
stations:
`, p.SIP, max(len(p.Callers)+len(p.Callees), 1), p.Control.Addr(), p.FirstPort, p.LastPort, sockets, p.Control)
	for _, a := range slices.Concat(p.Callers, p.Callees) {
		text = fmt.Appendf(text, "  - {tel: %q, user_id: %s, password: %s}\n", a.Tel, a.UserID, a.Password)
	}
	if p.Rooms > 0 {
		text = append(text, "conference:\n  rooms:\n"...)
	}
	for i := range p.Rooms {
		text = fmt.Appendf(text, "    - {number: \"%d\", members: %d}\n", versus.FirstRoom+i, load.ConferenceSize)
	}
	return text
}

// rtpengine is Debian's.
func rtpengine(ctx context.Context) (*versus.Contender, error) {
	version, err := peer.RTPEngineVersion(ctx)
	if err != nil {
		return nil, err
	}
	start := func(p versus.Place) (*peer.Server, error) {
		return peer.StartRTPEngine(peer.RTPEngineConfig{Control: p.Control, FirstPort: p.FirstPort, LastPort: p.LastPort, Dir: p.Dir, CPU: p.CPU})
	}
	return &versus.Contender{Name: "rtpengine", Version: version, Start: start}, nil
}

// choosePeer names the peer that a bench has when none was asked for.
func (c *benchCmd) choosePeer() {
	if c.Peer != "auto" {
		return
	}
	if c.Peer = "rtpengine"; c.Name == "mix" {
		c.Peer = "janus"
	}
}

// dialIn has stations of ours call dial-in rooms.
func dialIn(ctx context.Context, p versus.Place, media []netip.AddrPort) ([]netip.AddrPort, error) {
	rooms := make([]string, len(media))
	for i := range rooms {
		rooms[i] = strconv.Itoa(versus.FirstRoom + i/load.ConferenceSize)
	}
	return load.JoinRooms(ctx, p.SIP, p.Callers, rooms, media)
}

// janus is Debian's, with its AudioBridge.
func janus(ctx context.Context) (*versus.Contender, error) {
	version, err := peer.JanusVersion(ctx)
	if err != nil {
		return nil, err
	}
	start := func(p versus.Place) (*peer.Server, error) {
		return peer.StartJanus(peer.JanusConfig{HTTP: p.Control, FirstPort: p.FirstPort, LastPort: p.LastPort, Rooms: versus.Conferences, Dir: p.Dir, CPU: p.CPU})
	}
	join := func(ctx context.Context, p versus.Place, media []netip.AddrPort) ([]netip.AddrPort, error) {
		rooms := make([]int, len(media))
		for i := range rooms {
			rooms[i] = 1 + i/load.ConferenceSize
		}
		return peer.JoinJanus(ctx, p.Control, rooms, media)
	}
	return &versus.Contender{Name: "janus", Version: version, Start: start, Join: join}, nil
}
