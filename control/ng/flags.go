package ng

import (
	"strings"

	"sidetone/control/ng/bencode"
)

// flag reads one entry of the flags list, or one word of the rtpp-flags string: a name, a name with
// its choice behind a hyphen (rtcp-mux-offer, codec-strip-PCMU, SDES-off), or key=value as the
// dictionary has it too.
func (o *options) flag(text string) {
	text = hyphens(strings.TrimSpace(text))
	if key, value, ok := strings.Cut(text, "="); ok && !strings.HasPrefix(text, "codec-") && !strings.HasPrefix(text, "SDES-") && key != "flags" && key != "rtpp-flags" {
		if key != "via-branch" { // names a header of the proxy's, which has sent the branch itself
			o.key(key, bencode.NewString(value))
		}
		return
	}
	switch text {
	case "":
	case "replace-origin":
		o.Replace.Origin = true
	case "replace-session-connection":
		o.Replace.SessionConnection = true
	case "replace-zero-address":
		o.Replace.ZeroAddress = true
	case "replace-sdp-version", "replace-SDP-version":
		o.Replace.Version = true
	case "replace-username":
		o.Replace.Username = true
	case "replace-force-increment-sdp-ver", "force-increment-sdp-ver":
		o.ForceVersion = true
	case "trust-address":
		o.SIPSource = false
	case "SIP-source-address", "sip-source-address":
		o.SIPSource = true
	case "symmetric":
		o.Asymmetric = false
	case "asymmetric":
		o.Asymmetric = true
	case "strict-source":
		o.StrictSource = true
	case "media-handover":
		o.MediaHandover = true
	case "port-latching", "pad-crypto", "reject-ICE", "static-codecs", // what we do in any case
		"force", "force-relay", "original-sendrecv", "unidirectional", "reset", "no-port-latching", "no-redis-update", // what we do not do in any case
		"to-tag", "directional": // what a proxy does before it asks
	case "loop-protect":
		o.LoopProtect = true
	case "full-rtcp-attribute":
		o.RTCPAttribute = rtcpFull
	case "no-rtcp-attribute":
		o.RTCPAttribute = rtcpNever
	case "single-codec":
		o.SingleCodec = true
	case "always-transcode":
		o.Codecs.Accept = append(o.Codecs.Accept, "all")
	case "fatal":
		o.Fatal = true
	case "rtcp-mux-offer":
		o.Mux.Offer = true
	case "rtcp-mux-require":
		o.Mux.Offer, o.Mux.Require = true, true
	case "rtcp-mux-demux":
		o.Mux.Demux = true
	case "rtcp-mux-accept":
		o.Mux.Accept = true
	case "rtcp-mux-reject":
		o.Mux.Reject = true
	case "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF":
		o.Protocol = text
	case "RTP", "SRTP", "AVP", "AVPF":
		o.profile(text)
	case "internal", "external":
		o.direction([]string{text})
	case "record-call":
		o.ignore(text)
	case "all", "allow-transcoding", "block-short", "block-short-packets", "debug", "debugging", "detect-DTMF", "discard-recording", "early-media",
		"exclude-recording", "generate-RTCP", "generate-mid", "inactive", "inject-DTMF", "NAT-wait", "pierce-NAT", "reuse-codecs",
		"no-codec-renegotiation", "RTCP-mirror", "strip-extmap", "trickle-ICE", "fragment", "force-answer", "DTLS", "replace-session-name", "recording-vsc":
		o.ignore(text)
	default:
		o.prefixed(text)
	}
}

// profile puts the transport protocol together of what a proxy's script says of it word by word.
func (o *options) profile(word string) {
	secure, feedback := secured(o.Protocol), strings.HasSuffix(o.Protocol, "F")
	switch word {
	case "RTP":
		secure = false
	case "SRTP":
		secure = true
	case "AVP":
		feedback = false
	case "AVPF":
		feedback = true
	}
	o.Protocol = "RTP/"
	if secure {
		o.Protocol += "S"
	}
	o.Protocol += "AVP"
	if feedback {
		o.Protocol += "F"
	}
}

// prefixed reads the flags that end in a choice.
func (o *options) prefixed(text string) {
	if rest, ok := strings.CutPrefix(text, "codec-"); ok {
		o.codec(rest)
	} else if rest, ok := strings.CutPrefix(text, "SDES-"); ok {
		o.sdes(rest)
	} else if rest, ok := strings.CutPrefix(text, "ICE-"); ok {
		o.ice(rest)
	} else if rest, ok := strings.CutPrefix(text, "DTLS-"); ok {
		o.dtls(rest)
	} else if rest, ok := strings.CutPrefix(text, "endpoint-learning-"); ok {
		o.Learning = rest
	} else if strings.HasPrefix(text, "OSRTP-") || strings.HasPrefix(text, "T.38-") || strings.HasPrefix(text, "sdp-attr-") || strings.HasPrefix(text, "from-tags-") {
		o.ignore(text)
	} else {
		o.unknown = append(o.unknown, text)
	}
}

// codec reads "strip-PCMU", "transcode=PCMA" and their like.
func (o *options) codec(text string) {
	at := strings.IndexAny(text, "-=")
	if at < 0 {
		o.unknown = append(o.unknown, "codec-"+text)
		return
	}
	rule, name := text[:at], strings.ReplaceAll(text[at+1:], "--", "=")
	r := &o.Codecs
	switch rule {
	case "strip":
		r.Strip = append(r.Strip, name)
	case "except":
		r.Except = append(r.Except, name)
	case "offer":
		r.Offer = append(r.Offer, name)
	case "mask", "consume":
		r.Mask = append(r.Mask, name)
	case "accept":
		r.Accept = append(r.Accept, name)
	case "transcode":
		r.Transcode = append(r.Transcode, name)
	case "set":
		o.ignore("codec-set")
	default:
		o.unknown = append(o.unknown, "codec-"+rule)
	}
}

// sdes reads "off", "no-AES_256_CM_HMAC_SHA1_80", "order:A;B" and their like.
func (o *options) sdes(text string) {
	s := &o.SDES
	switch text {
	case "off", "no", "disable":
		s.Off = true
		return
	case "nonew":
		s.NoNew = true
		return
	case "lifetime":
		s.Lifetime = true
		return
	case "pad", "static": // what we do in any case
		return
	}
	if suite, ok := strings.CutPrefix(text, "no-"); ok {
		s.No = append(s.No, suite)
	} else if suite, ok := strings.CutPrefix(text, "only-"); ok {
		s.Only = append(s.Only, suite)
	} else if list, ok := strings.CutPrefix(text, "order:"); ok {
		s.Order = append(s.Order, suites(list)...)
	} else if list, ok := strings.CutPrefix(text, "offerer_pref:"); ok {
		s.OffererPref = append(s.OffererPref, suites(list)...)
	} else if p := strings.ToUpper(text); strings.HasSuffix(p, "ENCRYPTED_SRTP") || strings.HasSuffix(p, "ENCRYPTED_SRTCP") || strings.HasSuffix(p, "AUTHENTICATED_SRTP") {
		o.ignore("SDES-" + p) // media is encrypted and authenticated in any case
	} else {
		o.unknown = append(o.unknown, "SDES-"+text)
	}
}

// suites splits "A;B;".
func suites(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ';' || r == ',' })
}
