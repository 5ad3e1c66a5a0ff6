package record

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("SIDETONE_RECORD"); path != "" {
		recordUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

// memory is a file in memory that may be full.
type memory struct {
	data   []byte
	room   int // octets, 0 = endless
	closed bool
}

var errFull = errors.New("no space left")

func (m *memory) Write(b []byte) (int, error) {
	if m.room > 0 && len(m.data)+len(b) > m.room {
		return 0, errFull
	}
	m.data = append(m.data, b...)
	return len(b), nil
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) { return copy(m.data[at:], b), nil }
func (m *memory) Close() error                            { m.closed = true; return nil }

// wav reads a file back: channels of samples.
func wav(t *testing.T, b []byte) (rate int, channels [][]int16) {
	t.Helper()
	le := binary.LittleEndian
	if len(b) < headerSize || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" || string(b[headerSize-8:headerSize-4]) != "data" {
		t.Fatalf("no WAV file: %q", b[:min(len(b), headerSize)])
	}
	n := int(le.Uint16(b[58:]))
	data := b[headerSize:]
	if size := int(le.Uint32(b[headerSize-4:])); size > len(data) || int(le.Uint32(b[4:])) != size+headerSize-8 {
		t.Fatalf("the header says %d octets of %d, RIFF %d", size, len(data), le.Uint32(b[4:]))
	} else {
		data = data[:size]
	}
	channels = make([][]int16, n)
	for i := 0; i+2*n <= len(data); i += 2 * n {
		for c := range channels {
			channels[c] = append(channels[c], int16(le.Uint16(data[i+2*c:])))
		}
	}
	return int(le.Uint32(b[60:])), channels
}

// made is a recorder to memory whose Run has not started.
func made(t *testing.T, rate, tracks, room int) (*Recorder, *memory) {
	t.Helper()
	m := &memory{room: room}
	r, err := New(Config{Path: "call.wav", Rate: rate, Tracks: tracks, Open: func(string) (File, error) { return m, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

const ms = int64(time.Millisecond)

// Two tracks that tick at other times and begin and end apart lie side by side by time; what one of them lacks is silence.
func TestTracksAreLaidSideBySide(t *testing.T) {
	r, m := made(t, 8000, 2, 0)
	frame := make([]int16, 160)
	const begin = 1000 * ms
	for i := range int64(100) { // 2 s
		for j := range frame {
			frame[j] = int16(1 + i)
		}
		if i < 10 || i >= 20 { // 200 ms are missing
			r.Track(0).Write(begin+i*20*ms, frame)
		}
		if i >= 50 { // joins after a second
			r.Track(1).Write(begin+i*20*ms+5*ms, frame)
		}
		if i%5 == 4 {
			if err := r.write(false); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.Stop()
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	rate, c := wav(t, m.data)
	if rate != 8000 || len(c) != 2 || len(c[0]) != 16040 || !m.closed {
		t.Fatalf("%d Hz, %d channels, %d samples, closed %v", rate, len(c), len(c[0]), m.closed)
	}
	at := func(channel, i int) int16 { return c[channel][i] }
	for i := range 16000 {
		want := int16(1 + i/160)
		if i >= 1600 && i < 3200 {
			want = 0
		}
		if got := at(0, i); got != want {
			t.Fatalf("track 0 at %d is %d, want %d", i, got, want)
		}
		want = 0
		if i >= 8040 {
			want = int16(1 + (i-40)/160)
		}
		if got := at(1, i); got != want {
			t.Fatalf("track 1 at %d is %d, want %d", i, got, want)
		}
	}
	if info := r.Info(); info.Active || info.Length != 2005*time.Millisecond || info.Dropped != 0 || info.Reason != "" {
		t.Errorf("%+v", info)
	}
}

// A writer that stands still costs frames, which are counted, and never the shard's time.
func TestSlowDiskDropsAndCounts(t *testing.T) {
	r, m := made(t, 16000, 1, 0)
	frame := make([]int16, 320)
	for i := range int64(ringFrames + 7) {
		r.Track(0).Write((1000+20*i)*ms, frame)
	}
	r.Stop()
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, c := wav(t, m.data); len(c[0]) != ringFrames*320 || r.Info().Dropped != 7 {
		t.Errorf("%d samples, %d dropped", len(c[0]), r.Info().Dropped)
	}
}

// A full disk ends the recording with a reason; what was written stays readable, and writing to the tracks goes on without effect.
func TestFullDiskEndsTheRecordingOnly(t *testing.T) {
	r, m := made(t, 8000, 1, headerSize+2*8000)
	done := make(chan error, 1)
	go func() { done <- r.Run(context.Background()) }() // ends with the disk, waited for below
	frame := make([]int16, 160)
	var err error
	for i := int64(0); err == nil; i++ {
		r.Track(0).Write((1000+20*i)*ms, frame)
		select {
		case err = <-done:
		case <-time.After(time.Millisecond):
		}
	}
	r.Track(0).Write(math.MaxInt64/2, frame)
	if info := r.Info(); !errors.Is(err, errFull) || info.Active || !strings.Contains(info.Reason, "no space") || !m.closed {
		t.Errorf("%v, %+v", err, info)
	}
	if _, c := wav(t, m.data); len(c[0]) < 4000 || len(c[0]) > 8000 {
		t.Errorf("%d samples are left", len(c[0]))
	}
}

func TestHeaderPast4GiB(t *testing.T) {
	b := header(48000, 2, 5<<30)
	le := binary.LittleEndian
	if len(b) != headerSize || string(b[:4]) != "RF64" || string(b[12:16]) != "ds64" || le.Uint32(b[4:]) != 0xFFFFFFFF || le.Uint32(b[headerSize-4:]) != 0xFFFFFFFF {
		t.Errorf("%q", b)
	}
	if le.Uint64(b[20:]) != 5<<30+headerSize-8 || le.Uint64(b[28:]) != 5<<30 || le.Uint64(b[36:]) != 5<<30/4 {
		t.Errorf("sizes %x", b[20:44])
	}
	if b := header(48000, 2, 1<<32-1-headerSize); string(b[:4]) != "RIFF" {
		t.Errorf("%q below 4 GiB", b[:4])
	}
}

func TestNewRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	for _, c := range []Config{{Path: path, Rate: 11025}, {Path: path, Tracks: MostTracks + 1}, {Path: filepath.Join(path, "b.wav")}} {
		if r, err := New(c); err == nil {
			t.Errorf("%+v makes %+v", c, r)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Path: path}); !errors.Is(err, os.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
}

// recordUntilKilled is the process that TestKilledWriterLeavesAFile kills: two tones, in real time.
func recordUntilKilled(path string) {
	r, err := New(Config{Path: path, Rate: 8000, Tracks: 2})
	if err != nil {
		panic(err)
	}
	go func() { panic(r.Run(context.Background())) }() // ends with the process
	frame := make([]int16, 160)
	start := time.Now()
	for i := int64(0); ; i++ {
		time.Sleep(time.Until(start.Add(time.Duration(i) * tick)))
		for c, hz := range []float64{440, 880} {
			for j := range frame {
				frame[j] = int16(10000 * math.Sin(2*math.Pi*hz*float64(int(i)*160+j)/8000))
			}
			r.Track(c).Write((1000+20*i)*ms, frame)
		}
		if i%50 == 49 {
			os.Stdout.Write([]byte{'.'})
		}
	}
}

// A process that is killed leaves a file that others read, but for the last second and what was on its way.
func TestKilledWriterLeavesAFile(t *testing.T) {
	soxi, err := exec.LookPath("soxi")
	if err != nil {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatal(err)
		}
		t.Skip("sox is not installed (make deps)")
	}
	path := filepath.Join(t.TempDir(), "killed.wav")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SIDETONE_RECORD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	const seconds = 3
	for n, b := 0, make([]byte, 1); n < seconds; n++ { // a dot a second
		if _, err := out.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	got, err := exec.Command(soxi, "-D", path).Output()
	if err != nil {
		t.Fatalf("soxi: %v", err)
	}
	length, err := strconv.ParseFloat(strings.TrimSpace(string(got)), 64)
	if err != nil || length < seconds-1.5 {
		t.Errorf("%q s of %d are left (%v)", got, seconds, err)
	}
	stat, err := exec.Command("sox", path, "-n", "remix", "2", "stat").CombinedOutput()
	if err != nil {
		t.Fatalf("sox: %v", err)
	}
	for line := range strings.Lines(string(stat)) {
		if rest, ok := strings.CutPrefix(line, "Rough   frequency:"); ok {
			if hz, err := strconv.Atoi(strings.TrimSpace(rest)); err != nil || hz < 830 || hz > 930 {
				t.Errorf("the second channel has %s", line)
			}
			return
		}
	}
	t.Errorf("sox says\n%s", stat)
}

func TestWriteNoAllocs(t *testing.T) {
	r, _ := made(t, 8000, 1, 0)
	track, frame, now := r.Track(0), make([]int16, 160), int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		now += 20 * ms
		track.Write(now, frame)
		track.taken.Store(track.written.Load())
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTrackWrite(b *testing.B) {
	b.ReportAllocs()
	r, err := New(Config{Open: func(string) (File, error) { return &memory{}, nil }})
	if err != nil {
		b.Fatal(err)
	}
	track, frame, now := r.Track(0), make([]int16, 160), int64(0)
	for range b.N {
		now += 20 * ms
		track.Write(now, frame)
		track.taken.Store(track.written.Load())
	}
}
