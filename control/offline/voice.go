package offline

import (
	"context"
	"fmt"
	"io"

	"sidetone/mixer/moh"
)

// mostAudio is how many samples of one file are mixed: three hours at 48 kHz.
const mostAudio = 3 * 3600 * 48000

// ReadAudio makes a party of a WAV, FLAC, MP3 or Ogg file, which speaks from the beginning on, at its own level. rate is that of the mix.
func ReadAudio(ctx context.Context, name string, from io.Reader, rate int) (Party, error) {
	pcm, err := moh.Decode(ctx, from, rate, mostAudio)
	if err != nil {
		return Party{}, fmt.Errorf("%s: %w", name, err)
	}
	return Party{Name: name, pcm: pcm}, nil
}

// recording is a mixer.Voice of samples.
type recording struct {
	pcm []int16
}

// ReceiveRTP is never called: nothing sends it packets.
func (r *recording) ReceiveRTP([]byte, int64) {}

// Pull gives the next samples.
func (r *recording) Pull(_ int64, dst []int16) bool {
	n := copy(dst, r.pcm)
	r.pcm = r.pcm[n:]
	clear(dst[n:])
	return n > 0
}
