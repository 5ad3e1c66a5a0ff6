package srtp

// WindowSize is the number of packet indices, up to the highest, of which a receiver
// remembers whether they came (RFC 3711 3.3.2 asks for 64 at least).
const WindowSize = 128

// window is a replay window: bit i of lo, then of hi, tells whether the index that lies i
// below the highest one has come.
type window struct {
	lo, hi uint64
}

// seen tells whether the index age below the highest has come or is too old to know.
//
// hot path: no allocation, lock, clock or log
func (w *window) seen(age uint64) bool {
	switch {
	case age < 64:
		return w.lo>>age&1 != 0
	case age < WindowSize:
		return w.hi>>(age-64)&1 != 0
	}
	return true
}

// mark notes the index age below the highest, which is within the window.
//
// hot path: no allocation, lock, clock or log
func (w *window) mark(age uint64) {
	if age < 64 {
		w.lo |= 1 << age
	} else {
		w.hi |= 1 << (age - 64)
	}
}

// advance makes the index that lies step above the highest the new highest and marks it.
// Shifts past a word's width give zero, which is what falls out of the window.
//
// hot path: no allocation, lock, clock or log
func (w *window) advance(step uint64) {
	w.hi = w.hi<<step | w.lo>>(64-step) | w.lo<<(step-64)
	w.lo = w.lo<<step | 1
}
