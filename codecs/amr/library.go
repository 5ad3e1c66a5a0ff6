package amr

import (
	"fmt"

	"sidetone/codecs/clib"
)

// The libraries, all under the Apache licence.
const (
	narrowFile  = "libopencore-amrnb.so.0"
	wideFile    = "libopencore-amrwb.so.0"
	wideEncoder = "libvo-amrwbenc.so.0"
)

// blockSize has room for what any coder allocates, and its frames; measured: 6 kB.
const blockSize = 24 << 10

// Library is what encodes and decodes AMR or AMR-WB.
type Library struct {
	Decoding *clib.Library
	Encoding *clib.Library // nil when there is no encoder

	wide                bool
	decoderInit, decode clib.Func
	encoderInit, encode clib.Func

	probe *Encoder // knows where an encoder's state has pointers
}

// OpenNarrow finds the library of AMR; the error wraps fs.ErrNotExist when the system does not have it.
func OpenNarrow(loader *clib.Loader) (*Library, error) {
	file, err := loader.Open(narrowFile)
	if err != nil {
		return nil, err
	}
	l := &Library{Decoding: file, Encoding: file}
	if err := file.Funcs(map[string]*clib.Func{
		"Decoder_Interface_init": &l.decoderInit, "Decoder_Interface_Decode": &l.decode,
		"Encoder_Interface_init": &l.encoderInit, "Encoder_Interface_Encode": &l.encode,
	}); err != nil {
		return nil, err
	}
	return l, l.try()
}

// OpenWide finds the libraries of AMR-WB: the decoder's, and the encoder's when it is there. missing says
// why it is not.
func OpenWide(loader *clib.Loader) (l *Library, missing, err error) {
	file, err := loader.Open(wideFile)
	if err != nil {
		return nil, nil, err
	}
	l = &Library{Decoding: file, wide: true}
	if err := file.Funcs(map[string]*clib.Func{"D_IF_init": &l.decoderInit, "D_IF_decode": &l.decode}); err != nil {
		return nil, nil, err
	}
	file, missing = loader.Open(wideEncoder)
	if missing == nil {
		missing = file.Funcs(map[string]*clib.Func{"E_IF_init": &l.encoderInit, "E_IF_encode": &l.encode})
	}
	if missing == nil {
		l.Encoding = file
	}
	return l, missing, l.try()
}

// try makes coders, and finds out where an encoder's state has pointers.
func (l *Library) try() error {
	f := Format{Wide: l.wide}
	if _, err := l.NewDecoder(f); err != nil {
		return err
	}
	if l.Encoding == nil {
		return nil
	}
	var probes [2]*Encoder
	for i := range probes {
		e, err := l.NewEncoder(f)
		if err != nil {
			return err
		}
		probes[i] = e
		e.Encode(make([]byte, f.EncodedLen(f.samples())), make([]int16, f.samples()))
	}
	probes[0].block.Compare(probes[1].block)
	l.probe = probes[0]
	return nil
}

func memoryError(l *clib.Library) error { return fmt.Errorf("%s makes no coder", l.Path) }
