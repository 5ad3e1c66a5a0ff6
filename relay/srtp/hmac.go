package srtp

import (
	"crypto/sha1"
	"encoding"
	"encoding/binary"
	"hash"
)

// The saved state of crypto/sha1: 4 bytes of magic, 20 of chaining value, 64 of input not
// yet hashed, 8 of length.
const (
	savedStateLen  = 4 + sha1.Size + sha1.BlockSize + 8
	chainingOffset = 4
)

// macKey is an HMAC-SHA1 key after its first block: the chaining values of the two hashes that
// every message starts from (RFC 2104 4). It is immutable.
type macKey struct {
	inner, outer [sha1.Size]byte
}

// mac computes HMAC-SHA1 from macKeys. It pads messages itself and reads the digest out
// of the hash's saved state: that is 235 ns for a packet of 176 bytes where hash.Sum,
// which copies and pads, takes 400. One mac serves one Context.
type mac struct {
	hash  resumable
	tail  [2 * sha1.BlockSize]byte
	start [savedStateLen]byte // after one block: resume puts the chaining value in
	state [savedStateLen]byte
	extra [4]byte // scratch for callers: the ROC
}

// resumable is what package sha1 promises of its hash beyond hash.Hash.
type resumable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

func newMAC() *mac { return &mac{hash: sha1.New().(resumable)} }

// key prepares a key of at most one block.
func (m *mac) key(key []byte) (k macKey) {
	for _, half := range [...]struct {
		pad      byte
		chaining *[sha1.Size]byte
	}{{0x36, &k.inner}, {0x5c, &k.outer}} {
		var block [sha1.BlockSize]byte
		copy(block[:], key)
		for i := range block {
			block[i] ^= half.pad
		}
		m.hash.Reset()
		_, _ = m.hash.Write(block[:])
		m.save(&m.start)
		*half.chaining = [sha1.Size]byte(m.start[chainingOffset:])
	}
	return k
}

// resume puts the hash where it was after the one block of a macKey.
//
// hot path: no allocation, lock, clock or log
func (m *mac) resume(chaining *[sha1.Size]byte) {
	*(*[sha1.Size]byte)(m.start[chainingOffset:]) = *chaining
	_ = m.hash.UnmarshalBinary(m.start[:])
}

// sum returns the HMAC-SHA1 of message||extra, 20 bytes that hold until the next call.
// extra is at most 4 bytes.
//
// hot path: no allocation, lock, clock or log
func (m *mac) sum(k *macKey, message, extra []byte) []byte {
	m.resume(&k.inner)
	whole := len(message) &^ (sha1.BlockSize - 1)
	_, _ = m.hash.Write(message[:whole])
	n := copy(m.tail[:], message[whole:])
	n += copy(m.tail[n:], extra)
	m.finish(n, sha1.BlockSize+len(message)+len(extra))

	m.resume(&k.outer)
	n = copy(m.tail[:], m.state[chainingOffset:][:sha1.Size])
	m.finish(n, sha1.BlockSize+sha1.Size)
	return m.state[chainingOffset:][:sha1.Size]
}

// finish hashes the n bytes in tail as the end of a message of total bytes and leaves
// the digest in state.
func (m *mac) finish(n, total int) {
	end := sha1.BlockSize
	if n+1+8 > end {
		end = 2 * sha1.BlockSize
	}
	m.tail[n] = 0x80
	clear(m.tail[n+1 : end-8])
	binary.BigEndian.PutUint64(m.tail[end-8:], uint64(total)*8)
	_, _ = m.hash.Write(m.tail[:end])
	m.save(&m.state)
}

// save writes the hash's state; its length is fixed, so that it always fits.
func (m *mac) save(state *[savedStateLen]byte) {
	_, _ = m.hash.AppendBinary(state[:0])
}
