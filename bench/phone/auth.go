package phone

import (
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// challenge is what the server asked for last; later requests answer it unasked, with a rising count.
type challenge struct {
	*digest.Challenge
	header string // the header the credentials go into
	count  int
}

// exchange is a request that is repeated with credentials when it is challenged. Owned by the actor.
type exchange struct {
	request     *sip.Request // complete but for Via, CSeq and credentials
	destination string
	sequence    *uint32 // the last CSeq number, advanced by every attempt
	provisional func(*sip.Response)
	// final gets what ended the exchange, nil for no answer at all, and every repeated 2xx of an INVITE.
	final func(sent *sip.Request, response *sip.Response)

	current *sip.Request // the latest attempt
	asked   *challenge   // by whom it was challenged in this exchange
}

// exchange starts e.
func (p *Phone) exchange(e *exchange) {
	request := e.request.Clone()
	if e.request.Body() == nil {
		request.SetBody(nil)
	}
	*e.sequence++
	request.PrependHeader(p.via())
	request.AppendHeader(&sip.CSeqHeader{SeqNo: *e.sequence, MethodName: request.Method})
	if p.challenge != nil {
		p.authorize(request)
	}
	used := p.challenge
	e.current = request
	p.transact(request, e.destination, func(response *sip.Response) {
		switch {
		case response == nil:
			e.final(request, nil)
		case response.IsProvisional():
			if e.provisional != nil && response.StatusCode > 100 {
				e.provisional(response)
			}
		case response.StatusCode == sip.StatusUnauthorized || response.StatusCode == sip.StatusProxyAuthRequired:
			next, stale := parseChallenge(response)
			// Credentials that answered this very exchange's challenge were refused, not outdated.
			if next == nil || e.asked != nil && used == e.asked && !stale {
				p.challenge = nil
				e.final(request, response)
				return
			}
			p.challenge, e.asked = next, next
			p.exchange(e)
		default:
			e.final(request, response)
		}
	})
}

// parseChallenge returns the first challenge that can be answered.
func parseChallenge(response *sip.Response) (c *challenge, stale bool) {
	ask, answer := "WWW-Authenticate", "Authorization"
	if response.StatusCode == sip.StatusProxyAuthRequired {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, h := range response.GetHeaders(ask) {
		parsed, err := digest.ParseChallenge(h.Value())
		if err == nil && digest.CanDigest(parsed) {
			return &challenge{Challenge: parsed, header: answer}, parsed.Stale
		}
	}
	return nil, false
}

// authorize adds credentials for the current challenge.
func (p *Phone) authorize(request *sip.Request) {
	p.challenge.count++
	credentials, err := digest.Digest(p.challenge.Challenge, digest.Options{
		Method:   string(request.Method),
		URI:      request.Recipient.String(),
		Username: p.cfg.UserID,
		Password: p.cfg.Password,
		Count:    p.challenge.count,
	})
	if err != nil {
		p.log.Warn("challenge cannot be answered", "err", err)
		return
	}
	request.AppendHeader(sip.NewHeader(p.challenge.header, strings.TrimSpace(credentials.String())))
}
