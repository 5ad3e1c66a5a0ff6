package offline

import (
	"bufio"
	"encoding/binary"
	"errors"
	"os"
)

// WAV writes what a listener hears to a file of 16-bit samples, one channel. It is a Sink.
type WAV struct {
	file  *os.File
	to    *bufio.Writer
	rate  int
	bytes int
	block []byte
}

// wavHeaderSize is the octets before the samples.
const wavHeaderSize = 44

// mostWAV is what the format's lengths of 32 bits allow.
const mostWAV = 1<<32 - 1 - wavHeaderSize

// CreateWAV makes a file, replacing one that is there.
func CreateWAV(path string, rate int) (*WAV, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := &WAV{file: f, to: bufio.NewWriterSize(f, 1<<16), rate: rate}
	_, err = w.to.Write(w.header())
	return w, err
}

// Name returns the path.
func (w *WAV) Name() string { return w.file.Name() }

// Write appends samples.
func (w *WAV) Write(pcm []int16) error {
	w.block = w.block[:0]
	for _, v := range pcm {
		w.block = binary.LittleEndian.AppendUint16(w.block, uint16(v))
	}
	if w.bytes += len(w.block); w.bytes > mostWAV {
		return errors.New(w.Name() + ": more than a WAV file holds")
	}
	_, err := w.to.Write(w.block)
	return err
}

// Close completes the file.
func (w *WAV) Close() error {
	err := w.to.Flush()
	if err == nil {
		_, err = w.file.WriteAt(w.header(), 0)
	}
	return errors.Join(err, w.file.Close())
}

// header is RIFF with a fmt chunk of PCM (RFC 2361) and a data chunk of what was written so far.
func (w *WAV) header() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("RIFF"), uint32(wavHeaderSize-8+w.bytes))
	b = le.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = le.AppendUint16(le.AppendUint16(b, 1), 1)
	b = le.AppendUint32(le.AppendUint32(b, uint32(w.rate)), uint32(2*w.rate))
	b = le.AppendUint16(le.AppendUint16(b, 2), 16)
	return le.AppendUint32(append(b, "data"...), uint32(w.bytes))
}
