package sip

import (
	"slices"
	"strings"
	"sync"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// Credentials answer digest challenges to requests of ours (RFC 3261 22.2, 22.3). They are given for each peer, so that
// nobody else who challenges us gets anything to guess a password from.
type Credentials struct{ User, Password string }

// clientAuth answers the challenges of one peer, as origin server (401) and as proxy (407). Later requests carry
// answers to the last challenges without being asked. A nil clientAuth answers nothing. Safe for concurrent use.
type clientAuth struct {
	cred Credentials

	mu         sync.Mutex // guards the following
	www, proxy answering
	invite     []Header // what the last INVITE carried, which its ACK repeats (RFC 3261 22.1)
}

// answering is one challenge and how often it has been answered.
type answering struct {
	challenge *digest.Challenge
	count     int
}

// rounds counts the challenges to one request of ours.
type rounds struct{ www, proxy int }

// maxRounds bounds how often one request is sent again because its nonce was stale.
const maxRounds = 3

func newClientAuth(c *Credentials) *clientAuth {
	if c == nil {
		return nil
	}
	return &clientAuth{cred: *c}
}

// answers takes a response. True: it was a challenge that can be met, and the request is to be sent again. A second
// challenge to the same request means that the password is wrong, unless the nonce was merely too old.
func (a *clientAuth) answers(res *gosip.Response, r *rounds) bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	slot, n, name := &a.www, &r.www, "www-authenticate"
	switch res.StatusCode {
	case 401:
	case 407:
		slot, n, name = &a.proxy, &r.proxy, "proxy-authenticate"
	default:
		return false
	}
	c := pickChallenge(values(res, name))
	if c == nil || *n > 0 && !c.Stale || *n >= maxRounds {
		return false
	}
	*n++
	*slot = answering{challenge: c}
	return true
}

// pickChallenge returns the first challenge we can meet, as the server prefers (RFC 8760 2.4); nil when there is none.
func pickChallenge(list []string) *digest.Challenge {
	for _, v := range list {
		c, err := digest.ParseChallenge(v)
		if err != nil || c.Nonce == "" || c.Userhash {
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.ToLower(strings.TrimSpace(c.QOP[i]))
		}
		switch strings.ToUpper(c.Algorithm) {
		case "", "MD5", "SHA-256":
		default:
			continue
		}
		if len(c.QOP) > 0 {
			if !slices.Contains(c.QOP, "auth") {
				continue
			}
			c.QOP = []string{"auth"}
		}
		return c
	}
	return nil
}

// authorize puts answers to the challenges known into a request.
func (a *clientAuth) authorize(req *gosip.Request) {
	if a == nil || req.Method == gosip.CANCEL {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if req.Method == gosip.ACK {
		addHeaders(req, a.invite)
		return
	}
	var list []Header
	for _, s := range []struct {
		name string
		slot *answering
	}{{"Authorization", &a.www}, {"Proxy-Authorization", &a.proxy}} {
		if s.slot.challenge == nil {
			continue
		}
		s.slot.count++
		c, err := digest.Digest(s.slot.challenge, digest.Options{
			Method: string(req.Method), URI: req.Recipient.String(), Count: s.slot.count,
			Username: a.cred.User, Password: a.cred.Password,
		})
		if err != nil {
			continue // pickChallenge lets nothing pass that Digest does not know
		}
		list = append(list, Header{s.name, c.String()})
	}
	if req.Method == gosip.INVITE {
		a.invite = list
	}
	addHeaders(req, list)
}

// ask sends the request that build makes and, when it is challenged and auth can meet that, the one that build makes
// then, which must have a higher CSeq. Everything but the first send runs through on, the goroutine or actor the
// request belongs to: build, respond with every other response, fail.
func (s *Stack) ask(auth *clientAuth, on func(func()), f Flow, build func() *gosip.Request, respond func(*gosip.Response), fail func(error)) {
	var r rounds
	var send func()
	send = func() {
		s.request(build(), f,
			func(res *gosip.Response) {
				on(func() {
					if auth.answers(res, &r) {
						send()
						return
					}
					respond(res)
				})
			},
			func(err error) { on(func() { fail(err) }) })
	}
	send()
}

// atOnce runs what ask runs on the goroutine that reads the response.
func atOnce(f func()) { f() }
