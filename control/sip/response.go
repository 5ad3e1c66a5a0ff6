package sip

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// phrases are the reason phrases of RFC 3261 21 and of the extensions we send.
var phrases = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
	200: "OK", 202: "Accepted", 204: "No Notification", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily",
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
	413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
	422: "Session Interval Too Small", 423: "Interval Too Brief", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete",
	486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
	493: "Undecipherable", 500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
	504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large", 600: "Busy Everywhere",
	603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

func phrase(code int, given string) string {
	if given != "" {
		return clean(given)
	}
	if p := phrases[code]; p != "" {
		return p
	}
	return "Response"
}

// newResponse builds a response (RFC 3261 8.2.6): Via, From, To, Call-ID, CSeq of the request as they came, tag added
// to a To without one except in 100, Record-Route where it makes a dialog. Headers that did not parse are copied raw,
// so that even a request with a broken From can be answered 400.
func (s *Stack) newResponse(req *gosip.Request, code int, reason, tag string, headers ...Header) *gosip.Response {
	res := gosip.NewResponse(code, phrase(code, reason))
	for _, name := range []string{"via", "v", "from", "f", "to", "t", "call-id", "i", "cseq"} {
		for i, h := range req.GetHeaders(name) {
			if i > 0 && name != "via" && name != "v" {
				break
			}
			res.AppendHeader(gosip.HeaderClone(h))
		}
	}
	if req.Method == gosip.INVITE && code > 100 && code < 300 {
		for _, h := range req.GetHeaders("record-route") {
			res.AppendHeader(gosip.HeaderClone(h))
		}
	}
	if to := res.To(); to != nil && code > 100 && tag != "" {
		if _, ok := param(to.Params, "tag"); !ok {
			to.Params.Add("tag", tag)
		}
	}
	if code == 100 {
		for _, v := range values(req, "timestamp") {
			res.AppendHeader(gosip.NewHeader("Timestamp", clean(v)))
		}
	}
	addHeaders(res, headers)
	res.AppendHeader(gosip.NewHeader("Server", s.config.UserAgent))
	res.SetBody(nil)
	return res
}

// addHeaders appends what callers supply, made safe; a name that is no token is left out.
func addHeaders(msg gosip.Message, headers []Header) {
	for _, h := range headers {
		if validToken(h.Name) {
			msg.AppendHeader(gosip.NewHeader(h.Name, clean(h.Value)))
		}
	}
}

// setBody gives a message its body.
func setBody(msg gosip.Message, contentType string, body []byte) {
	if len(body) == 0 {
		return
	}
	ct := gosip.ContentTypeHeader(clean(contentType))
	msg.AppendHeader(&ct)
	msg.SetBody(body)
}

// stateless answers without a transaction: each retransmission of the request is answered anew, with the same To tag.
func (s *Stack) stateless(req *gosip.Request, f Flow, code int, reason string, headers ...Header) {
	res := s.newResponse(req, code, reason, s.statelessTag(req), headers...)
	_ = respondTo(req, f).send([]byte(res.String())) // the peer repeats a request whose answer was lost
}

// statelessTag is a To tag that the same request always gets (RFC 3261 8.2.7).
func (s *Stack) statelessTag(req *gosip.Request) string {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(strings.Join([]string{callID(req), fromTag(req), req.Via().Value()}, "\x00")))
	return hex.EncodeToString(h.Sum(nil)[:8])
}
