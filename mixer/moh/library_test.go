package moh

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

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
		t.Errorf("%d bytes to be used", l.Size())
	}
	wide, err := l.Playlist(16000, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Load(context.Background()); err != nil || wide.Tracks()[0].Len() != 16000 || l.Size() != 48000 {
		t.Errorf("at 16 kHz %d samples, %d bytes used: %v", wide.Tracks()[0].Len(), l.Size(), err)
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

// filled reads from a cursor and returns the last 20 ms of it.
func filled(c *Cursor, reads int) []int16 {
	x := make([]int16, 160)
	for range reads {
		c.Read(x)
	}
	return x
}

func TestMelodyFillsInUntilAFileIsDecoded(t *testing.T) {
	dir := t.TempDir()
	good, short := filepath.Join(dir, "good.wav"), filepath.Join(dir, "short.mp3")
	if err := os.WriteFile(good, wav(wavePCM, 1, 8000, 16, tone(8000, 8000, 440)), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/lame-44100-stereo.mp3")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(short, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	l := NewLibrary(LibraryConfig{})
	p, err := l.Playlist(8000, short, good)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Cursor()
	if got, want := filled(c, 3), Melody(8000).audio()[320:480]; got[0] != want[0] || got[159] != want[159] {
		t.Error("not the melody while nothing is decoded")
	}
	if err := l.Load(context.Background()); err == nil || !strings.Contains(err.Error(), short) || strings.Contains(err.Error(), good) {
		t.Errorf("the error is to name the broken file: %v", err)
	}
	if l.Size() != 16000 {
		t.Errorf("%d bytes used, want those of the good file", l.Size())
	}
	if x := filled(c, 1); x[159] != 0 {
		t.Errorf("the melody does not fade out: it ends at %d", x[159])
	}
	x, want := filled(c, 1), p.Tracks()[1].audio()
	for i := range x {
		if x[i] != want[i] {
			t.Fatalf("sample %d after the melody is %d, the file's is %d", i, x[i], want[i])
		}
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	os.WriteFile(path, wav(wavePCM, 1, 8000, 16, tone(8000, 8000, 440)), 0o600)
	l := NewLibrary(LibraryConfig{})
	p, err := l.Playlist(8000, path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Load(ctx); err != nil || p.Duration() != 0 {
		t.Errorf("%v decoded, %v", p.Duration(), err)
	}
	if err := l.Load(context.Background()); err != nil || p.Duration() != time.Second {
		t.Errorf("then %v decoded, %v", p.Duration(), err)
	}
}

// The header does not say how much there is, so only decoding finds it to be too much.
func TestLimitHoldsForFilesThatDoNotSayHowLongTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.wav")
	os.WriteFile(path, container(wavePCM, 1, 8000, 16, unknownLength, make([]byte, 200_000)), 0o600)
	l := NewLibrary(LibraryConfig{Limit: 100_000})
	if _, err := l.Playlist(8000, path); err != nil {
		t.Fatal(err)
	}
	if err := l.Load(context.Background()); !errors.Is(err, ErrTooLarge) || l.Size() != 0 {
		t.Errorf("%d bytes used: %v", l.Size(), err)
	}
}

// What no file has is not made: a class of telephone recordings takes telephone memory.
func TestPlaylistIsAsWideAsItsFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(rate int) string {
		path := filepath.Join(dir, strconv.Itoa(rate))
		if err := os.WriteFile(path, wav(wavePCM, 1, rate, 16, tone(rate, rate, 440)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		most, want int
		files      []string
	}{
		{16000, 8000, []string{file(8000)}}, {16000, 16000, []string{file(8000), file(11025)}}, {16000, 16000, []string{file(44100)}},
		{48000, 48000, []string{file(22050)}}, {48000, 16000, []string{file(16000)}}, {8000, 8000, []string{file(48000)}}, {48000, 48000, nil},
	} {
		l := NewLibrary(LibraryConfig{})
		rate, err := Needed(tt.most, tt.files...)
		if err != nil {
			t.Fatal(err)
		}
		p, err := l.Playlist(rate, tt.files...)
		if err != nil || l.Load(t.Context()) != nil {
			t.Fatal(err)
		}
		if p.Rate() != tt.want || p.Tracks()[0].Rate() != tt.want || tt.files != nil && p.Duration() != time.Duration(len(tt.files))*time.Second {
			t.Errorf("at most %d of %v: %d Hz, %v", tt.most, tt.files, p.Rate(), p.Duration())
		}
	}
}
