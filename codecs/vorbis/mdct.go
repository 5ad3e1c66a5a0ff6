package vorbis

import (
	"math"
	mathbits "math/bits"
	"math/cmplx"
)

// transform is the inverse MDCT of one block size, by a complex FFT of a quarter of it.
type transform struct {
	twist []complex128 // by index: exp(-i pi (8k+1) / 4n)
	roots []complex128 // of unity
	work  []complex128
	half  []float64
}

func newTransform(n int) *transform {
	m := n / 4
	t := &transform{twist: make([]complex128, m), roots: make([]complex128, m/2), work: make([]complex128, m), half: make([]float64, n/2)}
	for k := range t.twist {
		t.twist[k] = cmplx.Rect(1, -math.Pi*float64(8*k+1)/float64(4*n))
	}
	for k := range t.roots {
		t.roots[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(m))
	}
	return t
}

// inverse gives the n samples y[i] = sum of x[k] cos(pi/2n (2i+1+n/2)(2k+1)) of n/2 coefficients.
func (t *transform) inverse(y, x []float64) {
	m := len(x) // DCT-IV of this size, and its symmetries
	shift := 64 - mathbits.Len(uint(m/2-1))
	for k := range t.work {
		at := k
		if m > 2 {
			at = int(mathbits.Reverse64(uint64(k)) >> shift)
		}
		t.work[at] = complex(x[2*k], x[m-1-2*k]) * t.twist[k]
	}
	for size := 2; size <= len(t.work); size *= 2 {
		stride := len(t.work) / size
		for at := 0; at < len(t.work); at += size {
			for k := range size / 2 {
				a, b := t.work[at+k], t.work[at+k+size/2]*t.roots[k*stride]
				t.work[at+k], t.work[at+k+size/2] = a+b, a-b
			}
		}
	}
	u := t.half
	for k, v := range t.work {
		v *= t.twist[k]
		u[2*k], u[m-1-2*k] = real(v), -imag(v)
	}
	for i := range m / 2 {
		y[i] = u[i+m/2]
		y[3*m/2+i] = -u[i]
	}
	for i := m / 2; i < 3*m/2; i++ {
		y[i] = -u[3*m/2-1-i]
	}
}
