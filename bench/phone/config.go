package phone

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidetone/bench/audio"
)

// Policy says what becomes of an incoming call.
type Policy int32

// What a phone does with a call: Manual rings and leaves the rest to the script, Auto rings for
// Config.RingFor and answers, Busy says 486.
const (
	Manual Policy = iota
	Auto
	Busy
)

// Codec is an audio format a phone offers.
type Codec struct {
	Name        string // as in a=rtpmap
	PayloadType uint8  // the static one of RFC 3551
	Law         audio.Law
}

// The codecs a phone can speak.
var (
	PCMU = Codec{Name: "PCMU", PayloadType: 0, Law: audio.MuLaw}
	PCMA = Codec{Name: "PCMA", PayloadType: 8, Law: audio.ALaw}
)

// Config says who a phone is and how it behaves.
type Config struct {
	Server    string        // host:port everything is sent to; empty for phones that call each other by URI
	Domain    string        // host of the From and To URIs; default the Server, without a port of 5060
	Address   string        // local IP address; default the one that leads to Server, else 127.0.0.1
	Tel       string        // the number, user part of From
	UserID    string        // authorization user; default Tel
	Password  string        //
	Transport string        // "udp" (default) or "tcp"
	Codecs    []Codec       // in order of preference; default PCMU, PCMA
	SRTP      SRTP          // default NoSRTP
	Suites    []string      // SRTP crypto suites in order of preference; default AES_CM_128_HMAC_SHA1_80
	Loss      float64       // share of its packets that get lost on their way, evenly spread, 0 to 1
	Metrics   bool          // asks for VoIP metrics (RFC 3611), and sends its own
	Tone      float64       // Hz of the sine it speaks; 0 = silence
	Level     float64       // dBFS of the tone; default -20
	Incoming  Policy        // default Manual
	RingFor   time.Duration // how long Auto rings; default 0
	Anonymous bool          // calls without its number in From, with Privacy: id
	NoUpdate  bool          // does not allow UPDATE
	Expires   time.Duration // registration, default 600 s
	Deaf      bool          // packets are counted, and silence is recorded
	Sequence  uint16        // RTP sequence number of a call's first packet; default random
	Playout   time.Duration // delay from a packet's arrival to its sound; default 60 ms
	Sections  []Section     // what it has besides the voice
	OneLine   bool          // a fax takes the m= line of the voice instead of one of its own
	Ledger    *Ledger       // shared by the phones whose latency is measured; nil = not measured
	Logger    *slog.Logger  // default discards
}

func (c Config) withDefaults() (Config, error) {
	c.Transport = strings.ToLower(c.Transport)
	switch c.Transport {
	case "":
		c.Transport = "udp"
	case "udp", "tcp":
	default:
		return c, fmt.Errorf("phone %s: transport %q is neither udp nor tcp", c.Tel, c.Transport)
	}
	if c.Tel == "" {
		return c, fmt.Errorf("phone without a number")
	}
	if c.UserID == "" {
		c.UserID = c.Tel
	}
	if c.Server != "" {
		host, port, err := net.SplitHostPort(c.Server)
		if err != nil {
			host, port = c.Server, "5060"
		}
		c.Server = net.JoinHostPort(host, port)
		if c.Domain == "" {
			c.Domain = c.Server
			if port == "5060" {
				c.Domain = strings.TrimSuffix(c.Server, ":5060")
			}
		}
	}
	if c.Address == "" {
		c.Address = localAddress(c.Server)
	}
	address, err := netip.ParseAddr(c.Address)
	if err != nil {
		return c, fmt.Errorf("phone %s: local address: %w", c.Tel, err)
	}
	c.Address = address.Unmap().String()
	if len(c.Codecs) == 0 {
		c.Codecs = []Codec{PCMU, PCMA}
	}
	c.Codecs = slices.Clone(c.Codecs)
	if len(c.Suites) == 0 {
		c.Suites = []string{"AES_CM_128_HMAC_SHA1_80"}
	}
	for _, name := range c.Suites {
		if _, known := suites[name]; !known {
			return c, fmt.Errorf("phone %s: no SRTP suite is named %q", c.Tel, name)
		}
	}
	c.Suites = slices.Clone(c.Suites)
	if c.Level == 0 {
		c.Level = -20
	}
	if c.Expires == 0 {
		c.Expires = 600 * time.Second
	}
	if c.Playout == 0 {
		c.Playout = 60 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// localAddress returns the local IP address a packet to server would carry.
func localAddress(server string) string {
	if server == "" {
		return "127.0.0.1"
	}
	conn, err := net.Dial("udp", server)
	if err != nil {
		return "127.0.0.1"
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}

// hostPort splits "host", "host:port" or "[v6]:port"; the port is 0 when there is none.
func hostPort(s string) (host string, port int) {
	h, p, err := net.SplitHostPort(s)
	if err != nil {
		return strings.Trim(s, "[]"), 0
	}
	port, _ = strconv.Atoi(p)
	return h, port
}
