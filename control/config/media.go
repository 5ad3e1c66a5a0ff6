package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Media is the voice: where it flows, how it is kept, what is heard.
type Media struct {
	Interfaces      []Interface    `yaml:"interfaces"`
	PrivateNetworks []netip.Prefix `yaml:"private_networks"` // besides the interfaces' own subnets
	Path            string         `yaml:"path" oneof:"relay auto"`
	Latching        string         `yaml:"latching" oneof:"off strict heuristic immediate delayed"`
	Shards          int            `yaml:"shards" min:"0" max:"1024"` // 0 = one per core
	Sockets         string         `yaml:"sockets" oneof:"auto steered ports"`
	BatchWindow     time.Duration  `yaml:"batch_window" min:"0s" max:"20ms"` // 0 = off
	Timeouts        Timeouts       `yaml:"timeouts"`
	Jitter          Jitter         `yaml:"jitter"`
	MPSChannels     int            `yaml:"mps_channels" min:"0" max:"1000000"` // 0 = as many as the ports allow
	MGIPorts        int            `yaml:"mgi_ports" min:"0" max:"1000000"`    // 0 = no limit
	DSCP            int            `yaml:"dscp" min:"0" max:"63"`
	Tones           string         `yaml:"tones"` // country, see mixer/tone
	Music           []Music        `yaml:"music"`
}

// Interface is one address media is received on. Several of one name are the addresses (IPv4, IPv6)
// of one logical interface.
type Interface struct {
	Name      string     `yaml:"name"`
	Address   netip.Addr `yaml:"address"`
	Advertise netip.Addr `yaml:"advertise"` // told to peers instead of Address; invalid = Address
	Ports     PortRange  `yaml:"ports"`
}

// Timeouts end calls whose media has ended (SPEC R10). None may be switched off.
type Timeouts struct {
	NoMedia time.Duration `yaml:"no_media" min:"1s" max:"24h"` // nothing from either side
	OneWay  time.Duration `yaml:"one_way" min:"1s" max:"24h"`  // nothing from one side
	Hold    time.Duration `yaml:"hold" min:"1s" max:"168h"`    // while the call is on hold
	Answer  time.Duration `yaml:"answer" min:"1s" max:"1h"`    // from the first ring to the answer
}

// Jitter is the playout delay of voice that is decoded (conferences).
type Jitter struct {
	Mode   string        `yaml:"mode" oneof:"fixed adaptive"`
	Min    time.Duration `yaml:"min" min:"0s" max:"1s"`
	Normal time.Duration `yaml:"normal" min:"0s" max:"1s"`
	Max    time.Duration `yaml:"max" min:"20ms" max:"480ms"`
}

// Music is one class of music on hold; without files it is the built-in melody.
type Music struct {
	Name    string   `yaml:"name"`
	Files   []string `yaml:"files"`   // relative to the file's own folder; Load makes them usable as they are
	Shuffle bool     `yaml:"shuffle"` // another order each time round
	Rate    int      `yaml:"rate"`    // Hz: 8000, 16000 or 48000, the most that its files are sampled at
}

// PortRange is a range of UDP ports, both ends included, written "20000-29999".
type PortRange struct {
	First, Last uint16
}

// Pairs is how many RTP/RTCP pairs (an even port and the next) the range holds.
func (r PortRange) Pairs() int {
	first := (int(r.First) + 1) &^ 1
	return max(0, (int(r.Last)+1-first)/2)
}

// String is the range as it is written in the file.
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// parsePortRange reads "20000-29999". What the ends mean together is for check_media.go to say.
func parsePortRange(s string) (PortRange, error) {
	low, high, ok := strings.Cut(s, "-")
	if !ok {
		return PortRange{}, fmt.Errorf("wants FIRST-LAST, such as 20000-29999, found %q", s)
	}
	var ends [2]uint16
	for i, text := range []string{low, high} {
		text = strings.TrimSpace(text)
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return PortRange{}, fmt.Errorf("%q is no port (1 to 65535)", text)
		}
		ends[i] = uint16(n)
	}
	return PortRange{ends[0], ends[1]}, nil
}
