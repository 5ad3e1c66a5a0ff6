package clib

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestWhatIsNoLibraryIsRefused(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LD_LIBRARY_PATH", dir)
	l, err := NewLoader()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Open("libnothing.so.7"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a library that is not there: %v", err)
	}
	for _, name := range []string{"", "../libm.so", "/lib/libm.so"} {
		if _, err := l.Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"libempty.so": {}, "libtext.so": []byte("GROUP ( /lib/libm.so.6 )"), "libprogram.so": self, "libhalf.so": self[:5000],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Open(name); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The C library itself has what only a dynamic linker can do.
func TestWhatNeedsADynamicLinkerIsRefused(t *testing.T) {
	l, err := NewLoader()
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Open("libc.so.6")
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("SIDETONE_PEERS") != "required" {
		t.Skip("this system has no libc.so.6")
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("libc was loaded, or is not there: %v", err)
	}
	t.Log(err)
}

// More goroutines than there are stacks call while the garbage collector stops the world.
func TestCallsRunAtOnce(t *testing.T) {
	apply := stub(t)
	s, err := newStacks()
	if err != nil {
		t.Fatal(err)
	}
	l := &Library{stacks: s}
	multiply := function(t, "pow")
	var wg sync.WaitGroup
	for g := range 3 * len(s.tops) { // waited for below
		wg.Go(func() {
			b := l.NewBlock(64)
			memory, at := b.Alloc(24)
			for i := range 3000 {
				put(memory, 0, float64(g+1))
				put(memory, 1, 2)
				b.Call(apply, multiply, at)
				if got := get(memory, 2); got < float64((g+1)*(g+1))-1e-6 || got > float64((g+1)*(g+1))+1e-6 {
					t.Errorf("%d squared is %v", g+1, got)
					return
				}
				if i%1000 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
}

func TestStateWithPointersIsCopied(t *testing.T) {
	l := &Library{}
	state := func(value byte) *Block {
		b := l.NewBlock(100)
		_, _ = b.Alloc(16) // a buffer
		b.StateBegins()
		memory, at := b.Alloc(64)
		memory[20] = value
		putWord(memory[32:], uint64(at)+8) // points into itself
		putWord(memory[40:], 12345)
		b.Seal()
		return b
	}
	one, other, third := state(7), state(7), state(9)
	one.Compare(other)
	other.Adopt(one)
	third.Adopt(one)
	if len(one.pointers) != 1 || one.pointers[0] != 48 {
		t.Errorf("pointers at %d", one.pointers)
	}
	if !one.SameState(other) || one.SameState(third) {
		t.Error("states compare wrongly")
	}
	third.CopyState(one)
	if !third.SameState(one) || third.word(48) != uint64(third.base)+24 {
		t.Errorf("the copy points to %#x, its base is %#x", third.word(48), third.base)
	}
	if n := testing.AllocsPerRun(100, func() { third.CopyState(one); third.SameState(one) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCall(b *testing.B) {
	s, err := newStacks()
	if err != nil {
		b.Fatal(err)
	}
	block := (&Library{stacks: s}).NewBlock(16)
	abs, _ := imported("abs")
	b.ReportAllocs()
	for b.Loop() {
		block.Call(Func(abs), 5)
	}
}
