package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

const (
	nonceAge   = 5 * time.Minute
	nonceTable = 1 << 16 // nonces in use remembered in each half of the table
)

// nonces makes digest nonces without keeping them: time and eight random bytes, sealed together with the source address
// by an HMAC. Only nonces a peer has used with the right password are remembered, to count nc (RFC 7616 3.4.5), in two
// halves that take turns; when both are full of live ones the oldest nonces are declared stale instead of being let
// through twice.
type nonces struct {
	secret []byte
	most   int // entries in each half

	mu       sync.Mutex // guards the following
	floor    int64      // unix nanoseconds; older nonces are stale
	newer    map[[8]byte]*ncWindow
	older    map[[8]byte]*ncWindow
	swapped  int64
	youngest int64 // the youngest nonce in newer
	oldest   int64 // the youngest nonce in older
}

// ncWindow accepts every nonce count once, up to 64 late, as requests overtake one another.
type ncWindow struct {
	last uint32
	seen uint64
}

func (w *ncWindow) take(nc uint32) bool {
	switch {
	case nc == 0:
		return false
	case nc > w.last:
		if shift := nc - w.last; shift < 64 {
			w.seen = w.seen<<shift | 1
		} else {
			w.seen = 1
		}
		w.last = nc
		return true
	case w.last-nc >= 64:
		return false
	}
	bit := uint64(1) << (w.last - nc)
	if w.seen&bit != 0 {
		return false
	}
	w.seen |= bit
	return true
}

// nonce is a nonce of ours, opened.
type nonce struct {
	at int64 // unix nanoseconds
	id [8]byte
}

func newNonces(secret []byte) *nonces {
	return &nonces{secret: secret, most: nonceTable, newer: make(map[[8]byte]*ncWindow), older: make(map[[8]byte]*ncWindow)}
}

// mint makes a nonce for a peer.
func (n *nonces) mint(source netip.Addr, now time.Time) string {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixNano()))
	rand.Read(b[8:16]) // never fails (crypto/rand, Go 1.24)
	copy(b[16:], n.seal(b[:16], source))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (n *nonces) seal(b []byte, source netip.Addr) []byte {
	h := hmac.New(sha256.New, n.secret)
	h.Write([]byte("nonce\x00"))
	h.Write(b)
	a := source.Unmap().As16()
	h.Write(a[:])
	return h.Sum(nil)[:16]
}

// open says whether a nonce is one we made for this peer, and whether it is still fresh.
func (n *nonces) open(s string, source netip.Addr, now time.Time) (no nonce, ours, fresh bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], n.seal(b[:16], source)) {
		return nonce{}, false, false
	}
	no.at = int64(binary.BigEndian.Uint64(b[:8]))
	copy(no.id[:], b[8:16])
	n.mu.Lock()
	floor := n.floor
	n.mu.Unlock()
	age := now.UnixNano() - no.at
	return no, true, age >= 0 && age <= int64(nonceAge) && no.at > floor
}

// use takes a nonce count; false is a replay. Called once the password has proved right.
func (n *nonces) use(no nonce, nc uint32, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if no.at <= n.floor {
		return false
	}
	w := n.newer[no.id]
	if w == nil {
		w = n.older[no.id]
	}
	if w == nil {
		if len(n.newer) >= n.most || now.UnixNano()-n.swapped > int64(nonceAge) {
			n.swap(now)
			if no.at <= n.floor {
				return false
			}
		}
		w = &ncWindow{}
		n.newer[no.id] = w
		n.youngest = max(n.youngest, no.at)
	}
	return w.take(nc)
}

// swap forgets the older half. Nonces in it that could still be fresh become stale.
func (n *nonces) swap(now time.Time) {
	if now.UnixNano()-n.oldest <= int64(nonceAge) {
		n.floor = max(n.floor, n.oldest)
	}
	n.older, n.oldest = n.newer, n.youngest
	n.newer, n.youngest = make(map[[8]byte]*ncWindow), 0
	n.swapped = now.UnixNano()
}
