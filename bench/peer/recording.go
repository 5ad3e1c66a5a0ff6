package peer

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"time"

	"sidetone/bench/audio"
)

// recording is the directory into which baresip's sndfile module writes what a phone hears.
//
// Two of its habits need care. Baresip 1.0.0 throws its audio filters of the receiving side away when
// a description says anything but sendrecv, and sets them up anew only if the sending side has none:
// so prepare makes its files for the sending side impossible to open, and recording goes on in a new
// file. And a file grows by what arrives only: so a stretch of time is measured by how much the file
// grew, and what is missing is silence.
type recording struct {
	dir string
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

// newest returns the file that a call started or resumed last writes into, and its samples so far.
func (r recording) newest() (path string, samples int) {
	files, err := filepath.Glob(filepath.Join(r.dir, decNames))
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

// during waits for d and returns what was recorded in it.
func (r recording) during(ctx context.Context, d time.Duration) ([]int16, error) {
	before, first := r.newest()
	began := time.Now()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, last := r.newest()
	took := time.Since(began)
	if after != before {
		first = 0
	}
	var pcm []int16
	if after != "" && last > first {
		var err error
		if pcm, err = readSamples(after, first, last); err != nil {
			return nil, err
		}
	}
	if missing := took - audio.Duration(len(pcm), rate); missing > slack {
		pcm = append(pcm, make([]int16, int(missing*rate/time.Second))...)
	}
	return pcm, nil
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
