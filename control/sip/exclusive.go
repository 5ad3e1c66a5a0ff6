package sip

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// Exclusive is Comm Exclusive (S4): sources that fail to authenticate are blocked for a while. Zero values mean the
// defaults stated.
type Exclusive struct {
	// Silent answers nothing to a blocked source; otherwise it is refused, whatever its password.
	Silent bool
	// Limit is how many failures block; default 2.
	Limit int
	// RegisterBlock and MessageBlock are how long, for REGISTER and for everything else; 60 s and 600 s, negative never.
	RegisterBlock, MessageBlock time.Duration
}

// exclusiveMost bounds the sources remembered. Each has answered a challenge, so has an address of its own.
const exclusiveMost = 1 << 14

// challengeRest is how long a number that was refused is given no other challenge than that in its refusal. It is short
// enough for a phone that asks anew: its second retransmission (RFC 3261 17.1.2.1) comes later.
const challengeRest = time.Second

// exclusive remembers which sources have failed. What counts is an answer to a fresh challenge of ours with the wrong
// number, user or password: the nonce is bound to the source address, so that a forged source never gets one to
// answer and cannot lock out the phone it forges. Failures are forgotten when the block they could lead to would be
// over, and what comes while a source is blocked does not prolong it: a phone set right again comes back by itself.
//
//	challenge 401, wrong 401, wrong 401 .. the Limit-th wrong 403, blocked ──RegisterBlock──► forgotten
//
// A refusal brings the next challenge, so that a source gets Limit+1 answers in all, however fast it guesses: what asks
// once more for a challenge instead of answering the one it has is treated as if it were blocked for challengeRest.
type exclusive struct {
	config Exclusive

	mu      sync.Mutex // guards the following
	sources map[netip.Addr]*source
}

// source is one address, or one IPv6 network of /64, within which addresses cost nothing.
type source struct {
	register, message failures
}

type failures struct {
	count int
	until time.Time // forgotten then, and unblocked
	last  attempt   // counted last
}

// attempt is a wrong answer to a challenge. What the source wrote is kept as hashes, for it may be long.
type attempt struct {
	from          netip.AddrPort
	tel, response [sha256.Size]byte // response: nonce and digest, which a retransmission repeats
	at            time.Time
}

func newAttempt(from netip.AddrPort, tel, response string, at time.Time) attempt {
	return attempt{from, sha256.Sum256([]byte(tel)), sha256.Sum256([]byte(response)), at}
}

func newExclusive(c Exclusive) *exclusive {
	c.Limit = or(c.Limit, 2)
	c.RegisterBlock = or(c.RegisterBlock, 60*time.Second)
	c.MessageBlock = or(c.MessageBlock, 600*time.Second)
	return &exclusive{config: c, sources: make(map[netip.Addr]*source)}
}

// sourceKey is what is blocked for an address.
func sourceKey(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64) // cannot fail on a valid IPv6 address
	return p.Addr()
}

func (x *exclusive) kind(s *source, register bool) (*failures, time.Duration) {
	if register {
		return &s.register, x.config.RegisterBlock
	}
	return &s.message, x.config.MessageBlock
}

// blocked says whether requests of that kind from the source are not to be looked at.
func (x *exclusive) blocked(a netip.Addr, register bool, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.sources[sourceKey(a)]
	if s == nil {
		return false
	}
	f, _ := x.kind(s, register)
	return f.count >= x.config.Limit && now.Before(f.until)
}

// challenged says whether the refusal of that number's last attempt has only just brought it a challenge.
func (x *exclusive) challenged(from netip.AddrPort, tel string, register bool, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.sources[sourceKey(from.Addr())]
	if s == nil {
		return false
	}
	f, wait := x.kind(s, register)
	return wait > 0 && f.last.from == from && f.last.tel == sha256.Sum256([]byte(tel)) && now.Sub(f.last.at) < challengeRest
}

// failed counts a failure; block is how long the source is blocked now, 0 while it is not. again: it was a
// retransmission, which counts for nothing.
func (x *exclusive) failed(a attempt, register bool) (block time.Duration, again bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	key, now := sourceKey(a.from.Addr()), a.at
	s := x.sources[key]
	if s == nil {
		x.makeRoom(now)
		s = &source{}
		x.sources[key] = s
	}
	f, wait := x.kind(s, register)
	if now.Before(f.until) && f.last.response == a.response {
		return 0, true
	}
	f.last = a
	if wait <= 0 {
		return 0, false
	}
	if !now.Before(f.until) {
		f.count = 0
	}
	f.count++
	f.until = now.Add(wait)
	if f.count >= x.config.Limit {
		return wait, false
	}
	return 0, false
}

// makeRoom forgets what is over, and when that is not enough any one source; mu is held.
func (x *exclusive) makeRoom(now time.Time) {
	if len(x.sources) < exclusiveMost {
		return
	}
	for a, s := range x.sources {
		if !now.Before(s.register.until) && !now.Before(s.message.until) {
			delete(x.sources, a)
		}
	}
	for a := range x.sources {
		if len(x.sources) < exclusiveMost {
			break
		}
		delete(x.sources, a)
	}
}

// refused notes a failed authentication, an answer to a challenge, in the access log and against its source, and says
// whether that is blocked now.
func (s *Stack) refused(method, tel, response string, f Flow, now time.Time) (blocked bool) {
	block, again := s.exclusive.failed(newAttempt(f.Remote, tel, response, now), method == "REGISTER")
	if again {
		return false
	}
	reason := "SIP " + method + " IP/TELNO Invalid" // as the access log of old says it (S5)
	s.access.add(f.Remote.Addr(), tel, reason, now)
	// One line for each failure, for programs such as fail2ban: at most Limit in a block's time from one source.
	if block > 0 {
		s.log.Warn("sip access refused", "ip", f.Remote.Addr().String(), "tel", clean(tel), "reason", reason, "blocked", block)
	} else {
		s.log.Warn("sip access refused", "ip", f.Remote.Addr().String(), "tel", clean(tel), "reason", reason)
	}
	return block > 0
}

// shut says whether a source is blocked. A phone that is registered goes on with its number from the very address and
// port it is registered from, whoever else fails behind the same NAT.
func (s *Stack) shut(f Flow, tel string, register bool) bool {
	return s.exclusive.blocked(f.Remote.Addr(), register, time.Now()) && !s.registrar.owns(tel, f)
}
