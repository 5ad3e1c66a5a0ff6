package call

import (
	"sync"
	"testing"
)

func TestQueueKeepsTheOrderOfOnePoster(t *testing.T) {
	var q Queue
	var got []int
	done := make(chan struct{})
	for i := range 1000 {
		q.Post(func() { got = append(got, i) })
	}
	q.Post(func() { close(done) })
	<-done
	for i, v := range got {
		if v != i {
			t.Fatalf("position %d holds %d", i, v)
		}
	}
}

func TestQueueNeverRunsTwoClosuresAtOnce(t *testing.T) {
	var q Queue
	var wg sync.WaitGroup
	n := 0 // unguarded on purpose: the race detector watches it
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 500 {
				wg.Add(1)
				q.Post(func() { n++; wg.Done() })
			}
		}()
	}
	wg.Wait()
	if n != 4000 {
		t.Fatalf("ran %d closures, want 4000", n)
	}
}

func TestQueueGoesOnAfterAPanic(t *testing.T) {
	var caught any
	q := Queue{OnPanic: func(r any) { caught = r }}
	done := make(chan struct{})
	q.Post(func() { panic("boom") })
	q.Post(func() { close(done) })
	<-done
	if caught != "boom" {
		t.Fatalf("caught %v", caught)
	}
}
