package gsm

import (
	"errors"

	"sidetone/codecs/clib"
)

// Sizes of a frame of 20 ms.
const (
	SampleRate = 8000
	samples    = 160
	octets     = 33
)

// fileName is libgsm 1.0, the reference implementation that every system packages.
const fileName = "libgsm.so.1"

// blockSize has room for a coder's state (under 1 kB) and its frame.
const blockSize = 4096

// Library is libgsm.
type Library struct {
	*clib.Library
	create, encode, decode clib.Func
}

// Open finds libgsm; the error wraps fs.ErrNotExist when the system does not have it.
func Open(loader *clib.Loader) (*Library, error) {
	file, err := loader.Open(fileName)
	if err != nil {
		return nil, err
	}
	l := &Library{Library: file}
	if err := file.Funcs(map[string]*clib.Func{"gsm_create": &l.create, "gsm_encode": &l.encode, "gsm_decode": &l.decode}); err != nil {
		return nil, err
	}
	if _, err := l.newCoder(); err != nil {
		return nil, err
	}
	return l, nil
}

var errMemory = errors.New("libgsm makes no coder")
