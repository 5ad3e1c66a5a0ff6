package config

import (
	"net/netip"
	"time"
)

// Default is the configuration of an empty file: no station, everything else as the sample says.
func Default() *Config {
	return &Config{
		SIP: SIP{
			Realm:       "sidetone",
			Listen:      []string{"udp:0.0.0.0:5060", "tcp:0.0.0.0:5060"},
			Expires:     600 * time.Second,
			NATExpires:  60 * time.Second,
			NATCheck:    "ip",
			AuthInvites: true,
			MaxStations: 480,
			MaxContacts: 1,
			Whitelist: Whitelist{Enabled: true, Networks: prefixes(
				"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")},
			CommExclusive: CommExclusive{Mode: "response", RegisterRetryLimit: 2,
				RegisterBlock: 60 * time.Second, MessageBlock: 600 * time.Second},
		},
		Media: Media{
			Interfaces:      []Interface{newInterface()},
			PrivateNetworks: []netip.Prefix{},
			Path:            "relay",
			Latching:        "heuristic",
			Sockets:         "auto",
			BatchWindow:     time.Millisecond,
			Timeouts: Timeouts{NoMedia: 60 * time.Second, OneWay: 300 * time.Second,
				Hold: 3600 * time.Second, Answer: 180 * time.Second},
			Jitter: Jitter{Mode: "adaptive", Min: 20 * time.Millisecond, Normal: 60 * time.Millisecond, Max: 200 * time.Millisecond},
			DSCP:   46,
			Tones:  "us",
			Music:  []Music{newMusic()}, MusicServer: "music",
		},
		Stations: []Station{},
		Groups:   []Group{},
		Trunks:   []Trunk{},
		Calls: Calls{NoAnswer: 15 * time.Second, Forwards: 5, TransferRecall: 30 * time.Second,
			ParkRecall: 60 * time.Second, HoldRecall: 60 * time.Second, Record: "on_demand"},
		Conference: Conference{Members: 5, Factory: "conference", Rooms: []Room{}},
		FeatureCodes: FeatureCodes{
			ForwardClear: "600", ForwardAll: "601", ForwardBusy: "602", ForwardNoAnswer: "603", ForwardBusyNoAnswer: "604",
			DND: "40", Conference: "46", Park: "11", Retrieve: "12", PickupGroup: "66", PickupDirected: "65",
			Record: "*1", Intercom: "*99", VoiceMail: "*97",
		},
		NG: NG{Listen: []string{}},
		Hotspot: Hotspot{Lines: []string{}, Ring: "all", Announce: "multicast",
			Address: netip.AddrFrom4([4]byte{224, 0, 2, 0}), Port: 16360},
		API:   API{Listen: "127.0.0.1:8080"},
		Store: Store{Dir: "state"},
		Log:   Log{Level: "info", Format: "text"},
	}
}

// NewStation is a station of which only tel, user id and password are not the defaults.
func NewStation(tel, userID, password string) Station {
	s := newStation()
	s.Tel, s.UserID, s.Password = tel, userID, NewSecret(password)
	return s
}

// The defaults of one entry of a list.

func newStation() Station {
	return Station{SRTP: "optional", DTMF: "rfc2833", ToneSource: "system", Music: "default", PickupGroup: "1", TransferOnHangup: true, Record: "on_demand",
		InsertTrunk: InsertTrunk{Type: "none"}, BehindNAT: "auto", Auth: "password"}
}

func newInterface() Interface {
	return Interface{Name: "lan", Address: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Ports: PortRange{20000, 29999}}
}

func newMusic() Music { return Music{Name: "default", Files: []string{}, Rate: 16000} }

func newGroup() Group {
	return Group{Ring: "unconditional", Members: []string{}, SIPMembers: 10, Priority: 5, SIPRingingAtOnce: 4, Step: 50 * time.Millisecond,
		MemberTime: 15 * time.Second}
}

func newTrunk() Trunk {
	return Trunk{Register: TrunkRegister{Expires: 3600 * time.Second}, Networks: []netip.Prefix{}, AuthCodes: []Secret{}}
}

func newRoom() Room { return Room{Members: 32, Tones: true, Record: "on_demand"} }

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}
