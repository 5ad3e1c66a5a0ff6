package call

import "testing"

func TestCallerCode(t *testing.T) {
	for phone, want := range map[int]int{
		486: 486, 600: 486, 603: 603, 404: 404, 480: 480, 484: 484, 410: 410,
		488: 488, 415: 488, 606: 488,
		401: 480, 403: 480, 408: 480, 487: 480, 302: 480, 500: 480, 503: 480,
	} {
		if got := callerCode(phone); got != want {
			t.Errorf("a phone's %d becomes %d, want %d", phone, got, want)
		}
	}
}

// TestWorseIsTheSameInAnyOrder: of several phones that refused, the caller hears the most telling code, whoever
// answered first.
func TestWorseIsTheSameInAnyOrder(t *testing.T) {
	codes := []int{603, 486, 488, 484, 410, 404, 480}
	for i, a := range codes {
		for _, b := range codes[i:] {
			if got, back := worse(a, b), worse(b, a); got != a || back != a {
				t.Errorf("worse(%d, %d) is %d, and %d the other way round; want %d", a, b, got, back, a)
			}
		}
	}
	if got := worse(0, 480); got != 480 {
		t.Errorf("the first failure is %d", got)
	}
}
