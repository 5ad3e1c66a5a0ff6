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
	MusicServer     string         `yaml:"music_server"` // what is called to hear the first class (RFC 7088), moh-NAME the others; "" = nothing
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
	Stream  string   `yaml:"stream"`  // see ParseStream; "" = none, else files are played while nothing comes
	Codec   string   `yaml:"codec"`   // of the stream's dynamic payload types, see ParseCodec; "" = there are none
	Rate    int      `yaml:"rate"`    // Hz: 8000, 16000 or 48000, the most that its files are sampled at
}

// ParseStream reads where a music class is received: rtp://HOST:PORT, HOST being a multicast group or an address of ours. The text ""
// is the zero AddrPort.
func ParseStream(text string) (netip.AddrPort, error) {
	if text == "" {
		return netip.AddrPort{}, nil
	}
	rest, ok := strings.CutPrefix(text, "rtp://")
	a, err := netip.ParseAddrPort(rest)
	if !ok || err != nil || a.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("wants rtp://HOST:PORT with an IP address, such as rtp://239.1.1.1:5004, found %q", text)
	}
	return a, nil
}

// ParseCodec reads a codec as a=rtpmap has it: NAME/CLOCK or NAME/CLOCK/CHANNELS. The text "" is none.
func ParseCodec(text string) (name string, clock, channels int, err error) {
	if text == "" {
		return "", 0, 0, nil
	}
	fields := strings.Split(text, "/")
	if len(fields) == 2 {
		fields = append(fields, "1")
	}
	if len(fields) == 3 && fields[0] != "" {
		var clockErr, channelsErr error
		clock, clockErr = strconv.Atoi(fields[1])
		channels, channelsErr = strconv.Atoi(fields[2])
		if clockErr == nil && channelsErr == nil && clock > 0 && channels > 0 {
			return fields[0], clock, channels, nil
		}
	}
	return "", 0, 0, fmt.Errorf("wants NAME/CLOCK or NAME/CLOCK/CHANNELS, such as L16/16000 or opus/48000/2, found %q", text)
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
