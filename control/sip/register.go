package sip

import (
	"net/http"
	"slices"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// maxWishes bounds the contacts of one REGISTER.
const maxWishes = 16

// receiveRegister handles REGISTER (RFC 3261 10.3): challenge and refusal are stateless, and only a request with the
// right password gets a transaction, whose kept 200 absorbs retransmissions.
func (s *Stack) receiveRegister(req *gosip.Request, f Flow) {
	tel := userOf(req.To().Address)
	acc, v := s.authenticate(req, f, tel)
	if v == authDenied || v == authBarred {
		s.rejected(tel, f, "authentication failed")
	}
	if v != authOK {
		return
	}
	tx, created := s.newServerTx(req, f, token(8))
	if !created {
		return
	}
	respond := func(code int, reason string, headers ...Header) {
		tx.respond(s.newResponse(req, code, reason, tx.tag, headers...))
	}
	if userOf(req.From().Address) != tel {
		s.NoteAccess(f.Remote.Addr(), tel, "third-party registration")
		s.rejected(tel, f, "third-party registration")
		respond(403, "")
		return
	}
	wishes, all, bad := s.wishes(req)
	if bad != "" {
		respond(400, bad)
		return
	}
	bound, no := s.registrar.update(acc, req, f, wishes, all)
	if no != nil {
		if no.code == 403 {
			s.NoteAccess(f.Remote.Addr(), tel, no.reason)
		}
		respond(no.code, no.reason, no.headers...)
		return
	}
	respond(200, "", append(bound, Header{"Date", time.Now().UTC().Format(http.TimeFormat)})...)
}

func (s *Stack) rejected(tel string, f Flow, why string) {
	s.registrar.config.OnChange(RegistrationEvent{Kind: Rejected, Binding: Binding{Tel: tel, Source: f.Remote, Flow: f}, Reason: why})
}

// wishes reads the Contacts: each with its own expires, else the Expires header's, else the default. bad is a reason for 400.
func (s *Stack) wishes(req *gosip.Request) (out []wish, all bool, bad string) {
	list := contacts(req)
	if len(list) != len(req.GetHeaders("contact"))+len(req.GetHeaders("m")) {
		return nil, false, "Bad Contact"
	}
	if len(list) > maxWishes {
		return nil, false, "Too Many Contacts"
	}
	header := seconds(value(req, "expires"), s.registrar.config.Expires)
	for _, c := range list {
		if c.Address.Wildcard {
			if len(list) != 1 || value(req, "expires") != "0" {
				return nil, false, "Bad Wildcard Contact"
			}
			return nil, true, ""
		}
		if c.Address.Scheme != "sip" && c.Address.Scheme != "sips" || c.Address.Host == "" {
			return nil, false, "Bad Contact"
		}
		w := wish{uri: *c.Address.Clone(), asked: header}
		if e, ok := param(c.Params, "expires"); ok {
			w.asked = seconds(e, s.registrar.config.Expires)
		}
		out = append(slices.DeleteFunc(out, func(o wish) bool { return same(o.uri, w.uri) }), w) // of one that is named twice the last counts
	}
	return out, false, ""
}
