package control

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"sidetone/control/call"
	"sidetone/control/config"
	"sidetone/control/media"
	"sidetone/control/sip"
	"sidetone/control/trunk"
	"sidetone/jitter"
	"sidetone/relay"
)

// What the parts need, in their own words, from the configuration.

func relayInterfaces(cfg *config.Config) []relay.Interface {
	var list []relay.Interface
	for _, i := range cfg.Media.Interfaces {
		list = append(list, relay.Interface{Name: i.Name, Address: i.Address, Advertise: i.Advertise, FirstPort: i.Ports.First, LastPort: i.Ports.Last})
	}
	return list
}

// privateNetworks are those configured and the subnets of our own interfaces.
func privateNetworks(cfg *config.Config) []netip.Prefix {
	list := append([]netip.Prefix(nil), cfg.Media.PrivateNetworks...)
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return list
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		for _, i := range cfg.Media.Interfaces {
			if p.Addr() == i.Address {
				list = append(list, p.Masked())
			}
		}
	}
	return list
}

// sipTLS are the TLS settings of what we serve and of what we connect to; nil when there is no certificate.
func sipTLS(cfg *config.Config, log *slog.Logger) (server *tls.Config, client func(name string) *tls.Config, err error) {
	t := cfg.SIP.TLS
	if t.Certificate == "" {
		return nil, nil, nil
	}
	c, err := sip.LoadTLS(sip.TLSFiles{
		Certificate: t.Certificate, Key: t.Key, ClientCA: t.ClientCA, Mutual: t.Mutual, ValidateAny: t.ValidateAnyCertificate,
	}, log)
	if err != nil {
		return nil, nil, err
	}
	return c.Server(), c.Client, nil
}

func exclusive(cfg *config.Config) sip.Exclusive {
	x := cfg.SIP.CommExclusive
	never := func(d time.Duration) time.Duration {
		if d == 0 {
			return -1
		}
		return d
	}
	return sip.Exclusive{
		Silent: x.Mode == "no_response", Limit: x.RegisterRetryLimit,
		RegisterBlock: never(x.RegisterBlock), MessageBlock: never(x.MessageBlock),
	}
}

func jitterConfig(cfg *config.Config) jitter.Config {
	j := cfg.Media.Jitter
	mode := jitter.Adaptive
	if j.Mode == "fixed" {
		mode = jitter.Fixed
	}
	return jitter.Config{Mode: mode, Min: j.Min, Normal: j.Normal, Max: j.Max, ClockRate: media.ProgramRate}
}

func musicClasses(cfg *config.Config) ([]media.MusicClass, error) {
	var list []media.MusicClass
	for _, m := range cfg.Media.Music {
		c := media.MusicClass{Name: m.Name, Files: m.Files, Shuffle: m.Shuffle, Rate: m.Rate}
		var err error
		if c.Stream, err = config.ParseStream(m.Stream); err != nil {
			return nil, fmt.Errorf("music %s: %w", m.Name, err)
		}
		if c.Codec.Name, c.Codec.ClockRate, c.Codec.Channels, err = config.ParseCodec(m.Codec); err != nil {
			return nil, fmt.Errorf("music %s: %w", m.Name, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// firstMusic is what somebody alone in a dial-in room hears.
func firstMusic(cfg *config.Config) string {
	if len(cfg.Media.Music) == 0 {
		return ""
	}
	return cfg.Media.Music[0].Name
}

func trunks(cfg *config.Config) ([]trunk.Config, error) {
	var list []trunk.Config
	for _, t := range cfg.Trunks {
		c := trunk.Config{
			Name: t.Name, Access: t.Access, Networks: t.Networks, Incoming: t.Incoming,
			User: t.Register.User, AuthUser: t.Register.AuthUser, Password: t.Register.Password.Reveal(), Expires: t.Register.Expires,
		}
		for _, code := range t.AuthCodes {
			c.AuthCodes = append(c.AuthCodes, code.Reveal())
		}
		if t.Server != "" {
			s, err := config.ParseServer(t.Server)
			if err != nil {
				return nil, fmt.Errorf("trunk %s: %w", t.Name, err)
			}
			c.Server = sip.ServerURI(s.Host, s.Port, s.Transport)
		}
		list = append(list, c)
	}
	return list, nil
}

// admitted are the networks that may speak SIP to us: trunks without being listed twice.
func admitted(cfg *config.Config) []netip.Prefix {
	list := slices.Clone(cfg.SIP.Whitelist.Networks)
	for _, t := range cfg.Trunks {
		list = append(list, t.Networks...)
	}
	return list
}

func rooms(cfg *config.Config) []call.RoomConfig {
	var list []call.RoomConfig
	for _, r := range cfg.Conference.Rooms {
		list = append(list, call.RoomConfig{Number: r.Number, PIN: r.Pin.Reveal(), Members: r.Members, Tones: r.Tones, Recorded: r.Record == "always"})
	}
	return list
}

func groups(cfg *config.Config) []call.GroupConfig {
	order := map[string]call.Order{"unconditional": call.Unconditional, "sequential": call.Sequential, "distributed": call.Distributed}
	var list []call.GroupConfig
	for _, g := range cfg.Groups {
		multicast, _ := netip.ParseAddrPort(g.Multicast) // checked by config
		list = append(list, call.GroupConfig{
			Multicast: multicast, Priority: g.Priority, Number: g.Number, Ring: order[g.Ring], Members: g.Members,
			AtOnce: g.SIPRingingAtOnce, Step: g.Step, MemberTime: g.MemberTime,
		})
	}
	return list
}
