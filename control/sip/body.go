package sip

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

const sdpType = "application/sdp"

// The limits of a body of several parts (RFC 2046 5.1); more of either is not looked at.
const (
	maxParts = 16
	maxDepth = 3 // parts that have parts of their own
)

// sdp returns the session description of a message, nil when it has none: its body, or a part of it, as carriers and phones send
// beside a location, a picture or ISUP (RFC 5621 3.1).
func sdp(msg gosip.Message) []byte {
	b := msg.Body()
	if len(b) == 0 {
		return nil
	}
	t := value(msg, "content-type")
	if t == "" { // a phone that names no type means SDP
		return b
	}
	return sdpIn(t, b, maxDepth)
}

// sdpIn finds the description in a body of that type: of parts the first that has one, and of alternatives too, since those that
// we understand are all SDP.
func sdpIn(contentType string, body []byte, depth int) []byte {
	t, _, _ := strings.Cut(contentType, ";")
	if t = strings.ToLower(strings.TrimSpace(t)); t == sdpType {
		return body
	}
	if !strings.HasPrefix(t, "multipart/") || depth == 0 {
		return nil
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range maxParts {
		p, err := parts.NextRawPart()
		if err != nil {
			return nil
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return nil
		}
		if found := sdpIn(p.Header.Get("Content-Type"), b, depth-1); len(found) > 0 {
			return found
		}
	}
	return nil
}

// optionalBody says that a body may be ignored (RFC 3261 20.11).
func optionalBody(msg gosip.Message) bool {
	return strings.Contains(strings.ToLower(value(msg, "content-disposition")), "handling=optional")
}
