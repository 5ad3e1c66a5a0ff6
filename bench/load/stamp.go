package load

import (
	"sync"

	"sidetone/bench/audio"
)

// A stamp says which packet of which step this is, in the first bytes of the payload. It must outlive a change
// between A-law and µ-law, so it is written in sixteen code words whose values are far apart: each is read as the
// one it is nearest to.
//
//	payload  [0:2) the step, modulo 256   [2:10) the packet's number in the step   high half byte first

const stampSize = 10

// symbolValues are the sixteen, about a factor of two apart, each sign.
var symbolValues = [16]int16{-30000, -16000, -8000, -4000, -2000, -1000, -500, -250, 250, 500, 1000, 2000, 4000, 8000, 16000, 30000}

// noSymbol marks code words that a stamp cannot have become.
const noSymbol = 0xff

// alphabet is how one law writes and reads symbols.
type alphabet struct {
	write [16]byte
	read  [256]byte // symbol, or noSymbol
}

var alphabets = sync.OnceValue(func() *[2]alphabet {
	return &[2]alphabet{newAlphabet(audio.MuLaw), newAlphabet(audio.ALaw)}
})

func newAlphabet(law audio.Law) alphabet {
	var a alphabet
	copy(a.write[:], law.Encode(nil, symbolValues[:]))
	var words [256]byte
	for i := range words {
		words[i] = byte(i)
	}
	for word, value := range law.Decode(nil, words[:]) {
		a.read[word] = noSymbol
		for symbol, want := range symbolValues {
			// Two quantisers in a row err by up to 1/16 of the value.
			if off := abs(int(value) - int(want)); off <= abs(int(want))/8 {
				a.read[word] = byte(symbol)
			}
		}
	}
	return a
}

func abs(v int) int { return max(v, -v) }

// put writes a stamp to the first stampSize bytes of payload. Hot path: no allocation, lock, clock or log.
func (a *alphabet) put(payload []byte, step uint8, number uint32) {
	p := payload[:stampSize]
	p[0], p[1] = a.write[step>>4], a.write[step&15]
	for i := 2; i < stampSize; i++ {
		p[i] = a.write[number>>28]
		number <<= 4
	}
}

// get reads a stamp; ok is false when there is none. Hot path: no allocation, lock, clock or log.
func (a *alphabet) get(payload []byte) (step uint8, number uint32, ok bool) {
	if len(payload) < stampSize {
		return 0, 0, false
	}
	hi, lo := a.read[payload[0]], a.read[payload[1]]
	bad := hi | lo
	for _, word := range payload[2:stampSize] {
		s := a.read[word]
		bad |= s
		number = number<<4 | uint32(s&15)
	}
	return hi<<4 | lo&15, number, bad < 16
}
