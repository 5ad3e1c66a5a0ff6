package phone

import (
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// userAgent is how the phone calls itself.
const userAgent = "sidetone bench phone"

const allowed = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY"

// token returns a fresh random tag, branch or Call-ID.
func token() string { return rand.Text() }

func maxForwards() sip.Header {
	h := sip.MaxForwardsHeader(70)
	return &h
}

// via names this phone, with a fresh branch and rport (RFC 3581).
func (p *Phone) via() *sip.ViaHeader {
	v := &sip.ViaHeader{
		ProtocolName:    "SIP",
		ProtocolVersion: "2.0",
		Transport:       strings.ToUpper(p.cfg.Transport),
		Host:            bracket(p.wire.local.Addr().String()),
		Port:            int(p.wire.local.Port()),
		Params:          sip.NewParams(),
	}
	v.Params.Add("branch", "z9hG4bK"+token())
	v.Params.Add("rport", "")
	return v
}

// contact is the URI at which this phone is reached.
func (p *Phone) contact() *sip.Uri {
	u := &sip.Uri{Scheme: "sip", User: p.cfg.Tel, Host: bracket(p.wire.local.Addr().String()), Port: int(p.wire.local.Port())}
	if p.cfg.Transport == "tcp" {
		u.UriParams = sip.NewParams()
		u.UriParams.Add("transport", "tcp")
	}
	return u
}

// identity is the phone's address of record, with user in place of its own number when given.
func (p *Phone) identity(user string) sip.Uri {
	if p.cfg.Domain == "" {
		u := *p.contact()
		u.User = user
		return u
	}
	host, port := hostPort(p.cfg.Domain)
	return sip.Uri{Scheme: "sip", User: user, Host: bracket(host), Port: port}
}

// bracket puts an IPv6 address into the brackets URIs and Vias need.
func bracket(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

func (p *Phone) allow() sip.Header {
	if p.cfg.NoUpdate {
		return sip.NewHeader("Allow", strings.Replace(allowed, " UPDATE,", "", 1))
	}
	return sip.NewHeader("Allow", allowed)
}

// request builds what all requests share but Via and CSeq.
func (p *Phone) request(method sip.RequestMethod, target sip.Uri, from sip.Uri, fromTag string, to sip.Uri, toTag, callID string) *sip.Request {
	r := sip.NewRequest(method, target)
	r.AppendHeader(maxForwards())
	f := &sip.FromHeader{Address: from, Params: sip.NewParams()}
	f.Params.Add("tag", fromTag)
	r.AppendHeader(f)
	t := &sip.ToHeader{Address: to, Params: sip.NewParams()}
	if toTag != "" {
		t.Params.Add("tag", toTag)
	}
	r.AppendHeader(t)
	id := sip.CallIDHeader(callID)
	r.AppendHeader(&id)
	r.AppendHeader(&sip.ContactHeader{Address: *p.contact(), Params: sip.NewParams()})
	r.AppendHeader(sip.NewHeader("User-Agent", userAgent))
	r.AppendHeader(p.allow())
	return r
}

// setBody attaches SDP or another body.
func setBody(m sip.Message, contentType string, body []byte) {
	if len(body) > 0 {
		h := sip.ContentTypeHeader(contentType)
		m.AppendHeader(&h)
	}
	m.SetBody(body)
}

// setTag gives a To header its tag, unless it has one.
func setTag(to *sip.ToHeader, tag string) {
	if to.Params == nil {
		to.Params = sip.NewParams()
	}
	if !to.Params.Has("tag") {
		to.Params.Add("tag", tag)
	}
}

var reasons = map[int]string{
	180: "Ringing", 200: "OK", 405: "Method Not Allowed", 481: "Call/Transaction Does Not Exist",
	486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
	500: "Server Internal Error", 603: "Decline",
}

func reason(code int) string {
	if r, ok := reasons[code]; ok {
		return r
	}
	return "Status " + strconv.Itoa(code)
}

// answerTo builds an answer without a body.
func (p *Phone) answerTo(request *sip.Request, code int) *sip.Response {
	r := sip.NewResponseFromRequest(request, code, reason(code), nil)
	r.AppendHeader(sip.NewHeader("User-Agent", userAgent))
	if code == sip.StatusMethodNotAllowed || code == sip.StatusOK && (request.Method == sip.OPTIONS || request.IsInvite()) {
		r.AppendHeader(p.allow())
	}
	return r
}
