package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// ErrWAV says that bytes are no 16-bit PCM WAV.
var ErrWAV = errors.New("not a 16-bit PCM WAV")

// WAV is mono or interleaved PCM with its rate.
type WAV struct {
	Rate, Channels int
	PCM            []int16
}

// Encode returns the file: RIFF with one fmt and one data chunk.
func (w WAV) Encode() []byte {
	var b bytes.Buffer
	size := uint32(2 * len(w.PCM))
	le := binary.LittleEndian
	b.WriteString("RIFF")
	b.Write(le.AppendUint32(nil, 36+size))
	b.WriteString("WAVEfmt ")
	h := le.AppendUint32(nil, 16)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint16(h, uint16(w.Channels))
	h = le.AppendUint32(h, uint32(w.Rate))
	h = le.AppendUint32(h, uint32(w.Rate*w.Channels*2))
	h = le.AppendUint16(h, uint16(w.Channels*2))
	h = le.AppendUint16(h, 16)
	b.Write(h)
	b.WriteString("data")
	b.Write(le.AppendUint32(nil, size))
	for _, v := range w.PCM {
		b.Write(le.AppendUint16(nil, uint16(v)))
	}
	return b.Bytes()
}

// DecodeWAV reads a RIFF file. A data chunk whose length was never filled in (0 or more than there is,
// as a recorder that was killed leaves it) reaches to the end.
func DecodeWAV(b []byte) (WAV, error) {
	var w WAV
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return w, ErrWAV
	}
	le := binary.LittleEndian
	for at := 12; at+8 <= len(b); {
		name, size := string(b[at:at+4]), int(le.Uint32(b[at+4:]))
		at += 8
		if name == "data" {
			if w.Rate == 0 {
				return w, fmt.Errorf("%w: data before fmt", ErrWAV)
			}
			if size == 0 || size > len(b)-at {
				size = len(b) - at
			}
			w.PCM = make([]int16, size/2)
			for i := range w.PCM {
				w.PCM[i] = int16(le.Uint16(b[at+2*i:]))
			}
			return w, nil
		}
		if size > len(b)-at {
			break
		}
		if name == "fmt " {
			if size < 16 || le.Uint16(b[at:]) != 1 || le.Uint16(b[at+14:]) != 16 {
				return w, ErrWAV
			}
			w.Channels, w.Rate = int(le.Uint16(b[at+2:])), int(le.Uint32(b[at+4:]))
			if w.Channels < 1 || w.Rate < 1 {
				return w, ErrWAV
			}
		}
		at += size + size&1
	}
	return w, fmt.Errorf("%w: no data", ErrWAV)
}

// WriteWAV writes mono pcm at rate to a file.
func WriteWAV(path string, rate int, pcm []int16) error {
	return os.WriteFile(path, WAV{Rate: rate, Channels: 1, PCM: pcm}.Encode(), 0o600)
}

// ReadWAV reads a file, the first channel of it.
func ReadWAV(path string) (pcm []int16, rate int, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	w, err := DecodeWAV(b)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	for i := 0; i+w.Channels <= len(w.PCM); i += w.Channels {
		pcm = append(pcm, w.PCM[i])
	}
	return pcm, w.Rate, nil
}
