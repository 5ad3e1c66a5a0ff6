package opus

import (
	"encoding/binary"
	"fmt"

	"sidetone/codecs/clib"
)

// longestInput bounds the packets that are decoded, octets: a UDP packet on Ethernet, and the longest of one frame.
const longestInput = 1500

// Decoder decodes the packets of one stream to one channel.
type Decoder struct {
	lib   *Library
	rate  int
	block *clib.Block
	state uintptr

	pcm   []byte // 120 ms, as C writes them
	pcmAt uintptr
	in    []byte
	inAt  uintptr
}

// NewDecoder makes a decoder that gives samples at 8000, 12000, 16000, 24000 or 48000 Hz.
func (l *Library) NewDecoder(sampleRate int) (*Decoder, error) {
	size := result(l.NewBlock(0).Call(l.decoderSize, 1))
	if size <= 0 || size > 1<<20 {
		return nil, fmt.Errorf("%s wants %d octets for a decoder", l.Version, size)
	}
	samples := 2 * sampleRate * 120 / 1000
	d := &Decoder{lib: l, rate: sampleRate, block: l.NewBlock(size + samples + longestInput + 128)}
	d.pcm, d.pcmAt = d.block.Alloc(samples)
	d.in, d.inAt = d.block.Alloc(longestInput)
	_, d.state = d.block.Alloc(size)
	if r := result(d.block.Call(l.decoderInit, d.state, uintptr(sampleRate), 1)); r != 0 {
		return nil, fmt.Errorf("decoder at %d Hz: %w", sampleRate, failure(r))
	}
	d.block.Seal()
	return d, nil
}

// Decode gives the samples of one packet. What is malformed is not shown to libopus and gives none.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	if len(payload) > longestInput || Duration(payload) == 0 {
		return 0, ErrMalformed
	}
	copy(d.in, payload)
	n := d.run(d.inAt, len(payload), len(d.pcm)/2, 0)
	if n < 0 {
		return 0, ErrMalformed
	}
	return d.give(dst, n), nil
}

// Conceal gives samples in place of a lost packet of len(dst) samples, 2.5 to 120 ms. When next, the packet
// after it, is there and has FEC for it, they are the packet's own at a lower rate; else they continue the
// sound. next is decoded afterwards as always.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Conceal(dst []int16, next []byte) int {
	unit := d.rate / 400
	samples := min(len(dst)/unit*unit, len(d.pcm)/2)
	if samples == 0 {
		return 0
	}
	n := 0
	if len(next) > 0 && len(next) <= longestInput && Duration(next) > 0 {
		copy(d.in, next)
		n = d.run(d.inAt, len(next), samples, 1)
	} else {
		n = d.run(0, 0, samples, 0)
	}
	return d.give(dst, max(n, 0))
}

func (d *Decoder) run(in uintptr, length, samples, fec int) int {
	return result(d.block.Call(d.lib.decode, d.state, in, uintptr(length), d.pcmAt, uintptr(samples), uintptr(fec)))
}

func (d *Decoder) give(dst []int16, n int) int {
	n = min(n, len(dst))
	for i := range dst[:n] {
		dst[i] = int16(binary.NativeEndian.Uint16(d.pcm[2*i:]))
	}
	return n
}
