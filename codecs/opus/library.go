package opus

import (
	"fmt"

	"sidetone/codecs/clib"
)

// ClockRate is that of RTP, whatever the samples' rate (RFC 7587 section 4.1).
const ClockRate = 48000

// fileName is the interface that libopus has had since its first release.
const fileName = "libopus.so.0"

// Library is libopus.
type Library struct {
	*clib.Library
	Version string // "libopus 1.3.1"

	version, encoderSize, encoderInit, encode, encoderCtl clib.Func
	decoderSize, decoderInit, decode                      clib.Func
	repackSize, repackInit, repackCat, repackOut          clib.Func

	probe *Encoder // knows where an encoder's state has pointers
}

// Open finds libopus; the error wraps fs.ErrNotExist when the system does not have it.
func Open(loader *clib.Loader) (*Library, error) {
	file, err := loader.Open(fileName)
	if err != nil {
		return nil, err
	}
	l := &Library{Library: file}
	if err := file.Funcs(map[string]*clib.Func{
		"opus_get_version_string": &l.version,
		"opus_encoder_get_size":   &l.encoderSize, "opus_encoder_init": &l.encoderInit,
		"opus_encode": &l.encode, "opus_encoder_ctl": &l.encoderCtl,
		"opus_decoder_get_size": &l.decoderSize, "opus_decoder_init": &l.decoderInit, "opus_decode": &l.decode,
		"opus_repacketizer_get_size": &l.repackSize, "opus_repacketizer_init": &l.repackInit,
		"opus_repacketizer_cat": &l.repackCat, "opus_repacketizer_out": &l.repackOut,
	}); err != nil {
		return nil, err
	}
	block := file.NewBlock(0)
	l.Version = clib.String(block.Call(l.version))
	probes := [2]*Encoder{}
	for i := range probes {
		if probes[i], err = l.NewEncoder(Config{}); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Path, err)
		}
		probes[i].Encode(make([]byte, maxFrame), make([]int16, 960))
	}
	probes[0].block.Compare(probes[1].block)
	l.probe = probes[0]
	return l, nil
}

// result reads an int of C.
func result(r uintptr) int { return int(int32(r)) }

// failure is a code of libopus (opus_defines.h).
type failure int

func (f failure) Error() string {
	for code, text := range map[failure]string{
		-1: "bad argument", -2: "buffer too small", -3: "internal error", -4: "corrupted packet",
		-5: "unimplemented", -6: "invalid state", -7: "allocation failed",
	} {
		if code == f {
			return "libopus: " + text
		}
	}
	return fmt.Sprintf("libopus: error %d", int(f))
}
