package control

import (
	"net"
	"net/netip"

	"sidetone/control/call"
	"sidetone/control/config"
	"sidetone/control/media"
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

func jitterConfig(cfg *config.Config) jitter.Config {
	j := cfg.Media.Jitter
	mode := jitter.Adaptive
	if j.Mode == "fixed" {
		mode = jitter.Fixed
	}
	return jitter.Config{Mode: mode, Min: j.Min, Normal: j.Normal, Max: j.Max, ClockRate: media.ProgramRate}
}

func musicClasses(cfg *config.Config) []media.MusicClass {
	var list []media.MusicClass
	for _, m := range cfg.Media.Music {
		list = append(list, media.MusicClass{Name: m.Name, Files: m.Files, Shuffle: m.Shuffle})
	}
	return list
}

// firstMusic is what somebody alone in a dial-in room hears.
func firstMusic(cfg *config.Config) string {
	if len(cfg.Media.Music) == 0 {
		return ""
	}
	return cfg.Media.Music[0].Name
}

func rooms(cfg *config.Config) []call.RoomConfig {
	var list []call.RoomConfig
	for _, r := range cfg.Conference.Rooms {
		list = append(list, call.RoomConfig{Number: r.Number, Members: r.Members})
	}
	return list
}
