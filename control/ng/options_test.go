package ng

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"sidetone/control/ng/bencode"
)

// Every way to say a thing is read into the same options.
func TestOptions(t *testing.T) {
	flags := func(words string) bencode.Value { return req("offer", "flags", words) }
	one := func(key, value string) bencode.Value { return req("offer", key, value) }
	codec := func(rule string, names ...string) bencode.Value {
		rules := bencode.NewDict()
		rules.Set(rule, bencode.NewStrings(names...))
		v := req("offer")
		v.Set("codec", rules)
		return v
	}
	for name, tc := range map[string]struct {
		ways []bencode.Value
		want options
	}{
		"replace": {
			[]bencode.Value{one("replace", "origin session-connection"), flags("replace-origin replace-session-connection"), one("rtpp-flags", "replace-origin replace-session-connection")},
			options{Replace: replacements{Origin: true, SessionConnection: true}},
		},
		"sip source": {
			[]bencode.Value{flags("SIP-source-address"), flags("trust-address sip-source-address"), one("rtpp-flags", "SIP-source-address")},
			options{SIPSource: true},
		},
		"trust address": {[]bencode.Value{flags("trust-address"), flags("SIP-source-address trust-address"), flags("")}, options{}},
		"direction": {
			[]bencode.Value{one("direction", "pub priv"), flags("direction=pub direction=priv"), one("rtpp-flags", "direction=pub direction=priv")},
			options{Direction: [2]string{"pub", "priv"}},
		},
		"old direction": {[]bencode.Value{flags("internal external")}, options{Direction: [2]string{"internal", "external"}}},
		"interface":     {[]bencode.Value{one("interface", "pub")}, options{Direction: [2]string{"pub", "pub"}}},
		"family": {
			[]bencode.Value{one("address family", "IP6"), one("address-family", "ip6"), flags("address-family=IP6")},
			options{Family: ipv6},
		},
		"received from": {
			[]bencode.Value{one("received-from", "IP4 192.0.2.1"), one("received from", "192.0.2.1"), flags("received-from=192.0.2.1")},
			options{ReceivedFrom: netip.MustParseAddr("192.0.2.1")},
		},
		"media address": {
			[]bencode.Value{one("media address", "2001:db8::1"), flags("media-address=[2001:db8::1]")},
			options{MediaAddress: netip.MustParseAddr("2001:db8::1")},
		},
		"mux": {
			[]bencode.Value{one("rtcp-mux", "offer reject"), flags("rtcp-mux-offer rtcp-mux-reject"), flags("rtcp-mux=offer rtcp-mux=reject")},
			options{Mux: muxRules{Offer: true, Reject: true}},
		},
		"mux required": {[]bencode.Value{one("rtcp-mux", "require")}, options{Mux: muxRules{Offer: true, Require: true}}},
		"strip": {
			[]bencode.Value{codec("strip", "PCMU", "opus/48000/2"), flags("codec-strip-PCMU codec-strip-opus/48000/2"), flags("codec-strip=PCMU codec-strip=opus/48000/2"), one("rtpp-flags", "codec-strip-PCMU codec-strip-opus/48000/2")},
			options{Codecs: codecRules{Strip: []string{"PCMU", "opus/48000/2"}}},
		},
		"mask and consume": {[]bencode.Value{codec("mask", "PCMU"), codec("consume", "PCMU"), one("codec-consume", "PCMU"), flags("codec-mask-PCMU")}, options{Codecs: codecRules{Mask: []string{"PCMU"}}}},
		"all of transcode": {
			[]bencode.Value{flags("codec-except-A codec-offer-B codec-transcode-C codec-accept-D")},
			options{Codecs: codecRules{Except: []string{"A"}, Offer: []string{"B"}, Transcode: []string{"C"}, Accept: []string{"D"}}},
		},
		"escaped equals": {[]bencode.Value{flags("codec-transcode-iLBC/8000/1///mode--30")}, options{Codecs: codecRules{Transcode: []string{"iLBC/8000/1///mode=30"}}}},
		"protocol": {
			[]bencode.Value{one("transport-protocol", "RTP/SAVPF"), one("transport protocol", "RTP/SAVPF"), flags("RTP/SAVPF"), flags("transport-protocol=RTP/SAVPF"), one("rtpp-flags", "RTP/SAVPF")},
			options{Protocol: "RTP/SAVPF"},
		},
		"protocol by words": {
			[]bencode.Value{one("rtpp-flags", "SRTP AVPF"), one("rtpp-flags", "AVPF SRTP"), one("rtpp-flags", "RTP AVP SRTP AVPF")},
			options{Protocol: "RTP/SAVPF"},
		},
		"plain by words":            {[]bencode.Value{one("rtpp-flags", "RTP"), one("rtpp-flags", "AVP"), one("rtpp-flags", "SRTP RTP AVPF AVP")}, options{Protocol: "RTP/AVP"}},
		"transcode by its old name": {[]bencode.Value{one("rtpp-flags", "transcode=PCMA"), flags("codec-transcode-PCMA")}, options{Codecs: codecRules{Transcode: []string{"PCMA"}}}},
		"branch of the proxy's own": {[]bencode.Value{req("offer", "via-branch", "z9hG4bK1", "rtpp-flags", "via-branch=auto")}, options{ViaBranch: "z9hG4bK1"}},
		"what a proxy tells beside": {[]bencode.Value{req("offer", "sip-message-type", "sip_request", "rtpp-flags", "to-tag directional no-redis-update")}, options{}},
		"the last protocol":         {[]bencode.Value{flags("RTP/AVP RTP/SAVP")}, options{Protocol: "RTP/SAVP"}},
		"SDES": {
			[]bencode.Value{one("SDES", "no-A only-B nonew order:C;D; offerer_pref:E lifetime"), flags("SDES-no-A SDES-only-B SDES-nonew SDES-order:C;D; SDES-offerer_pref:E SDES-lifetime")},
			options{SDES: sdesRules{No: []string{"A"}, Only: []string{"B"}, NoNew: true, Order: []string{"C", "D"}, OffererPref: []string{"E"}, Lifetime: true}},
		},
		"SDES off":    {[]bencode.Value{one("SDES", "off"), one("SDES", "no"), flags("SDES-disable")}, options{SDES: sdesRules{Off: true}}},
		"latching":    {[]bencode.Value{one("endpoint-learning", "delayed"), flags("endpoint-learning-delayed"), flags("endpoint-learning=delayed")}, options{Learning: "delayed"}},
		"asymmetric":  {[]bencode.Value{flags("asymmetric"), flags("symmetric asymmetric")}, options{Asymmetric: true}},
		"source":      {[]bencode.Value{flags("strict-source media-handover"), flags("strict-source media-handover port-latching symmetric force")}, options{StrictSource: true, MediaHandover: true}},
		"ptime":       {[]bencode.Value{one("ptime", "30"), flags("ptime=30")}, options{Ptime: 30}},
		"silly ptime": {[]bencode.Value{one("ptime", "-1"), one("ptime", "100000"), one("ptime", "x"), one("ptime-reverse", "")}, options{}},
		"delete": {
			[]bencode.Value{req("offer", "flags", "fatal", "delete-delay", "5"), req("offer", "flags", "fatal delete-delay=5"), req("offer", "flags", "fatal", "delete delay", "5")},
			options{Fatal: true, DeleteDelay: 5 * time.Second},
		},
		"load limit": {[]bencode.Value{func() bencode.Value {
			v := req("offer")
			v.Set("supports", bencode.NewStrings("x", "load limit"))
			return v
		}()}, options{LoadLimit: true}},
		"rtcp attribute":      {[]bencode.Value{flags("full-rtcp-attribute"), flags("full-rtcp-attribute")}, options{RTCPAttribute: rtcpFull}},
		"what we do as it is": {[]bencode.Value{one("ICE", "remove"), flags("ICE=remove DTLS=off reject-ICE pad-crypto SDES-pad record-call=no")}, options{}},
	} {
		t.Run(name, func(t *testing.T) {
			want := tc.want
			want.Command = "offer"
			if want.DeleteDelay == 0 {
				want.DeleteDelay = -1
			}
			for _, v := range tc.ways {
				if got := parseOptions(v); !reflect.DeepEqual(got, &want) {
					t.Errorf("%s:\ngot  %+v\nwant %+v", bencode.Append(nil, v), got, &want)
				}
			}
		})
	}
}

func TestWhatIsNotDoneIsNoted(t *testing.T) {
	for _, words := range []string{"ICE=force", "DTLS=passive", "OSRTP-offer", "T.38-force", "generate-RTCP", "record-call", "TOS=184", "codec-set-opus/48000/2/32000", "SDES-unencrypted_srtcp", "repacketize=40", "sdp-attr-add-audio-x"} {
		if o := parseOptions(req("offer", "flags", words)); len(o.ignored) != 1 || len(o.unknown) != 0 {
			t.Errorf("%s: ignored %q, unknown %q", words, o.ignored, o.unknown)
		}
	}
	for _, words := range []string{"x", "codec-x-y", "codec-strip", "SDES-x", "key=value", "rtcp-mux-x", "replace-x"} {
		if o := parseOptions(req("offer", "flags", words)); len(o.unknown) != 1 || len(o.ignored) != 0 {
			t.Errorf("%s: ignored %q, unknown %q", words, o.ignored, o.unknown)
		}
	}
}

func TestFlagsInsideFlagsEnd(t *testing.T) {
	deep := strings.Repeat("rtcp-mux=replace=codec=flags=rtpp-flags=", 10_000)
	if o := parseOptions(req("offer", "flags", deep, "rtpp-flags", deep)); len(o.unknown) == 0 {
		t.Error("nothing unknown about that")
	}
}
