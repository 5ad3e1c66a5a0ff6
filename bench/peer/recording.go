package peer

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sidetone/bench/audio"
)

// recording is the directory into which baresip's sndfile module, or linphonec, writes what a phone hears.
//
// Two of baresip's habits need care. Baresip 1.0.0 throws its audio filters of the receiving side away when
// a description says anything but sendrecv, and sets them up anew only if the sending side has none:
// so prepare makes its files for the sending side impossible to open, and recording goes on in a new
// file. And a file grows by what arrives only: so a stretch of time is measured by how much the file
// grew, and what is missing is silence.
type recording struct {
	dir   string
	names string // pattern of the files
	rate  int    // Hz, of files of one channel that get their header at their end; 0 = the header says it
}

// The layout and the names of sndfile's files; the process runs in UTC.
const (
	wavHeader = 44
	encName   = "dump-2006-01-02-15-04-05-enc.wav"
	decNames  = "dump-*-dec.wav"
)

// slack is how much less than a stretch of time a whole recording of it may be: a packet at each end,
// and the machine's own unrest.
const slack = 60 * time.Millisecond

// prepare makes the directory and puts directories where files of the sending side would be.
func (r recording) prepare() error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	now := time.Now().UTC()
	for at := now.Add(-time.Second); at.Before(now.Add(lifetime)); at = at.Add(time.Second) {
		if err := os.Mkdir(filepath.Join(r.dir, at.Format(encName)), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// newest returns the file that a call started or resumed last writes into, and its samples so far, of all channels.
func (r recording) newest() (path string, samples int) {
	files, err := filepath.Glob(filepath.Join(r.dir, r.names))
	if err != nil || len(files) == 0 {
		return "", 0
	}
	path = files[len(files)-1] // Glob sorts, and the names are times
	info, err := os.Stat(path)
	if err != nil {
		return "", 0
	}
	return path, max(0, int(info.Size()-wavHeader)/2)
}

// format reads how many channels a file has and its rate in Hz, which are the codec's.
func format(path string) (channels, rate int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var header [wavHeader]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return 0, 0, fmt.Errorf("%s: header: %w", path, err)
	}
	channels, rate = int(binary.LittleEndian.Uint16(header[22:])), int(binary.LittleEndian.Uint32(header[24:]))
	if channels < 1 || rate < 8000 {
		return 0, 0, fmt.Errorf("%s: %d channels at %d Hz", path, channels, rate)
	}
	return channels, rate, nil
}

// during waits for d and returns the left channel of what was recorded in it, at rate in Hz.
func (r recording) during(ctx context.Context, d time.Duration) (pcm []int16, rate int, err error) {
	before, first := r.newest()
	began := time.Now()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	after, last := r.newest()
	took := time.Since(began)
	if after != before {
		first = 0
	}
	rate = 8000
	if after != "" && last > first {
		channels, recorded := 1, r.rate
		if recorded == 0 {
			if channels, recorded, err = format(after); err != nil {
				return nil, 0, err
			}
		}
		first, rate = first-first%channels, recorded
		all, err := readSamples(after, first, last)
		if err != nil {
			return nil, 0, err
		}
		for i := 0; i < len(all); i += channels {
			pcm = append(pcm, all[i])
		}
	}
	if missing := took - audio.Duration(len(pcm), rate); missing > slack {
		pcm = append(pcm, make([]int16, int(missing*time.Duration(rate)/time.Second))...)
	}
	return pcm, rate, nil
}

// readSamples reads part of a file that is still being written.
func readSamples(path string, first, last int) ([]int16, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, 2*(last-first))
	n, err := f.ReadAt(b, int64(wavHeader+2*first))
	if err != nil && err != io.EOF {
		return nil, err
	}
	pcm := make([]int16, n/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm, nil
}
