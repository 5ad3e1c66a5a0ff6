package load

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// suite is the one SRTP protection that the bench speaks (RFC 4568 section 6.2).
const suite = "AES_CM_128_HMAC_SHA1_80"

// description is what a session description says of its one audio stream.
type description struct {
	Media       netip.AddrPort // where it wants to receive
	Secure      bool           // RTP/SAVP, else RTP/AVP
	PayloadType int            // the first
	CryptoTag   string         // of the suite, when Secure
	Key         string         // base64 of key and salt with which its writer sends, when Secure
}

// String writes it as SDP (RFC 8866).
func (d description) String() string {
	family := "IP4"
	if d.Media.Addr().Is6() {
		family = "IP6"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %[1]s %[2]s\r\nt=0 0\r\n", family, d.Media.Addr())
	profile := "RTP/AVP"
	if d.Secure {
		profile = "RTP/SAVP"
	}
	name := "PCMU"
	if d.PayloadType == payloadTypePCMA {
		name = "PCMA"
	}
	fmt.Fprintf(&b, "m=audio %d %s %d\r\na=rtpmap:%[3]d %[4]s/8000\r\na=ptime:20\r\n", d.Media.Port(), profile, d.PayloadType, name)
	if d.Secure {
		fmt.Fprintf(&b, "a=crypto:%s %s inline:%s\r\n", d.CryptoTag, suite, d.Key)
	}
	b.WriteString("a=sendrecv\r\n")
	return b.String()
}

// parseDescription reads what a server wrote; of several keys, the first of our suite.
func parseDescription(text string) (description, error) {
	var d description
	var address netip.Addr
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		kind, value, _ := strings.Cut(line, "=")
		fields := strings.Fields(value)
		switch {
		case kind == "c" && len(fields) == 3:
			a, err := netip.ParseAddr(fields[2])
			if err != nil {
				return d, fmt.Errorf("sdp: %q: %w", line, err)
			}
			address = a
		case kind == "m":
			if d.Media.Port() != 0 {
				return d, errors.New("sdp: more than one stream")
			}
			var port uint16
			if _, err := fmt.Sscanf(value, "audio %d", &port); err != nil || port == 0 || len(fields) < 4 {
				return d, fmt.Errorf("sdp: %q is no open audio stream", line)
			}
			if _, err := fmt.Sscan(fields[3], &d.PayloadType); err != nil {
				return d, fmt.Errorf("sdp: %q: %w", line, err)
			}
			d.Secure = fields[2] == "RTP/SAVP" || fields[2] == "RTP/SAVPF"
			d.Media = netip.AddrPortFrom(address, port)
		case kind == "a" && strings.HasPrefix(value, "crypto:") && len(fields) >= 3 && fields[1] == suite && d.Key == "":
			key, found := strings.CutPrefix(fields[2], "inline:")
			if !found {
				return d, fmt.Errorf("sdp: %q has no inline key", line)
			}
			d.Key, _, _ = strings.Cut(key, "|")
			d.CryptoTag = strings.TrimPrefix(fields[0], "crypto:")
		}
	}
	d.Media = netip.AddrPortFrom(address, d.Media.Port())
	switch {
	case d.Media.Port() == 0 || !address.IsValid():
		return d, errors.New("sdp: no audio stream with an address")
	case d.Secure && d.Key == "":
		return d, fmt.Errorf("sdp: no key of %s", suite)
	}
	return d, nil
}
