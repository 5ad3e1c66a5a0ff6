package cdr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newWriter(t *testing.T) (*Writer, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	w, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, filepath.Join(dir, FileName)
}

// ids are those of the records in a file, in order.
func ids(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range bytes.Lines(text) {
		var r struct{ ID string }
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		list = append(list, r.ID)
	}
	return list
}

func TestRecordAsALine(t *testing.T) {
	start := time.Date(2031, 5, 6, 7, 8, 9, 123456789, time.UTC)
	r := Record{
		ID: "a-1", From: "217", To: "218", Start: start, Ring: start.Add(time.Second), Answer: start.Add(3 * time.Second),
		End: start.Add(63500 * time.Millisecond), Reason: "bye", EndedBy: Called,
		Legs: []Leg{{Tel: "217", Peer: netip.MustParseAddrPort("10.0.0.7:5060"), Codec: "PCMA", PacketsReceived: 3000, PacketsSent: 2999,
			BytesReceived: 516000, BytesSent: 515828, PacketsLost: 3, LossPercent: 0.1, Drops: map[string]uint64{"source": 2}}},
	}
	want := `{"schema":1,"id":"a-1","from":"217","to":"218","start":"2031-05-06T07:08:09.123Z","ring":"2031-05-06T07:08:10.123Z",` +
		`"answer":"2031-05-06T07:08:12.123Z","end":"2031-05-06T07:09:12.623Z","reason":"bye","ended_by":"called","legs":[` +
		`{"tel":"217","peer":"10.0.0.7:5060","codec":"PCMA","packets_received":3000,"packets_sent":2999,"bytes_received":516000,` +
		`"bytes_sent":515828,"packets_lost":3,"loss_percent":0.1,"drops":{"source":2}}],"duration":60.5}`
	if got, err := json.Marshal(r); err != nil || string(got) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	unanswered := `{"schema":1,"id":"a-2","from":"217","to":"999","start":"2031-05-06T07:08:09.123Z","end":"2031-05-06T07:08:10.123Z",` +
		`"reason":"unknown number","ended_by":"sidetone","code":404,"legs":[],"duration":0}`
	r = Record{ID: "a-2", From: "217", To: "999", Start: start, End: start.Add(time.Second), Reason: "unknown number", EndedBy: System, Code: 404}
	if got, err := json.Marshal(r); err != nil || string(got) != unanswered {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, unanswered)
	}
}

func TestRecordsAreWrittenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := newWriter(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }() // ends with ctx, waited for below
		var want []string
		for i := range 3 * batch {
			id := fmt.Sprint(i)
			want = append(want, id)
			w.Write(Record{ID: id})
		}
		synctest.Wait()
		if got := ids(t, path); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("before the end: %v", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s := w.Stats(); s != (Stats{Written: 3 * batch}) {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheEndOfRunWritesTheQueue(t *testing.T) {
	w, path := newWriter(t)
	w.Write(Record{ID: "a"})
	w.Write(Record{ID: "b"})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ids(t, path)); got != "[a b]" {
		t.Error(got)
	}
}

func TestCloseWritesTheQueueWhetherRunRunsOrNot(t *testing.T) {
	for _, running := range []bool{false, true} {
		w, path := newWriter(t)
		var wg sync.WaitGroup
		if running {
			wg.Go(func() { _ = w.Run(context.Background()) }) // ends with Close, waited for below
		}
		for i := range 100 {
			w.Write(Record{ID: fmt.Sprint(i)})
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Error(err)
		}
		wg.Wait()
		w.Write(Record{ID: "late"})
		s := w.Stats()
		if got := ids(t, path); len(got) != int(s.Written) || s.Written+s.Dropped != 101 || s.Dropped < 1 {
			t.Errorf("running %v: %d in the file, %+v", running, len(got), s)
		}
		if !running && s.Written != 100 {
			t.Errorf("%+v", s)
		}
	}
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	w, path := newWriter(t)
	for i := range queued + 5 {
		w.Write(Record{ID: fmt.Sprint(i)}) // nobody runs Run: would hang here if it waited
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if s := w.Stats(); s != (Stats{Written: queued, Dropped: 5}) {
		t.Errorf("%+v", s)
	}
	if got := ids(t, path); len(got) != queued || got[queued-1] != fmt.Sprint(queued-1) {
		t.Errorf("%d records, the last %s", len(got), got[len(got)-1])
	}
}

func TestTheFileIsAppendedToAndATornLineEnded(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte(`{"id":"old"}`+"\n"+`{"id":"to`), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(Record{ID: "new"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[0] != `{"id":"old"}` || lines[1] != `{"id":"to` || !strings.Contains(lines[2], `"id":"new"`) {
		t.Errorf("%q", lines)
	}
}

func TestAFileMovedAwayIsBegunAnew(t *testing.T) {
	w, path := newWriter(t)
	w.Write(Record{ID: "a"})
	w.drain()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	w.Write(Record{ID: "b"})
	w.drain()
	if a, b := ids(t, path+".1"), ids(t, path); fmt.Sprint(a, b) != "[a] [b]" {
		t.Error(a, b)
	}
}

func TestADiskThatRefusesIsSaidOnceAndCounted(t *testing.T) {
	w, path := newWriter(t)
	var log bytes.Buffer
	w.Logger = slog.New(slog.NewTextHandler(&log, nil))
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	good := w.file.f
	w.file.f = readOnly
	for range 3 {
		w.Write(Record{ID: "lost"})
		w.drain()
	}
	w.file.f = good
	w.Write(Record{ID: "kept"})
	w.drain()
	if err := readOnly.Close(); err != nil {
		t.Fatal(err)
	}
	if s := w.Stats(); s != (Stats{Written: 1, Failed: 3}) {
		t.Errorf("%+v", s)
	}
	if got := fmt.Sprint(ids(t, path)); got != "[kept]" {
		t.Error(got)
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "are lost") || !strings.Contains(log.String(), "lost=3") {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestADirectoryThatCannotBeIsNamed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(filepath.Join(name, "state")); err == nil || !strings.Contains(err.Error(), name) {
		t.Error(err)
	}
}
