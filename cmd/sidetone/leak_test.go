package main

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"sidetone/bench/phone"
)

// TestNothingLeaksInAThousandCalls: after a warm-up, a thousand answered calls leave as many goroutines, descriptors
// and ports in use as before.
func TestNothingLeaksInAThousandCalls(t *testing.T) {
	const pairs, calls = 4, 1000
	o := newOffice(t, 2*pairs, nil)
	var phones []*phone.Phone
	for i := range 2 * pairs {
		phones = append(phones, o.phone(t, i, nil))
	}
	round := func(each int) {
		var wg sync.WaitGroup
		for i := range pairs {
			wg.Go(func() {
				for range each {
					oneCall(t, phones[2*i], phones[2*i+1].Tel())
				}
			})
		}
		wg.Wait()
	}
	round(5)
	o.settled(t)
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors(t)
	round(calls / pairs)
	o.settled(t)
	eventually(t, "goroutines back at the baseline", func() bool { return runtime.NumGoroutine() <= goroutines+1 })
	eventually(t, "descriptors back at the baseline", func() bool { return openDescriptors(t) <= descriptors+1 })
	t.Logf("before %d goroutines, %d descriptors; after %d calls %d and %d", goroutines, descriptors, calls, runtime.NumGoroutine(), openDescriptors(t))
}

func oneCall(t *testing.T, from *phone.Phone, to string) {
	c, err := from.Call(soon(t), to)
	if err != nil {
		t.Errorf("call to %s: %v", to, err)
		return
	}
	if err := c.Hangup(soon(t)); err != nil {
		t.Errorf("hang up: %v", err)
	}
}

// settled waits until no call and no port is in use.
func (o *office) settled(t *testing.T) {
	t.Helper()
	eventually(t, "no call and no port in use", func() bool {
		return strings.Contains(strings.Join(strings.Fields(o.get(t, "/v1/calls")), ""), `"calls":[]`) &&
			strings.Contains(strings.Join(strings.Fields(o.get(t, "/v1/capacity")), ""), `"address":"127.0.0.1","used":0`)
	})
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("descriptors are counted in /proc, which is not here")
	}
	return len(entries)
}
