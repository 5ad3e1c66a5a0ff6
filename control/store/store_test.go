package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

type forward struct {
	To   string
	Busy bool
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test closes it where that matters
	return s
}

func closeStore(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// running runs the writer until the returned function is called.
func running(t *testing.T, s *Store) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }() // ended and awaited by stop
	return func() { cancel(); <-done }
}

func TestValuesComeBack(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	s := open(t, dir)
	stop := running(t, s)
	forwards, dnd := NewTable[forward](s, "forwards"), NewTable[bool](s, "dnd")
	forwards.Put("217", forward{To: "218"})
	forwards.Put("217", forward{To: "219", Busy: true})
	forwards.Put("*21#+ü.", forward{To: "220"})
	forwards.Put("221", forward{To: "222"})
	forwards.Delete("221")
	forwards.Delete("never")
	dnd.Put("217", true)
	if v, ok := forwards.Get("217"); !ok || v.To != "219" {
		t.Fatalf("read back at once: %v %v", v, ok)
	}
	stop()
	closeStore(t, s)

	again := open(t, dir)
	forwards = NewTable[forward](again, "forwards")
	if got, want := fmt.Sprint(forwards.All()), fmt.Sprint(map[string]forward{"217": {"219", true}, "*21#+ü.": {To: "220"}}); got != want {
		t.Errorf("forwards: %s, want %s", got, want)
	}
	if v, ok := NewTable[bool](again, "dnd").Get("217"); !ok || !v {
		t.Error("dnd of 217 is gone")
	}
	closeStore(t, again)
}

func TestUnreadableValueIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	words := NewTable[string](s, "registrations")
	words.Put("217", "not a number")
	words.Put("218", "7")
	closeStore(t, s)
	again := open(t, dir)
	numbers := NewTable[int](again, "registrations")
	if len(numbers.All()) != 0 {
		t.Errorf("%v", numbers.All())
	}
}

func TestDirectoryIsUsedOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "another sidetone") || !strings.Contains(err.Error(), dir) {
		t.Errorf("second opening: %v", err)
	}
	closeStore(t, s)
	closeStore(t, open(t, dir))
}

func TestDirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}

// TestRefusedValuesAreWrittenLater takes the bucket away and gives it back.
func TestRefusedValuesAreWrittenLater(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	defer running(t, s)()
	js, err := jetstream.New(s.engine.conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteKeyValue(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	dnd := NewTable[bool](s, "dnd")
	dnd.Put("217", true)
	until(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.failing })
	if v, _ := dnd.Get("217"); !v || s.Pending() != 1 {
		t.Fatalf("while the disk refuses: %v, %d pending", v, s.Pending())
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bucket, Storage: jetstream.FileStorage}); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return s.Pending() == 0 })
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("did not happen")
		}
	}
}

// TestKillLosesAlmostNothing kills a process in the midst of writing; what it reported as written is there.
func TestKillLosesAlmostNothing(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_WRITER"); dir != "" {
		writeForever(dir)
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillLosesAlmostNothing$")
	cmd.Env = append(os.Environ(), "STORE_TEST_WRITER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() && last < 200 {
		if last, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatalf("%q", lines.Text())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if last < 200 {
		t.Fatalf("the writer ended after %d values", last)
	}
	values := NewTable[int](open(t, dir), "numbers")
	for i := range last {
		if v, ok := values.Get(fmt.Sprint(i % 50)); !ok || v < i && i > last-50 {
			t.Errorf("key %d: %d %v after %d values", i%50, v, ok, last)
		}
	}
}

// writeForever puts numbers under fifty keys and prints how many are on disk.
func writeForever(dir string) {
	s, err := Open(Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	values := NewTable[int](s, "numbers")
	go func() { _ = s.Run(context.Background()) }() // ends with the process
	for i := 0; ; i++ {
		values.Put(fmt.Sprint(i%50), i)
		for s.Pending() > 0 {
			time.Sleep(10 * time.Microsecond)
		}
		fmt.Println(i + 1)
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	values := NewTable[int](s, "numbers")
	for i := 0; b.Loop(); i++ {
		values.Put(strconv.Itoa(i%100), i)
		if i%100 == 99 {
			s.write()
		}
	}
	b.StopTimer()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
