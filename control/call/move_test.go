package call

import (
	"sync"
	"testing"
)

// TestTakeLetsNothingInBetween: what is posted by whoever was let in by give comes after fn, however many post.
func TestTakeLetsNothingInBetween(t *testing.T) {
	for range 200 {
		var q Queue
		var order []string
		var posters, done sync.WaitGroup
		open := make(chan struct{})
		done.Add(5)
		for range 4 {
			posters.Go(func() {
				<-open
				q.Post(func() { order = append(order, "message"); done.Done() })
			})
		}
		q.Take(func() { close(open) }, func() { order = append(order, "taken"); done.Done() })
		posters.Wait()
		done.Wait()
		if order[0] != "taken" || len(order) != 5 {
			t.Fatalf("order %v", order)
		}
	}
}

// TestPlaces: a leg that arrives gets the free place, whichever that is; a call with two has none, nor one that is over.
func TestPlaces(t *testing.T) {
	x, y, z := &Leg{}, &Leg{}, &Leg{}
	c := &Call{arriving: []*Leg{x, y, z}}
	if !c.place(x) || !c.place(y) || c.a != x || c.b != y {
		t.Fatal("not the two places in their order")
	}
	if c.place(z) {
		t.Fatal("a third place")
	}
	c.forget(x)
	if !c.place(z) || c.a != z || len(c.arriving) != 0 {
		t.Fatal("the place that got free was not taken")
	}
	c.forget(y)
	c.ended = true
	if c.place(x) {
		t.Fatal("a place in a call that is over")
	}
}
