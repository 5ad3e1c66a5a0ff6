//go:build !amd64

package mixer

// The arithmetic of mix.go by the best this machine has.

func add(sum []int32, voice []int16)              { addGo(sum, voice) }
func minus(dst, sum []int32, voice []int16)       { minusGo(dst, sum, voice) }
func squares(x []int16) int64                     { return squaresGo(x) }
func narrow(dst []int16, mix []int32) (fits bool) { return narrowGo(dst, mix) }
