package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard answers every request: it finds the route and turns away what may not pass.
type guard struct {
	state  State
	token  [sha256.Size]byte // of the token, so that comparing takes as long for every length
	locked bool              // there is a token
	logger *slog.Logger
}

func newGuard(state State, token string, logger *slog.Logger) *guard {
	return &guard{state: state, token: sha256.Sum256([]byte(token)), locked: token != "", logger: logger}
}

// ServeHTTP is for net/http.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			g.logger.Error("api", "path", r.URL.Path, "panic", p)
			fail(w, http.StatusInternalServerError, "internal error")
		}
	}()
	for _, route := range routes {
		if route.path != r.URL.Path {
			continue
		}
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, r.Method+" is not for "+route.path)
		case route.open || g.passes(w, r):
			route.serve(g.state, w, r)
		}
		return
	}
	var methods []string
	for _, action := range actions {
		ids, ok := action.matches(r.URL.EscapedPath())
		switch {
		case !ok:
			continue
		case r.Method != action.method:
			methods = append(methods, action.method)
			continue
		case g.passes(w, r):
			action.serve(g.state, w, r, ids)
		}
		return
	}
	if methods != nil {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		fail(w, http.StatusMethodNotAllowed, r.Method+" is not for "+r.URL.Path)
		return
	}
	fail(w, http.StatusNotFound, "there is nothing here; see /openapi.yaml")
}

// passes lets a request through to what is not open, or turns it away.
func (g *guard) passes(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case g.locked && !g.authorized(r):
		w.Header().Set("WWW-Authenticate", `Bearer realm="sidetone"`)
		fail(w, http.StatusUnauthorized, "a bearer token is wanted")
	case !g.locked && !byAddress(r.Host):
		fail(w, http.StatusMisdirectedRequest, "without api.token the server answers to its address and localhost only")
	default:
		return true
	}
	return false
}

// authorized compares the bearer token (RFC 6750 section 2.1) in constant time.
func (g *guard) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// byAddress reports whether a Host header is an IP address or localhost. A web page can make a browser
// ask a name that it points at our address, and read the answer; it cannot do so by address.
func byAddress(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	_, err = netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil || strings.EqualFold(name, "localhost")
}
