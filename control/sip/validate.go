package sip

import (
	"slices"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// fault is why a request is refused before anything else looks at it.
type fault struct {
	code    int
	reason  string
	headers []Header
}

// broken finds what makes a request unfit for a transaction: RFC 3261 8.1.1's mandatory headers, once each, and a
// CSeq that names the method. Such a request gets a stateless 400 if its Via says where to.
func broken(req *gosip.Request) *fault {
	bad := func(reason string) *fault { return &fault{code: 400, reason: reason} }
	via := req.Via()
	switch {
	case via == nil || via.Host == "":
		return bad("Bad Via")
	case slices.ContainsFunc(req.GetHeaders("via"), badVia):
		return bad("Bad Via")
	case req.From() == nil || len(req.GetHeaders("from")) != 1:
		return bad("Bad From")
	case fromTag(req) == "" && !old(req):
		return bad("Missing From Tag")
	case req.To() == nil || len(req.GetHeaders("to")) != 1:
		return bad("Bad To")
	case callID(req) == "" || len(req.GetHeaders("call-id")) != 1:
		return bad("Bad Call-ID")
	case req.CSeq() == nil || len(req.GetHeaders("cseq")) != 1:
		return bad("Bad CSeq")
	case strings.TrimSpace(string(req.CSeq().MethodName)) != string(req.Method):
		return bad("CSeq Method Mismatch")
	case len(req.GetHeaders("max-forwards")) > 0 && req.MaxForwards() == nil:
		return bad("Bad Max-Forwards")
	case req.MaxForwards() != nil && req.MaxForwards().Val() > 255:
		return bad("Bad Max-Forwards")
	case len(req.GetHeaders("content-length")) > 0 && req.ContentLength() == nil:
		return bad("Bad Content-Length")
	case len(req.GetHeaders("content-length")) > 1:
		return bad("Several Content-Length")
	}
	return nil
}

// badVia finds a Via that does not parse, lacks a host or has parameters without a name.
func badVia(h gosip.Header) bool {
	via, ok := h.(*gosip.ViaHeader)
	return !ok || via.Host == "" || strings.Contains(via.Host, ",") ||
		slices.ContainsFunc(via.Params, func(p gosip.HeaderKV) bool { return strings.Trim(p.K, " ,") == "" })
}

// acceptsSDP says whether a session description may be sent in answer to the request (RFC 3261 20.1).
func acceptsSDP(req *gosip.Request) bool {
	list := tokens(req, "accept")
	return len(list) == 0 || slices.ContainsFunc(list, func(t string) bool {
		t, _, _ = strings.Cut(strings.ToLower(t), ";")
		return slices.Contains([]string{sdpType, "application/*", "*/*"}, strings.TrimSpace(t))
	})
}

// old says that the request comes from a peer of RFC 2543, which knows no From tag.
func old(req *gosip.Request) bool {
	b, _ := param(req.Via().Params, "branch")
	return !strings.HasPrefix(b, gosip.RFC3261BranchMagicCookie)
}

// known are the methods the stack has a meaning for; others are 501, known ones out of place 405.
var known = map[gosip.RequestMethod]bool{
	gosip.INVITE: true, gosip.ACK: true, gosip.CANCEL: true, gosip.BYE: true, gosip.OPTIONS: true, gosip.REGISTER: true,
	gosip.INFO: true, gosip.UPDATE: true, gosip.REFER: true, gosip.NOTIFY: true, gosip.MESSAGE: true,
	gosip.SUBSCRIBE: true, gosip.PUBLISH: true, gosip.PRACK: true,
}

// unacceptable finds what a well-formed request asks that we do not do (RFC 3261 8.2.1 to 8.2.3). ACK and CANCEL are
// never refused.
func (s *Stack) unacceptable(req *gosip.Request) *fault {
	if req.Method == gosip.ACK || req.Method == gosip.CANCEL {
		return nil
	}
	if !strings.EqualFold(req.SipVersion, "SIP/2.0") {
		return &fault{code: 505}
	}
	if !known[req.Method] {
		return &fault{code: 501, headers: []Header{{"Allow", s.allow}}}
	}
	switch req.Recipient.Scheme {
	case "sip", "sips", "tel":
	default:
		return &fault{code: 416}
	}
	if m := req.MaxForwards(); m != nil && m.Val() == 0 && toTag(req) == "" && req.Method != gosip.OPTIONS && req.Method != gosip.REGISTER {
		return &fault{code: 483}
	}
	unknown := slices.DeleteFunc(tokens(req, "require"), func(t string) bool {
		return slices.Contains(strings.Split(supported, ", "), strings.ToLower(t))
	})
	if len(unknown) > 0 {
		return &fault{code: 420, headers: []Header{{"Unsupported", strings.Join(unknown, ", ")}}}
	}
	if why := tooBrief(req); why != nil {
		return why
	}
	if req.Method == gosip.INVITE && !acceptsSDP(req) {
		return &fault{code: 406, headers: []Header{{"Accept", sdpType}}}
	}
	if len(req.Body()) == 0 || req.Method != gosip.INVITE && req.Method != gosip.UPDATE {
		return nil
	}
	if e := value(req, "content-encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return &fault{code: 415, headers: []Header{{"Accept-Encoding", "identity"}}}
	}
	if sdp(req) == nil && !optionalBody(req) {
		return &fault{code: 415, headers: []Header{{"Accept", sdpType}}}
	}
	return nil
}

// supported are the extensions we know: Supported of what we send, and what may stand in Require.
const supported = "100rel, timer, replaces, norefersub"

// allowed is the Allow header.
func allowed(more []string) string {
	list := []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REGISTER"}
	for _, m := range more {
		if validToken(m) {
			list = append(list, strings.ToUpper(m))
		}
	}
	return strings.Join(list, ", ")
}
