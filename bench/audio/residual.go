package audio

import "math"

// Residual returns what is left of pcm in dBFS when sines of the given frequencies, each fitted in
// amplitude and phase by least squares, are taken away: noise, distortion and voices nobody named.
// It is the median over windows of 100 ms, so that a step in phase spoils one window only.
func Residual(pcm []int16, rate int, hz []float64) float64 {
	w := rate / 10
	if len(pcm) < w {
		w = len(pcm)
	}
	var levels []float64
	for at := 0; w > 2*len(hz) && at+w <= len(pcm); at += w {
		levels = append(levels, residual(pcm[at:at+w], rate, hz))
	}
	return median(levels)
}

func residual(pcm []int16, rate int, hz []float64) float64 {
	basis := make([][]float64, 0, 2*len(hz))
	for _, f := range hz {
		sin, cos := make([]float64, len(pcm)), make([]float64, len(pcm))
		for i := range pcm {
			sin[i], cos[i] = math.Sincos(2 * math.Pi * f * float64(i) / float64(rate))
		}
		basis = append(basis, sin, cos)
	}
	k := len(basis)
	rest := make([]float64, len(pcm))
	for i, v := range pcm {
		rest[i] = float64(v)
	}
	// Normal equations, augmented by the right-hand side.
	m := make([][]float64, k)
	for r := range m {
		m[r] = make([]float64, k+1)
		for c := range k {
			m[r][c] = dot(basis[r], basis[c])
		}
		m[r][k] = dot(basis[r], rest)
	}
	for c, x := range solve(m) {
		for i := range rest {
			rest[i] -= x * basis[c][i]
		}
	}
	return decibel(math.Sqrt(2*dot(rest, rest)/float64(len(rest))) / FullScale)
}

func dot(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// solve does Gaussian elimination with row pivoting on an augmented matrix, which it uses up.
// A singular column yields 0.
func solve(m [][]float64) []float64 {
	n := len(m)
	x := make([]float64, n)
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[pivot][c]) {
				pivot = r
			}
		}
		m[c], m[pivot] = m[pivot], m[c]
		if math.Abs(m[c][c]) < 1e-9 {
			continue
		}
		for r := c + 1; r < n; r++ {
			f := m[r][c] / m[c][c]
			for k := c; k <= n; k++ {
				m[r][k] -= f * m[c][k]
			}
		}
	}
	for c := n - 1; c >= 0; c-- {
		if math.Abs(m[c][c]) < 1e-9 {
			continue
		}
		sum := m[c][n]
		for k := c + 1; k < n; k++ {
			sum -= m[c][k] * x[k]
		}
		x[c] = sum / m[c][c]
	}
	return x
}
