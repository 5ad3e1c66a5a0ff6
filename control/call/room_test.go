package call

import "testing"

// TestOwnersPlaceIsKept: a conference of five takes four members while its owner is away, and the owner after them.
func TestOwnersPlaceIsKept(t *testing.T) {
	r := &Room{Owner: "217", Limit: 5}
	for _, tel := range []string{"218", "219", "220", "221"} {
		if !r.take(&Leg{tel: tel}) {
			t.Fatalf("%s has no place", tel)
		}
	}
	if r.take(&Leg{tel: "222"}) {
		t.Fatal("a fifth member took the owner's place")
	}
	owner := &Leg{tel: "217"}
	for range 2 { // asking again changes nothing
		if !r.take(owner) {
			t.Fatal("the owner has no place")
		}
	}
	if n := len(r.Legs()); n != 5 {
		t.Fatalf("%d in the room", n)
	}
}

func TestDialInRoomTakesItsLimit(t *testing.T) {
	left := 0
	r := &Room{Limit: 2, onLeave: func(*Room) { left++ }}
	a, b := &Leg{tel: "217"}, &Leg{tel: "217"}
	if !r.take(a) || !r.take(b) || r.take(&Leg{tel: "218"}) {
		t.Fatal("not two places")
	}
	r.leave(a)
	r.leave(a)
	if left != 1 {
		t.Fatalf("told %d times of one leaving", left)
	}
	if !r.take(&Leg{tel: "218"}) {
		t.Fatal("no place after one has left")
	}
}
