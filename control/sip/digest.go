package sip

import (
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// digestAuth checks digest credentials (RFC 7616, RFC 8760) of REGISTER and INVITE. It answers before any state exists:
// a request without credentials costs one HMAC and no memory, and an unknown number is challenged and refused exactly
// like a known one with a wrong password.
type digestAuth struct {
	s      *Stack
	nonces *nonces
	decoy  HA1 // what unknown numbers are compared with, so that they take as long
}

// verdict is what became of a request's credentials.
type verdict uint8

const (
	authOK     verdict = iota
	authAsk            // none, or not for a nonce of ours: challenge
	authStale          // old nonce, or a used one with the right password: challenge with stale=true
	authDenied         // wrong number, user or password: challenge again
	authBarred         // the same, once too often
	authShut           // not looked at
)

func newDigestAuth(s *Stack) *digestAuth {
	return &digestAuth{s: s, nonces: newNonces(s.secret), decoy: NewHA1(token(8), s.config.Realm, token(8))}
}

// check judges a request for the station with that number.
func (a *digestAuth) check(req *gosip.Request, tel string, f Flow) (Account, verdict) {
	now, source := time.Now(), f.Remote.Addr()
	cred := a.credentials(req)
	if cred == nil {
		return Account{}, authAsk
	}
	no, ours, fresh := a.nonces.open(cred.Nonce, source, now)
	if !ours {
		return Account{}, authAsk
	}
	if !fresh { // others may have seen it, so it counts against nobody; and whether the password is right is not told, or guessing were free
		return Account{}, authStale
	}
	acc, found := a.s.config.Accounts.ByTel(tel)
	ha1 := acc.HA1
	if !found {
		ha1 = a.decoy
	}
	user := subtle.ConstantTimeCompare([]byte(cred.Username), []byte(acc.UserID))
	if user&response(cred, string(req.Method), ha1) != 1 || !found {
		if a.s.refused(string(req.Method), tel, cred.Nonce+cred.Response, f, now) {
			return Account{}, authBarred
		}
		return Account{}, authDenied
	}
	nc := uint32(cred.Nc)
	if cred.QOP == "" {
		nc = 1 // RFC 2069: no count, so each nonce is good for one request
	}
	if !a.nonces.use(no, nc, now) {
		return Account{}, authStale
	}
	return acc, authOK
}

// credentials returns the Authorization for our realm with a nonce that looks like ours, or nil.
func (a *digestAuth) credentials(req *gosip.Request) *digest.Credentials {
	for _, v := range values(req, "authorization") {
		if c, err := digest.ParseCredentials(v); err == nil && c.Realm == a.s.config.Realm && c.Nc >= 0 && !c.Userhash {
			return c
		}
	}
	return nil
}

// response compares the digest of the request with that of the stored hash, in constant time: 1 equal, 0 not.
func response(c *digest.Credentials, method string, ha1 HA1) int {
	a1 := ha1.MD5
	switch strings.ToUpper(c.Algorithm) {
	case "", "MD5":
	case "SHA-256":
		a1 = ha1.SHA256
	default:
		return 0
	}
	ch := &digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, Algorithm: c.Algorithm, Opaque: c.Opaque}
	switch c.QOP {
	case "":
	case "auth":
		ch.QOP = []string{"auth"}
	default:
		return 0
	}
	if a1 == "" || c.QOP != "" && (c.Nc == 0 || c.Cnonce == "") {
		return 0
	}
	want, err := digest.Digest(ch, digest.Options{Method: method, URI: c.URI, Count: c.Nc, Cnonce: c.Cnonce, Username: c.Username, A1: a1})
	if err != nil {
		return 0
	}
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(c.Response)), []byte(want.Response))
}

// challenge answers 401, statelessly. MD5 comes first: phones take the first line they understand, and some stumble
// over one they do not.
func (a *digestAuth) challenge(req *gosip.Request, f Flow, stale bool) {
	a.s.count.challenged.Add(1)
	n := a.nonces.mint(f.Remote.Addr(), time.Now())
	algorithms := []string{"MD5"}
	if a.s.config.OfferSHA256 {
		algorithms = append(algorithms, "SHA-256")
	}
	var headers []Header
	for _, algorithm := range algorithms {
		v := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`, quoted(a.s.config.Realm), n, algorithm)
		if stale {
			v += ", stale=true"
		}
		headers = append(headers, Header{"WWW-Authenticate", v})
	}
	a.s.stateless(req, f, 401, "", headers...)
}

// authenticate checks a request and answers it unless it passed.
func (s *Stack) authenticate(req *gosip.Request, f Flow, tel string) (Account, verdict) {
	register := req.Method == gosip.REGISTER
	if s.shut(f, tel, register) {
		s.turnAway(req, f)
		return Account{}, authShut
	}
	acc, v := s.digest.check(req, tel, f)
	switch {
	case v == authAsk && s.exclusive.challenged(f.Remote, tel, register, time.Now()):
		s.turnAway(req, f)
	case v == authAsk || v == authStale:
		s.digest.challenge(req, f, v == authStale)
	case v == authDenied: // RFC 7616 3.3: the refusal is a challenge, which a phone does not answer with the same password
		s.count.forbidden.Add(1)
		s.digest.challenge(req, f, false)
	case v == authBarred:
		s.count.forbidden.Add(1)
		s.stateless(req, f, 403, "")
	}
	return acc, v
}

// turnAway answers what is not looked at as Comm Exclusive says: with 403, or nothing.
func (s *Stack) turnAway(req *gosip.Request, f Flow) {
	s.count.blocked.Add(1)
	if !s.exclusive.config.Silent {
		s.stateless(req, f, 403, "")
	}
}

// Authenticate says which station calls: by digest, or, when Config.AuthInvites is off or the account says so, by the
// address that station is registered from (S8). ok false: the INVITE has been answered (401, 403).
func (in *Invite) Authenticate() (acc Account, ok bool) {
	if in.answered {
		return Account{}, false
	}
	s := in.s
	tel := in.tel()
	acc, found := s.config.Accounts.ByTel(tel)
	if found && (acc.ByAddress || !s.config.AuthInvites) && s.registrar.Registered(tel, in.flow.Remote.Addr()) {
		ok = true
	} else if s.config.AuthInvites { // also when a station let in by address calls from elsewhere: nobody learns that it is one
		var v verdict
		acc, v = s.authenticate(in.req, in.flow, tel)
		ok = v == authOK
	} else {
		s.count.forbidden.Add(1)
		s.limit.warn("call from an unregistered address", "tel", clean(tel), "peer", in.flow.Remote)
		s.stateless(in.req, in.flow, 403, "")
	}
	if !ok {
		in.answered = true
		return Account{}, false
	}
	in.flow.nat = acc.NAT == NATYes || acc.NAT == NATAuto && s.config.Registrar.NATCheckPort
	return acc, true
}

// Registered says whether the caller, authenticated or not, calls from the address its number is registered from;
// calls from elsewhere never use station features (S8).
func (in *Invite) Registered() bool {
	return in.s.registrar.Registered(in.tel(), in.flow.Remote.Addr())
}
