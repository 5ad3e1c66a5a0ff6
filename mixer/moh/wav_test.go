package moh

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wav builds a file: each sample of the mono signal, as a fraction of full scale, goes to all channels.
func wav(tag uint16, channels, rate, bits int, signal []float64) []byte {
	var data bytes.Buffer
	for _, v := range signal {
		for range channels {
			n := int64(math.Round(v * (math.Exp2(float64(bits-1)) - 1)))
			if bits == 8 {
				n += 128
			}
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(n))
			data.Write(b[:bits/8])
		}
	}
	return container(tag, channels, rate, bits, uint32(data.Len()), data.Bytes())
}

func container(tag uint16, channels, rate, bits int, length uint32, data []byte) []byte {
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	put(uint32(36 + len(data)))
	b.WriteString("WAVELIST")
	put(uint32(5)) // an odd chunk, padded
	b.WriteString("INFO\x00\x00")
	b.WriteString("fmt ")
	if tag == waveExtensible {
		put(uint32(40))
	} else {
		put(uint32(16))
	}
	put(tag)
	put(uint16(channels))
	put(uint32(rate))
	put(uint32(rate * channels * bits / 8))
	put(uint16(channels * bits / 8))
	put(uint16(bits))
	if tag == waveExtensible {
		put(uint16(22))
		put(uint16(bits))
		put(uint32(0))
		put(uint16(wavePCM))
		b.Write(make([]byte, 14))
	}
	b.WriteString("data")
	put(length)
	b.Write(data)
	return b.Bytes()
}

func tone(rate, n int, f float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 0.5 * math.Sin(2*math.Pi*f*float64(i)/float64(rate))
	}
	return x
}

func TestReadWAVFormats(t *testing.T) {
	for _, bits := range []int{8, 16, 24, 32} {
		for _, channels := range []int{1, 2} {
			for _, rate := range []int{8000, 44100, 48000} {
				tag := uint16(wavePCM)
				if bits > 16 {
					tag = waveExtensible
				}
				got, err := readWAV(bytes.NewReader(wav(tag, channels, rate, bits, tone(rate, rate, 440))), 8000, 1e6)
				if err != nil {
					t.Fatalf("%d bits, %d channels, %d Hz: %v", bits, channels, rate, err)
				}
				if len(got) != 8000 {
					t.Fatalf("%d bits, %d channels, %d Hz: %d samples", bits, channels, rate, len(got))
				}
				tolerance := 20.0
				if bits == 8 {
					tolerance = 256
				}
				for i := 800; i < 7200; i++ {
					if want := 16384 * math.Sin(2*math.Pi*440*float64(i)/8000); math.Abs(float64(got[i])-want) > tolerance {
						t.Fatalf("%d bits, %d channels, %d Hz: sample %d is %d, want %.0f", bits, channels, rate, i, got[i], want)
					}
				}
			}
		}
	}
}

func TestStereoIsMixedDown(t *testing.T) {
	data := make([]byte, 0, 4000)
	for range 1000 {
		data = binary.LittleEndian.AppendUint16(data, 1000)
		data = binary.LittleEndian.AppendUint16(data, 3000)
	}
	got, err := readWAV(bytes.NewReader(container(wavePCM, 2, 8000, 16, uint32(len(data)), data)), 8000, 1e6)
	if err != nil || len(got) != 1000 || got[500] != 2000 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestDataOfUnknownLengthIsReadToTheEnd(t *testing.T) {
	got, err := readWAV(bytes.NewReader(container(wavePCM, 1, 8000, 16, unknownLength, make([]byte, 20001))), 8000, 1e6)
	if err != nil || len(got) != 10000 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestReadWAVErrors(t *testing.T) {
	good := wav(wavePCM, 1, 8000, 16, tone(8000, 8000, 440))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "not a WAV file"},
		"text":            {[]byte("this is no music at all"), "not a WAV file"},
		"mp3 in wav":      {container(85, 1, 8000, 16, 0, nil), "encoding 85 (MPEG)"},
		"float":           {container(3, 1, 8000, 32, 0, nil), "encoding 3 (floating point)"},
		"six channels":    {container(wavePCM, 6, 48000, 16, 0, nil), "6 channels"},
		"12 bits":         {container(wavePCM, 1, 8000, 12, 0, nil), "12 bits"},
		"96 kHz":          {container(wavePCM, 1, 96000, 16, 0, nil), "96000 Hz"},
		"rate zero":       {container(wavePCM, 1, 0, 16, 0, nil), "rate 0 Hz"},
		"no samples":      {container(wavePCM, 1, 8000, 16, 0, nil), "data chunk is empty"},
		"truncated":       {good[:len(good)-5000], "5000 of 16000 bytes are missing"},
		"header only":     {good[:40], "ends within the fmt chunk"},
		"no data":         {good[:50], "before a data chunk"},
		"too long":        {container(wavePCM, 1, 8000, 16, 1<<31, nil), "too much audio: 134217 s"},
		"data before fmt": {append([]byte("RIFF\x00\x00\x00\x00WAVEdata"), 0, 0, 0, 0), "before the fmt chunk"},
		"small fmt":       {append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), 2, 0, 0, 0, 1, 0), "fmt chunk of 2 bytes"},
	} {
		_, err := readWAV(bytes.NewReader(c.file), 8000, 1e6)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestLibraryDecodesAFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(path, wav(wavePCM, 2, 16000, 16, tone(16000, 16000, 440)), 0o600); err != nil {
		t.Fatal(err)
	}
	l := NewLibrary(LibraryConfig{})
	a, err := l.Playlist(8000, path, path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Playlist(8000, path)
	if err != nil {
		t.Fatal(err)
	}
	if a.Tracks()[0] != a.Tracks()[1] || a.Tracks()[0] != b.Tracks()[0] {
		t.Error("the file was decoded more than once")
	}
	if l.Size() != 16000 {
		t.Errorf("%d bytes used", l.Size())
	}
	if wide, err := l.Playlist(16000, path); err != nil || wide.Tracks()[0].Len() != 16000 {
		t.Errorf("at 16 kHz: %v", err)
	}
	m1, _ := l.Playlist(8000)
	m2, _ := l.Playlist(8000)
	if m1.Tracks()[0] != m2.Tracks()[0] || m1.Tracks()[0].Name() != "melody" {
		t.Error("the melody was made twice")
	}
}

func TestLibraryErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	bad, long := filepath.Join(dir, "bad.wav"), filepath.Join(dir, "long.wav")
	os.WriteFile(bad, []byte("RIFFxxxxWAVE"), 0o600)
	os.WriteFile(long, wav(wavePCM, 1, 8000, 16, make([]float64, 8000*10)), 0o600)
	l := NewLibrary(LibraryConfig{Limit: 100_000})
	for _, path := range []string{bad, long, dir, filepath.Join(dir, "none.wav")} {
		_, err := l.Playlist(8000, path)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
		if errors.Is(err, ErrTooLarge) != (path == long) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if l.Size() != 0 {
		t.Errorf("%d bytes used after errors alone", l.Size())
	}
}

func TestPlaylistIsGapless(t *testing.T) {
	p := &Playlist{tracks: []*Track{
		NewTrack("a", 8000, []int16{1, 2, 3}), NewTrack("b", 8000, []int16{4}), NewTrack("c", 8000, []int16{5, 6, 7, 8, 9}),
	}}
	c := p.Cursor()
	next := int16(0)
	for _, n := range []int{1, 160, 7, 320, 2, 2, 9, 18} {
		x := make([]int16, n)
		c.Read(x)
		for _, v := range x {
			if v != next%9+1 {
				t.Fatalf("%d after %d", v, next%9)
			}
			next++
		}
	}
}

func TestCursorsAreIndependent(t *testing.T) {
	p := &Playlist{tracks: []*Track{Melody(8000)}}
	a, b := p.Cursor(), p.Cursor()
	x, y := make([]int16, 160), make([]int16, 160)
	a.Read(x)
	a.Read(x)
	b.Read(y)
	b.Read(y)
	for i := range x {
		if x[i] != y[i] {
			t.Fatal("a cursor is moved by another")
		}
	}
}

func TestCursorReadNoAllocs(t *testing.T) {
	c := (&Playlist{tracks: []*Track{NewTrack("a", 8000, make([]int16, 333))}}).Cursor()
	x := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { c.Read(x) }); n != 0 {
		t.Errorf("%v allocations a Read", n)
	}
}

func BenchmarkCursorRead(b *testing.B) {
	c := (&Playlist{tracks: []*Track{NewTrack("a", 8000, make([]int16, 3333))}}).Cursor()
	x := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		c.Read(x)
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wav(wavePCM, 1, 8000, 16, tone(8000, 100, 440)))
	f.Add(wav(waveExtensible, 2, 44100, 24, tone(8000, 100, 440)))
	f.Add(wav(wavePCM, 1, 8001, 8, tone(8000, 100, 440)))
	f.Add(container(wavePCM, 1, 48000, 16, unknownLength, make([]byte, 501)))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 10000
		x, err := readWAV(bytes.NewReader(b), 8000, limit)
		if err == nil && (len(x) == 0 || len(x) > limit) {
			t.Fatalf("%d samples", len(x))
		}
	})
}
