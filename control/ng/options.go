package ng

import (
	"net/netip"
	"strings"
	"time"

	"sidetone/control/ng/bencode"
)

// options is what one request asks for: the keys of its dictionary, its list of flags and its
// rtpp-flags string, read into one place. What is not said has the zero value.
type options struct {
	// Which command and which call.
	Command   string
	CallID    string
	FromTag   string // the side that sent the description, or that hangs up
	ToTag     string // the other side, "" as long as it is unknown
	ViaBranch string // tells the branches of a forked INVITE apart
	Label     string // a name for FromTag's side, given back by query

	// The description and what is known beside it.
	SDP          string
	ReceivedFrom netip.Addr // where the SIP message came from
	SIPSource    bool       // SIP-source-address: media is there too, whatever the description says
	MediaAddress netip.Addr // the address to write instead of our own

	// Our ports.
	Direction [2]string // names of the interfaces towards the sender and towards the other side
	Family    family    // of the address towards the other side

	// How our ports learn where media really comes from.
	Learning      string // endpoint-learning: off, immediate, delayed, heuristic
	Asymmetric    bool   // the sender does not receive where it sends from
	StrictSource  bool   // the port stays the one learned, even when a NAT rebinds
	MediaHandover bool   // the opposite

	// What is rewritten.
	Replace       replacements
	Mux           muxRules
	RTCPAttribute rtcpAttribute
	LoopProtect   bool
	SingleCodec   bool
	Codecs        codecRules
	Ptime         int // ms, towards the other side
	PtimeReverse  int // ms, towards the sender

	// Encryption.
	Protocol string // transport-protocol: RTP/AVP, RTP/AVPF, RTP/SAVP, RTP/SAVPF, accept
	SDES     sdesRules

	// Only of some commands.
	DeleteDelay  time.Duration // of delete; negative when it does not say
	Fatal        bool          // of delete: an unknown call is an error
	Limit        int           // of list
	LoadLimit    bool          // supports "load limit" as a result
	ForceVersion bool          // count the o= version up even when nothing changed

	// What nobody here knows and what is known but not done; both do no harm.
	unknown []string
	ignored []string
}

// family is an address family.
type family uint8

const (
	anyFamily family = iota
	ipv4
	ipv6
)

// rtcpAttribute says how a=rtcp (RFC 3605) is written.
type rtcpAttribute uint8

const (
	rtcpAsNeeded rtcpAttribute = iota // where the description had one, and where the port is not RTP's + 1
	rtcpFull                          // always, with the address
	rtcpNever
)

// replacements are the lines that carry our address instead of the sender's.
type replacements struct {
	Origin            bool
	SessionConnection bool
	ZeroAddress       bool // 0.0.0.0 of an old style hold too
	Version           bool // keep the o= version ourselves: up by one with every change
	Username          bool // the o= user name of a side never changes
}

// muxRules say what becomes of a=rtcp-mux (RFC 5761).
type muxRules struct {
	Offer   bool // offer it to the other side in any case
	Require bool // and take it for accepted: no RTCP port of its own
	Demux   bool // accept it from the sender and do not offer it
	Accept  bool // accept it from the sender whatever the other side does
	Reject  bool // do not accept it from the sender
}

// codecRules change the list of codecs; each entry names a codec as in "opus/48000/2".
type codecRules struct {
	Strip     []string // as if it had never been offered; "all", "full"
	Except    []string // but not these
	Offer     []string // nor these, which come first
	Mask      []string // not offered on, but good for transcoding; "all", "full"
	Accept    []string // offered on, and if refused good for transcoding; "all"
	Transcode []string // to be added
}

// isZero reports whether nothing is to be done.
func (r codecRules) isZero() bool {
	return len(r.Strip)+len(r.Except)+len(r.Offer)+len(r.Mask)+len(r.Accept)+len(r.Transcode) == 0
}

// sdesRules steer the offer of SDES keys (RFC 4568). Suites are named as in a=crypto.
type sdesRules struct {
	Off         bool
	No          []string
	Only        []string
	NoNew       bool
	Order       []string
	OffererPref []string
	Lifetime    bool
}

// parseOptions reads a request. It never fails: what is not understood is noted.
func parseOptions(request bencode.Value) *options {
	o := &options{DeleteDelay: -1}
	for key, value := range request.Pairs() {
		o.key(key, value)
	}
	return o
}

// key reads one entry of the dictionary. Some clients write blanks in names, some hyphens.
func (o *options) key(key string, value bencode.Value) {
	text, _ := value.Text()
	switch name := hyphens(key); name {
	case "command":
		o.Command = text
	case "call-id":
		o.CallID = text
	case "from-tag":
		o.FromTag = text
	case "to-tag":
		o.ToTag = text
	case "via-branch":
		o.ViaBranch = text
	case "label", "from-label", "set-label":
		o.Label = text
	case "sdp":
		o.SDP = text
	case "received-from":
		o.receivedFrom(value)
	case "media-address":
		o.MediaAddress = parseAddress(text)
	case "direction":
		o.direction(texts(value))
	case "interface":
		o.direction([]string{text, text})
	case "address-family":
		o.family(text)
	case "endpoint-learning":
		o.Learning = text
	case "flags":
		each(value, o.flag)
	case "rtpp-flags":
		for _, f := range strings.Fields(text) {
			o.flag(f)
		}
	case "replace":
		each(value, func(s string) { o.flag("replace-" + s) })
	case "rtcp-mux":
		each(value, func(s string) { o.flag("rtcp-mux-" + s) })
	case "SDES":
		each(value, o.sdes)
	case "codec":
		for rule, list := range value.Pairs() {
			each(list, func(s string) { o.codec(rule + "-" + s) })
		}
	case "codec-strip", "codec-except", "codec-offer", "codec-mask", "codec-consume", "codec-accept", "codec-transcode", "codec-set": // Kamailio's, of rules it has no list for
		each(value, func(s string) { o.codec(name[len("codec-"):] + "-" + s) })
	case "transcode": // Kamailio's old name
		each(value, func(s string) { o.codec("transcode-" + s) })
	case "sip-message-type", "sip-code": // the command says as much
	case "ICE":
		o.ice(text)
	case "transport-protocol":
		o.Protocol = text
	case "DTLS":
		o.dtls(text)
	case "ptime":
		o.Ptime = milliseconds(value)
	case "ptime-reverse":
		o.PtimeReverse = milliseconds(value)
	case "delete-delay":
		if n, ok := value.Int(); ok && n >= 0 && n <= int64(maxDeleteDelay/time.Second) {
			o.DeleteDelay = time.Duration(n) * time.Second
		}
	case "limit":
		n, _ := value.Int()
		o.Limit = int(min(max(n, 0), maxListLimit))
	case "supports":
		each(value, func(s string) { o.LoadLimit = o.LoadLimit || hyphens(s) == "load-limit" })
	case "record-call":
		if text == "yes" || text == "on" {
			o.ignore(name)
		}
	case "all", "OSRTP", "TOS", "ICE-lite", "DTLS-reverse", "DTLS-fingerprint", "DTMF-security", "DTMF-delay", "DTMF-log-dest", "T.38", "audio-player",
		"delay-buffer", "drop-traffic", "generate-RTCP", "media-echo", "metadata", "output-destination", "sdp-attr", "to-label", "volume",
		"xmlrpc-callback", "digit", "code", "frequency", "frequencies", "from-tags", "trigger", "trigger-end", "end-trigger",
		"trigger-end-time", "trigger-end-digits", "template", "recording-file", "recording-path", "address", "repacketize":
		o.ignore(name)
	default:
		o.unknown = append(o.unknown, name)
	}
}

func (o *options) ignore(name string) { o.ignored = append(o.ignored, name) }

// ice notes a wish for ICE: it is taken out of every description.
func (o *options) ice(choice string) {
	if choice != "remove" && choice != "default" {
		o.ignore("ICE=" + choice)
	}
}

// dtls notes a wish for DTLS: keys come in a=crypto alone.
func (o *options) dtls(choice string) {
	if choice != "off" && choice != "no" && choice != "disable" {
		o.ignore("DTLS=" + choice)
	}
}

// receivedFrom reads ["IP4", "192.0.2.1"]; the family is plain from the address.
func (o *options) receivedFrom(value bencode.Value) {
	for _, item := range value.Items() {
		text, _ := item.Text()
		if a := parseAddress(text); a.IsValid() {
			o.ReceivedFrom = a
		}
	}
}

// direction takes the interfaces in the order in which they are named.
func (o *options) direction(names []string) {
	for _, name := range names {
		if o.Direction[0] == "" {
			o.Direction[0] = name
		} else {
			o.Direction[1] = name
		}
	}
}

func (o *options) family(text string) {
	switch strings.ToUpper(text) {
	case "IP4", "INET":
		o.Family = ipv4
	case "IP6", "INET6":
		o.Family = ipv6
	}
}

// hyphens is the one spelling of a name.
func hyphens(name string) string {
	if strings.IndexByte(name, ' ') < 0 {
		return name
	}
	return strings.ReplaceAll(name, " ", "-")
}

// each calls fn with every string of a list, or with the one string.
func each(value bencode.Value, fn func(string)) {
	for _, item := range value.Items() {
		if s, ok := item.Text(); ok && s != "" {
			fn(s)
		}
	}
}

func texts(value bencode.Value) (list []string) {
	each(value, func(s string) { list = append(list, s) })
	return list
}

// parseAddress reads an IP literal, with or without brackets.
func parseAddress(s string) netip.Addr {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// milliseconds reads a packet time, 0 when it is none.
func milliseconds(value bencode.Value) int {
	if n, ok := value.Int(); ok && n > 0 && n <= 1000 {
		return int(n)
	}
	return 0
}
