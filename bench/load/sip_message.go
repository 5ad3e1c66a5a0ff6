package load

import (
	"errors"
	"strconv"
	"strings"
)

// sipMessage is a SIP message as far as the bench must understand it (RFC 3261 section 7).
type sipMessage struct {
	method  string // of a request
	uri     string // of a request
	status  int    // of a response, else 0
	reason  string
	headers []sipHeader
}

type sipHeader struct{ name, value string }

var errSIP = errors.New("sip: malformed message")

// parseSIP reads start line and headers; folded lines do not occur here.
func parseSIP(text string) (sipMessage, error) {
	var m sipMessage
	head, _, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		return m, errSIP
	}
	start, rest, _ := strings.Cut(head, "\r\n")
	if line, isResponse := strings.CutPrefix(start, "SIP/2.0 "); isResponse {
		code, reason, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(code)
		if err != nil || n < 100 || n > 699 {
			return m, errSIP
		}
		m.status, m.reason = n, reason
	} else {
		fields := strings.Fields(start)
		if len(fields) != 3 || fields[2] != "SIP/2.0" {
			return m, errSIP
		}
		m.method, m.uri = fields[0], fields[1]
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return m, errSIP
		}
		m.headers = append(m.headers, sipHeader{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m, nil
}

// get returns the first header of a name.
func (m *sipMessage) get(name string) string {
	for _, h := range m.headers {
		if strings.EqualFold(h.name, name) {
			return h.value
		}
	}
	return ""
}

// sequence returns number and method of CSeq.
func (m *sipMessage) sequence() (number int, method string) {
	text, method, _ := strings.Cut(m.get("CSeq"), " ")
	number, _ = strconv.Atoi(text)
	return number, method
}

// contact returns the URI of the Contact header.
func (m *sipMessage) contact() string {
	value := m.get("Contact")
	if _, after, ok := strings.Cut(value, "<"); ok {
		uri, _, _ := strings.Cut(after, ">")
		return uri
	}
	uri, _, _ := strings.Cut(value, ";")
	return uri
}

// user returns the user part of a request's URI: sip:USER@…
func (m *sipMessage) user() string {
	_, rest, _ := strings.Cut(m.uri, ":")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

// write builds a message of a start line and headers, with a body of SDP if there is one.
func writeSIP(start string, headers []sipHeader, sdp string) []byte {
	b := make([]byte, 0, 1024)
	b = append(append(b, start...), "\r\n"...)
	for _, h := range headers {
		b = append(append(append(append(b, h.name...), ": "...), h.value...), "\r\n"...)
	}
	if sdp != "" {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(sdp)), 10)
	return append(append(b, "\r\n\r\n"...), sdp...)
}

// respond builds a response with what RFC 3261 section 8.2.6 has it copy. toTag may be "", for none.
func (m *sipMessage) respond(status, toTag, contact, sdp string) []byte {
	var headers []sipHeader
	for _, h := range m.headers {
		switch strings.ToLower(h.name) {
		case "to":
			if toTag != "" && !strings.Contains(h.value, ";tag=") {
				h.value += ";tag=" + toTag
			}
			headers = append(headers, h)
		case "via", "from", "call-id", "cseq", "record-route":
			headers = append(headers, h)
		}
	}
	if contact != "" {
		headers = append(headers, sipHeader{"Contact", contact})
	}
	return writeSIP("SIP/2.0 "+status, headers, sdp)
}
