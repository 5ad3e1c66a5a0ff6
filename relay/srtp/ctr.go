package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"reflect"
)

// keystream is AES in counter mode that can be entered at any place: offset is in
// bytes from the block of the initial counter. dst and src are of one length and are
// the same or disjoint.
type keystream interface {
	XORKeyStreamAt(dst, src []byte, offset uint64)
}

// blockCTR is a keystream made block by block. It is the reference for the fast one,
// and serves where speed is no matter: SRTCP and key derivation.
type blockCTR struct {
	block  cipher.Block
	hi, lo uint64 // initial counter, big endian halves
	buf    [aes.BlockSize]byte
}

func newBlockCTR(block cipher.Block, iv []byte) *blockCTR {
	return &blockCTR{block: block, hi: binary.BigEndian.Uint64(iv), lo: binary.BigEndian.Uint64(iv[8:])}
}

// XORKeyStreamAt implements keystream.
//
// hot path: no allocation, lock, clock or log
func (c *blockCTR) XORKeyStreamAt(dst, src []byte, offset uint64) {
	lo, carry := bits.Add64(c.lo, offset/aes.BlockSize, 0)
	hi := c.hi + carry
	skip := int(offset % aes.BlockSize)
	for len(src) > 0 {
		binary.BigEndian.PutUint64(c.buf[:8], hi)
		binary.BigEndian.PutUint64(c.buf[8:], lo)
		c.block.Encrypt(c.buf[:], c.buf[:])
		n := subtle.XORBytes(dst, src, c.buf[skip:])
		dst, src, skip = dst[n:], src[n:], 0
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
}

// newKeystream returns the fastest keystream for block that starts at counter iv.
//
// Package crypto/cipher makes eight counter blocks at a time, but its stream can only
// run forward from the counter it was made for, and a new one for each packet costs
// 512 bytes of garbage and 200 ns. The stream behind it can be entered anywhere, by the
// exported method XORKeyStreamAt of a type hidden in the one field of a wrapper. We
// unwrap it by reflection, without package unsafe, and believe it only after it has
// agreed with blockCTR. A Go release that builds it otherwise costs speed, nothing else.
func newKeystream(block cipher.Block, iv []byte) keystream {
	reference := newBlockCTR(block, iv)
	fast, ok := unwrapKeystream(cipher.NewCTR(block, iv))
	if !ok || !agree(fast, reference) {
		return reference
	}
	return fast
}

func unwrapKeystream(stream cipher.Stream) (keystream, bool) {
	v := reflect.ValueOf(stream)
	if v.Kind() != reflect.Struct || v.NumField() != 1 || v.Field(0).Kind() != reflect.Pointer {
		return nil, false
	}
	field := v.Field(0)
	ks, ok := reflect.NewAt(field.Type().Elem(), field.UnsafePointer()).Interface().(keystream)
	return ks, ok
}

// agree compares two keystreams at their start and far into them, over an odd length.
func agree(a, b keystream) bool {
	var x, y [2*aes.BlockSize + 3]byte
	for _, offset := range [...]uint64{0, 5<<20 + aes.BlockSize} {
		clear(x[:])
		clear(y[:])
		a.XORKeyStreamAt(x[:], x[:], offset)
		b.XORKeyStreamAt(y[:], y[:], offset)
		if x != y {
			return false
		}
	}
	return true
}
