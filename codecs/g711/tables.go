package g711

// The tables are constants in all but syntax: filled once before main, read by everyone, never written.
var (
	muEncode = tabulate[[1 << 14]uint8](func(i int) uint8 { return compressMu(int16(uint16(i << 2))) })
	aEncode  = tabulate[[1 << 12]uint8](func(i int) uint8 { return compressA(int16(uint16(i << 4))) })

	muDecode = expandAll(expandMu)
	aDecode  = expandAll(expandA)

	aToMu = tabulate[[256]uint8](func(i int) uint8 { return compressMu(expandA(uint8(i))) })
	muToA = tabulate[[256]uint8](func(i int) uint8 { return compressA(expandMu(uint8(i))) })
)

// tabulate fills a table whose index is the unsigned form of a shifted sample, or an octet.
func tabulate[T [1 << 14]uint8 | [1 << 12]uint8 | [256]uint8](f func(i int) uint8) (t T) {
	for i := range len(t) {
		t[i] = f(i)
	}
	return t
}

func expandAll(f func(uint8) int16) (t [256]int16) {
	for i := range t {
		t[i] = f(uint8(i))
	}
	return t
}
