package load

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/icholy/digest"
)

// Account is a station of the server, as its configuration has it.
type Account struct {
	Tel, UserID, Password string
}

// SIPConfig says who calls whom through which server.
type SIPConfig struct {
	Server   netip.AddrPort // of SIP over UDP
	Callers  []Account      // each calls the one at the same place in Callees, one call after the other
	Callees  []Account
	Window   time.Duration
	Patience time.Duration // how long a call may be without a step forward; default 5 s
}

// SIPResult is what SIPCalls measured.
type SIPResult struct {
	Calls int       // set up, answered and ended by both sides within the window
	Setup Histogram // from the INVITE to the 200
}

// sipEnd is the sockets of all callers, or of all callees: phones with many lines.
type sipEnd struct {
	wire    *wire
	contact string // after the user: "@127.0.0.1:5062"
}

// sipLine is a station on one of our ends.
type sipLine struct {
	Account
	end       *sipEnd
	challenge *digest.Challenge // the latest
	count     int               // of uses of its nonce
	asked     bool              // the request under way was answered by a challenge
}

// sipCalls is one run of SIPCalls.
type sipCalls struct {
	cfg             SIPConfig
	server          address
	realm           string // host and port of the server, as in URIs
	calling, called *sipEnd
	byCall          map[string]*sipCall
	byTel           map[string]*sipCall // by the callee's number
	names           int                 // of calls, branches and tags
	result          *SIPResult
	begun           int64
	ending          bool
	failed          error
	active          int // calls under way
}

// sipCall is one pair's place for one call at a time.
type sipCall struct {
	caller, callee *sipLine
	id, tag        string
	sequence       int
	invite         string // branch of the INVITE under way
	to             string // To with the other side's tag, once it is known
	target         string // the server's Contact
	started, moved int64  // when the INVITE was sent, and when something happened last
	answered       bool
	incoming       string // Call-ID of the INVITE that reached the callee
	callerDone     bool   // its BYE was answered
	calleeDone     bool   // it was sent a BYE
	awaits         string
}

// SIPCalls registers all stations, then has every pair call, answer and hang up, over and over, and returns how many
// calls were completed. Requests are authenticated as phones do it: with the challenge of the request before.
func SIPCalls(ctx context.Context, cfg SIPConfig) (*SIPResult, error) {
	if cfg.Patience == 0 {
		cfg.Patience = 5 * time.Second
	}
	if !cfg.Server.Addr().IsLoopback() || len(cfg.Callers) == 0 || len(cfg.Callers) != len(cfg.Callees) {
		return nil, fmt.Errorf("load: SIP calls need a server on loopback and pairs of stations")
	}
	s := &sipCalls{cfg: cfg, server: sockaddr(cfg.Server), realm: cfg.Server.String(), byCall: map[string]*sipCall{},
		byTel: map[string]*sipCall{}, result: &SIPResult{}}
	var err error
	if s.calling, err = openEnd(cfg.Server.Addr()); err != nil {
		return nil, err
	}
	defer s.calling.wire.close()
	if s.called, err = openEnd(cfg.Server.Addr()); err != nil {
		return nil, err
	}
	defer s.called.wire.close()
	var calls []*sipCall
	for i := range cfg.Callers {
		c := &sipCall{caller: &sipLine{Account: cfg.Callers[i], end: s.calling}, callee: &sipLine{Account: cfg.Callees[i], end: s.called}}
		for _, line := range []*sipLine{c.caller, c.callee} {
			if err := s.register(ctx, line); err != nil {
				return nil, err
			}
		}
		s.byTel[c.callee.Tel] = c
		calls = append(calls, c)
	}
	return s.result, s.run(ctx, calls)
}

func openEnd(local netip.Addr) (*sipEnd, error) {
	w, err := openWire(netip.AddrPortFrom(local, 0), controlPacket)
	if err != nil {
		return nil, err
	}
	return &sipEnd{wire: w, contact: "@" + w.local.String()}, nil
}

// name returns a word that was not there before.
func (s *sipCalls) name(prefix string) string {
	s.names++
	return fmt.Sprintf("%s%x-%d", prefix, s.calling.wire.local.Port(), s.names)
}

// request builds a request of a line.
func (s *sipCalls) request(l *sipLine, method, uri, branch, from, to, id string, sequence int, extra []sipHeader, sdp string) []byte {
	headers := append(make([]sipHeader, 0, 12),
		sipHeader{"Via", "SIP/2.0/UDP " + l.end.contact[1:] + ";rport;branch=z9hG4bK" + branch},
		sipHeader{"Max-Forwards", "70"},
		sipHeader{"From", from},
		sipHeader{"To", to},
		sipHeader{"Call-ID", id},
		sipHeader{"CSeq", fmt.Sprintf("%d %s", sequence, method)})
	if method == "INVITE" || method == "REGISTER" {
		headers = append(headers, sipHeader{"Contact", "<sip:" + l.Tel + l.end.contact + ">"})
	}
	return writeSIP(method+" "+uri+" SIP/2.0", append(headers, extra...), sdp)
}

// credentials answers the line's latest challenge, if it has one (RFC 7616).
func (l *sipLine) credentials(method, uri string) ([]sipHeader, error) {
	if l.challenge == nil {
		return nil, nil
	}
	l.count++
	c, err := digest.Digest(l.challenge, digest.Options{Method: method, URI: uri, Count: l.count, Username: l.UserID, Password: l.Password})
	if err != nil {
		return nil, fmt.Errorf("load: station %s: %w", l.Tel, err)
	}
	return []sipHeader{{"Authorization", c.String()}}, nil
}

// challenged keeps the challenge of a 401; a second one in a row is an error.
func (l *sipLine) challenged(m *sipMessage) error {
	if l.asked {
		return fmt.Errorf("load: station %s: credentials refused: %d %s", l.Tel, m.status, m.reason)
	}
	c, err := digest.ParseChallenge(m.get("WWW-Authenticate"))
	if err != nil {
		return fmt.Errorf("load: station %s: %w", l.Tel, err)
	}
	l.asked, l.challenge, l.count = true, c, 0
	return nil
}

// register registers a line and waits for the answer.
func (s *sipCalls) register(ctx context.Context, l *sipLine) error {
	uri, self := "sip:"+s.realm, "<sip:"+l.Tel+"@"+s.realm+">"
	id, tag := s.name("r"), s.name("t")
	for sequence := 1; ; sequence++ {
		credentials, err := l.credentials("REGISTER", uri)
		if err != nil {
			return err
		}
		l.end.wire.put(s.request(l, "REGISTER", uri, s.name("b"), self+";tag="+tag, self, id, sequence, append(credentials, sipHeader{"Expires", "600"}), ""), &s.server)
		l.end.wire.flush()
		m, err := s.await(ctx, l, id, sequence)
		if err != nil {
			return err
		}
		switch m.status {
		case 200:
			l.asked = false
			return nil
		case 401:
			if err := l.challenged(m); err != nil {
				return err
			}
		default:
			return fmt.Errorf("load: station %s: REGISTER was answered %d %s", l.Tel, m.status, m.reason)
		}
	}
}

// await returns the final response to a registration.
func (s *sipCalls) await(ctx context.Context, l *sipLine, id string, sequence int) (*sipMessage, error) {
	start := time.Now().UnixNano()
	for now := start; now-start < int64(s.cfg.Patience); now = time.Now().UnixNano() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, a := range l.end.wire.receive(now) {
			m, err := parseSIP(string(a.data))
			if number, _ := m.sequence(); err == nil && m.status >= 200 && m.get("Call-ID") == id && number == sequence {
				return &m, nil
			}
		}
		l.end.wire.await(5 * time.Millisecond)
	}
	return nil, fmt.Errorf("load: station %s: no answer to REGISTER from %s", l.Tel, s.cfg.Server)
}

// run is the loop: every pair goes from call to call until the window is over, then the last ones are finished.
func (s *sipCalls) run(ctx context.Context, calls []*sipCall) error {
	s.begun = time.Now().UnixNano()
	for _, c := range calls {
		s.invite(c, s.begun, true)
	}
	s.flush()
	for turn := 0; s.active > 0 && s.failed == nil; turn++ {
		now := time.Now().UnixNano()
		s.ending = s.ending || now-s.begun > int64(s.cfg.Window)
		for _, end := range []*sipEnd{s.called, s.calling} {
			for _, a := range end.wire.receive(now) {
				s.receive(end, string(a.data), now)
			}
		}
		s.flush()
		if turn%patience == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, c := range s.byCall {
				if now-c.moved > int64(s.cfg.Patience) {
					return fmt.Errorf("load: a call of %s to %s came to a stop: no answer to %s", c.caller.Tel, c.callee.Tel, c.awaits)
				}
			}
		}
	}
	return s.failed
}

func (s *sipCalls) flush() {
	s.called.wire.flush()
	s.calling.wire.flush()
}

// invite begins a call, or repeats the INVITE with credentials.
func (s *sipCalls) invite(c *sipCall, now int64, begin bool) {
	if begin {
		delete(s.byCall, c.id)
		*c = sipCall{caller: c.caller, callee: c.callee, id: s.name("c"), tag: s.name("t"), started: now}
		c.caller.asked = false
		s.byCall[c.id] = c
		s.active++
	}
	c.sequence++
	c.invite, c.moved, c.awaits = s.name("b"), now, "INVITE"
	c.to = "<sip:" + c.callee.Tel + "@" + s.realm + ">"
	uri := "sip:" + c.callee.Tel + "@" + s.realm
	credentials, err := c.caller.credentials("INVITE", uri)
	if err != nil {
		s.fail(err)
		return
	}
	sdp := description{Media: s.calling.wire.local}.String()
	s.calling.wire.put(s.request(c.caller, "INVITE", uri, c.invite, s.from(c), c.to, c.id, c.sequence, credentials, sdp), &s.server)
}

func (s *sipCalls) from(c *sipCall) string {
	return "<sip:" + c.caller.Tel + "@" + s.realm + ">;tag=" + c.tag
}

func (s *sipCalls) fail(err error) {
	if s.failed == nil {
		s.failed = err
	}
}

func (s *sipCalls) receive(end *sipEnd, text string, now int64) {
	m, err := parseSIP(text)
	switch {
	case err != nil: // a keep-alive
	case m.status != 0:
		s.response(&m, now)
	case m.method == "ACK":
	case m.method == "INVITE" && end == s.called:
		s.answer(&m, now)
	default:
		end.wire.put(m.respond("200 OK", "", "", ""), &s.server)
		if c := s.byTel[m.user()]; m.method == "BYE" && end == s.called && c != nil && m.get("Call-ID") == c.incoming {
			c.calleeDone, c.moved = true, now
			s.finish(c, now)
		}
	}
}

// answer is the callee: it rings, answers, and does the same again for a repeated INVITE.
func (s *sipCalls) answer(m *sipMessage, now int64) {
	tag, contact := "u"+m.get("Call-ID"), "<sip:"+m.user()+s.called.contact+">"
	sdp := description{Media: s.called.wire.local}.String()
	s.called.wire.put(m.respond("180 Ringing", tag, contact, ""), &s.server)
	s.called.wire.put(m.respond("200 OK", tag, contact, sdp), &s.server)
	if c := s.byTel[m.user()]; c != nil {
		c.incoming, c.moved = m.get("Call-ID"), now
	}
}

// response is the caller's.
func (s *sipCalls) response(m *sipMessage, now int64) {
	c := s.byCall[m.get("Call-ID")]
	number, method := m.sequence()
	if c == nil || number != c.sequence {
		return // of a call that is over, or of a request that was repeated with credentials
	}
	c.moved = now
	switch {
	case m.status < 200:
	case method == "BYE":
		c.callerDone = true
		s.finish(c, now)
	case method == "INVITE" && m.status == 200:
		s.established(c, m, now)
	case method == "INVITE":
		ack := s.request(c.caller, "ACK", "sip:"+c.callee.Tel+"@"+s.realm, c.invite, s.from(c), m.get("To"), c.id, c.sequence, nil, "")
		s.calling.wire.put(ack, &s.server)
		if m.status != 401 {
			s.fail(fmt.Errorf("load: a call of %s to %s was answered %d %s", c.caller.Tel, c.callee.Tel, m.status, m.reason))
			return
		}
		if err := c.caller.challenged(m); err != nil {
			s.fail(err)
			return
		}
		s.invite(c, now, false)
	}
}

// established acknowledges the answer and hangs up at once.
func (s *sipCalls) established(c *sipCall, m *sipMessage, now int64) {
	if c.answered {
		return
	}
	c.answered, c.to, c.target, c.awaits = true, m.get("To"), m.contact(), "BYE"
	if !s.ending {
		s.result.Setup.Record(now - c.started)
	}
	s.calling.wire.put(s.request(c.caller, "ACK", c.target, s.name("b"), s.from(c), c.to, c.id, c.sequence, nil, ""), &s.server)
	c.sequence++
	s.calling.wire.put(s.request(c.caller, "BYE", c.target, s.name("b"), s.from(c), c.to, c.id, c.sequence, nil, ""), &s.server)
}

// finish counts a call that both sides have ended, and begins the pair's next.
func (s *sipCalls) finish(c *sipCall, now int64) {
	if !c.callerDone || !c.calleeDone || c.id == "" {
		return
	}
	s.active--
	if s.ending {
		delete(s.byCall, c.id)
		c.id = ""
		return
	}
	s.result.Calls++
	s.invite(c, now, true)
}
