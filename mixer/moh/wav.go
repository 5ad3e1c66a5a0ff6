package moh

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"sidetone/codecs/g711"
)

// WAVE format tags (RFC 2361).
const (
	wavePCM        = 1
	waveFloat      = 3
	waveALaw       = 6
	waveMuLaw      = 7
	waveExtensible = 0xfffe
)

const (
	unknownLength = 0xffffffff // of a data chunk whose writer could not go back
	mostChunks    = 1000       // before the data
)

// wavFormat is the part of a "fmt " chunk that matters.
type wavFormat struct {
	channels, rate int
	bytes          int                    // a sample
	sample         func(b []byte) float64 // on the scale of 16 bits
}

// wavFile decodes the data chunk of a WAV file.
type wavFile struct {
	from  io.Reader
	wav   wavFormat
	left  int64 // octets; below zero, to the end of the file
	total int64 // frames, below zero when unknown
	block []byte
}

// openWAV reads all that comes before the audio.
func openWAV(r io.Reader) (*wavFile, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[8:]) != "WAVE" {
		return nil, errors.New("not a WAV file")
	}
	var format wavFormat
	for range mostChunks {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, errors.New("no audio: the file ends before a data chunk")
		}
		id, size := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		rest := size + size%2
		switch {
		case id == "data" && format.channels == 0:
			return nil, errors.New("the data chunk comes before the fmt chunk")
		case id == "data":
			return newWAVFile(r, format, size), nil
		case id == "fmt ":
			body := make([]byte, min(size, 40))
			if _, err := io.ReadFull(r, body); err != nil {
				return nil, errors.New("the file ends within the fmt chunk")
			}
			var err error
			if format, err = parseFormat(body); err != nil {
				return nil, err
			}
			rest -= int64(len(body))
		}
		if _, err := io.CopyN(io.Discard, r, rest); err != nil {
			return nil, fmt.Errorf("the file ends within chunk %q", id)
		}
	}
	return nil, fmt.Errorf("no data chunk among the first %d", mostChunks)
}

func parseFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, fmt.Errorf("fmt chunk of %d bytes", len(b))
	}
	tag := binary.LittleEndian.Uint16(b)
	if tag == waveExtensible && len(b) >= 26 {
		tag = binary.LittleEndian.Uint16(b[24:]) // the first field of the sub-format's GUID
	}
	f := wavFormat{channels: int(binary.LittleEndian.Uint16(b[2:])), rate: int(binary.LittleEndian.Uint32(b[4:]))}
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	f.bytes, f.sample = bits/8, samples[[2]int{int(tag), bits}]
	switch {
	case !encodings[tag]:
		return f, fmt.Errorf("WAV with encoding %d (%s): PCM, floating point, A-law and mu-law are read", tag, encodingName(tag))
	case f.channels != 1 && f.channels != 2:
		return f, fmt.Errorf("%d channels: only mono and stereo are read", f.channels)
	case f.sample == nil:
		return f, fmt.Errorf("%d bits a sample: 8, 16, 24 and 32 are read of PCM, 32 and 64 of floating point, 8 of A-law and mu-law", bits)
	}
	return f, nil
}

var encodings = map[uint16]bool{wavePCM: true, waveFloat: true, waveALaw: true, waveMuLaw: true}

// samples read one by encoding and bits.
var samples = map[[2]int]func(b []byte) float64{
	{wavePCM, 8}:  func(b []byte) float64 { return (float64(b[0]) - 128) * 256 },
	{wavePCM, 16}: func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) },
	{wavePCM, 24}: func(b []byte) float64 { return float64(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / 65536 },
	{wavePCM, 32}: func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) / 65536 },
	{waveFloat, 32}: func(b []byte) float64 {
		return fullScale(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	},
	{waveFloat, 64}: func(b []byte) float64 { return fullScale(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
	{waveALaw, 8}:   lawSample(g711.ALaw{}.Decode),
	{waveMuLaw, 8}:  lawSample(g711.MuLaw{}.Decode),
}

// fullScale brings samples of -1 to 1 to the scale of 16 bits; what is beyond, and what is no number, is cut off.
func fullScale(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return 32768 * max(-1, min(1, v))
}

func lawSample(decode func(dst []int16, payload []byte) (int, error)) func(b []byte) float64 {
	var table [256]float64
	for octet := range table {
		var pcm [1]int16
		_, _ = decode(pcm[:], []byte{byte(octet)}) // one octet is one sample
		table[octet] = float64(pcm[0])
	}
	return func(b []byte) float64 { return table[b[0]] }
}

func encodingName(tag uint16) string {
	switch tag {
	case 2, 17:
		return "ADPCM"
	case 49:
		return "GSM"
	case 80, 85:
		return "MPEG"
	}
	return "not PCM"
}

func newWAVFile(r io.Reader, f wavFormat, size int64) *wavFile {
	width := int64(f.channels * f.bytes)
	w := &wavFile{from: r, wav: f, left: size, total: size / width, block: make([]byte, blockFrames*width)}
	if size == unknownLength {
		w.left, w.total = -1, -1
	}
	return w
}

func (w *wavFile) rate() int     { return w.wav.rate }
func (w *wavFile) frames() int64 { return w.total }

func (w *wavFile) read(dst []float64) (int, error) {
	width := w.wav.channels * w.wav.bytes
	want := min(len(dst)*width, len(w.block))
	if w.left >= 0 {
		want = int(min(int64(want), w.left))
	}
	if want == 0 {
		return 0, io.EOF
	}
	n, err := io.ReadFull(w.from, w.block[:want])
	if w.left >= 0 {
		if w.left -= int64(n); err != nil {
			return 0, fmt.Errorf("the file ends within the audio: %d of %d bytes are missing", w.left, w.total*int64(width))
		}
	} else if err != nil {
		err = io.EOF // of a chunk of unknown length, however it ends
	}
	w.wav.downmix(dst[:n/width], w.block)
	return n / width, err
}

// downmix reads len(dst) frames as 16-bit sample values, the mean of their channels.
func (f wavFormat) downmix(dst []float64, block []byte) {
	for i := range dst {
		var sum float64
		for range f.channels {
			sum += f.sample(block)
			block = block[f.bytes:]
		}
		dst[i] = sum / float64(f.channels)
	}
}
