package phone

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// registrar is a server that knows one account, for tests of the phone alone.
type registrar struct {
	wire     *wire
	password string
	algo     string

	mu      sync.Mutex // guards what follows
	nonce   int
	drop    int // how many requests get lost
	least   int // Min-Expires
	grant   int // expires granted instead of what was asked
	stale   bool
	refuse  bool // every credential
	counts  map[string]bool
	seen    []*sip.Request
	granted int // the latest, -1 = none
}

func newRegistrar(t *testing.T, transport string, change func(*registrar)) *registrar {
	t.Helper()
	r := &registrar{password: "secret1", algo: "MD5", granted: -1, counts: map[string]bool{}}
	if change != nil {
		change(r)
	}
	w, err := openWire(transport, "127.0.0.1", func(m sip.Message, source string) {
		if request, ok := m.(*sip.Request); ok {
			r.handle(request, source)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.wire = w
	w.run()
	t.Cleanup(w.close)
	return r
}

func (r *registrar) handle(request *sip.Request, source string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, request)
	if r.drop > 0 {
		r.drop--
		return
	}
	answer := func(code int, headers ...sip.Header) {
		response := sip.NewResponseFromRequest(request, code, "Because", nil)
		for _, h := range headers {
			response.AppendHeader(h)
		}
		_ = r.wire.send(response, source) // a phone that is gone needs no answer
	}
	challenge := func(stale bool) {
		r.nonce++
		answer(401, sip.NewHeader("WWW-Authenticate", fmt.Sprintf(`Digest realm="test", nonce="n%d", algorithm=%s, qop="auth", stale=%t`, r.nonce, r.algo, stale)))
	}
	h := request.GetHeader("Authorization")
	if h == nil {
		challenge(false)
		return
	}
	got, err := digest.ParseCredentials(h.Value())
	if err != nil {
		answer(400)
		return
	}
	want, err := digest.Digest(
		&digest.Challenge{Realm: "test", Nonce: got.Nonce, Algorithm: r.algo, QOP: []string{"auth"}},
		digest.Options{Method: "REGISTER", URI: got.URI, Username: "u217", Password: r.password, Count: got.Nc, Cnonce: got.Cnonce})
	if err != nil || r.refuse || want.Response != got.Response {
		challenge(false)
		return
	}
	if r.stale {
		r.stale = false
		challenge(true)
		return
	}
	if use := got.Nonce + "/" + strconv.Itoa(got.Nc); r.counts[use] {
		answer(400) // a nonce count used twice is a replay
		return
	} else {
		r.counts[use] = true
	}
	expires, _ := strconv.Atoi(request.GetHeader("Expires").Value())
	if expires > 0 && expires < r.least {
		answer(423, sip.NewHeader("Min-Expires", strconv.Itoa(r.least)))
		return
	}
	if r.grant > 0 && expires > 0 {
		expires = r.grant
	}
	r.granted = expires
	contact := strings.TrimSuffix(request.Contact().Value(), ";expires=0")
	answer(200, sip.NewHeader("Contact", contact+";expires="+strconv.Itoa(expires)))
}

func (r *registrar) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

func (r *registrar) phone(t *testing.T, change func(*Config)) *Phone {
	cfg := Config{Tel: "217", UserID: "u217", Password: "secret1", Server: r.wire.local.String(), Transport: r.wire.transport}
	if change != nil {
		change(&cfg)
	}
	return start(t, cfg)
}

func TestRegisterAnswersTheChallenge(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		for _, algo := range []string{"MD5", "SHA-256"} {
			t.Run(transport+" "+algo, func(t *testing.T) {
				r := newRegistrar(t, transport, func(r *registrar) { r.algo = algo })
				p := r.phone(t, nil)
				ctx := within(t, 5*time.Second)
				must(t, p.Register(ctx))
				if p.Registered() != 600*time.Second || r.requests() != 2 {
					t.Errorf("granted %v after %d requests", p.Registered(), r.requests())
				}
				must(t, p.Unregister(ctx)) // with the same nonce, so in one go
				if p.Registered() != 0 || r.requests() != 3 || r.granted != 0 {
					t.Errorf("still granted %v after %d requests", p.Registered(), r.requests())
				}
			})
		}
	}
}

func TestRegisterWithAWrongPasswordFailsOnce(t *testing.T) {
	r := newRegistrar(t, "udp", nil)
	p := r.phone(t, func(c *Config) { c.Password = "wrong1" })
	if err := p.Register(within(t, 5*time.Second)); failureCode(err) != 401 {
		t.Errorf("got %v", err)
	}
	if n := r.requests(); n != 2 {
		t.Errorf("%d requests: a phone must not try the same password again", n)
	}
}

func TestRegisterTakesAFreshNonceWhenTheOldIsStale(t *testing.T) {
	r := newRegistrar(t, "udp", func(r *registrar) { r.stale = true })
	p := r.phone(t, nil)
	must(t, p.Register(within(t, 5*time.Second)))
	if n := r.requests(); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestRegisterTakesTheLongerTimeOf423(t *testing.T) {
	r := newRegistrar(t, "udp", func(r *registrar) { r.least = 900 })
	p := r.phone(t, nil)
	must(t, p.Register(within(t, 5*time.Second)))
	if p.Registered() != 900*time.Second {
		t.Errorf("granted %v", p.Registered())
	}
}

func TestRegistrationIsRenewedAtHalfItsTime(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "udp", func(r *registrar) { r.grant = 1 })
	p := r.phone(t, nil)
	must(t, p.Register(within(t, 5*time.Second)))
	if p.Registered() != time.Second {
		t.Fatalf("granted %v", p.Registered())
	}
	for deadline := time.Now().Add(5 * time.Second); r.requests() < 4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests", r.requests())
		}
	}
}

func TestLostRequestIsRepeated(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "udp", func(r *registrar) { r.drop = 1 })
	p := r.phone(t, nil)
	must(t, p.Register(within(t, 5*time.Second)))
	if r.requests() != 3 {
		t.Errorf("%d requests", r.requests())
	}
}
