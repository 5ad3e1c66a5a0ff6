package ng

import (
	"fmt"
	"testing"
	"time"
)

func key(cookie string) cookieKey { return cookieKey{client: clientAddr, cookie: cookie} }

func ignoreReply([]byte) {}

func TestDuplicateInFlightWaitsForTheAnswer(t *testing.T) {
	c := newCookies(time.Minute, 10, 1<<20)
	now := time.Unix(1000, 0)
	e, _ := c.begin(key("1"), now, ignoreReply)
	if e == nil {
		t.Fatal("a fresh cookie is none")
	}
	var got []string
	for range 3 {
		if again, reply := c.begin(key("1"), now, func(b []byte) { got = append(got, string(b)) }); again != nil || reply != nil {
			t.Fatal("a duplicate was taken for a request")
		}
	}
	for _, answer := range c.finish(e, []byte("done"), now) {
		answer([]byte("done"))
	}
	if len(got) != 3 {
		t.Errorf("%d duplicates were answered, want 3", len(got))
	}
}

func TestLaterDuplicateGetsTheSameReply(t *testing.T) {
	c := newCookies(time.Minute, 10, 1<<20)
	now := time.Unix(1000, 0)
	e, _ := c.begin(key("1"), now, ignoreReply)
	c.finish(e, []byte("done"), now)
	if again, reply := c.begin(key("1"), now.Add(50*time.Second), ignoreReply); again != nil || string(reply) != "done" {
		t.Errorf("got %v %q", again, reply)
	}
}

func TestTheSameCookieOfAnotherClientIsAnotherRequest(t *testing.T) {
	c := newCookies(time.Minute, 10, 1<<20)
	now := time.Unix(1000, 0)
	e, _ := c.begin(key("1"), now, ignoreReply)
	c.finish(e, []byte("done"), now)
	other := key("1")
	other.client = clientAddr2
	if e, _ := c.begin(other, now, ignoreReply); e == nil {
		t.Error("taken for a duplicate")
	}
}

func TestCookiesAreForgottenWithAge(t *testing.T) {
	c := newCookies(time.Minute, 10, 1<<20)
	now := time.Unix(1000, 0)
	e, _ := c.begin(key("1"), now, ignoreReply)
	c.finish(e, []byte("done"), now)
	if e, _ := c.begin(key("1"), now.Add(61*time.Second), ignoreReply); e == nil {
		t.Error("still known after its time")
	}
}

func TestCookiesAreBounded(t *testing.T) {
	for name, c := range map[string]*cookies{
		"by number": newCookies(time.Hour, 100, 1<<30),
		"by bytes":  newCookies(time.Hour, 1<<30, 100*(256+1000)),
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1000, 0)
			for i := range 10_000 {
				e, _ := c.begin(key(fmt.Sprint(i)), now, ignoreReply)
				if e == nil {
					t.Fatal("a fresh cookie is none")
				}
				if i%3 != 0 { // some are never finished
					c.finish(e, make([]byte, 1000), now)
				}
				if len(c.entries) > 400 || len(c.oldest) != len(c.entries) {
					t.Fatalf("%d entries, %d in order", len(c.entries), len(c.oldest))
				}
			}
			size := 0
			for _, e := range c.entries {
				size += e.size()
			}
			if size != c.bytes {
				t.Errorf("%d bytes counted, %d there", c.bytes, size)
			}
			if _, reply := c.begin(key("9998"), now, ignoreReply); reply == nil {
				t.Error("a recent one is forgotten")
			}
		})
	}
}

func TestAnswerOfAForgottenRequestStillReachesWhoWaits(t *testing.T) {
	c := newCookies(time.Minute, 2, 1<<20)
	now := time.Unix(1000, 0)
	e, _ := c.begin(key("1"), now, ignoreReply)
	c.begin(key("1"), now, ignoreReply)
	for i := range 5 {
		c.begin(key(fmt.Sprint("x", i)), now, ignoreReply)
	}
	if n := len(c.finish(e, []byte("done"), now)); n != 1 {
		t.Errorf("%d waiting, want 1", n)
	}
	if c.entries[key("1")] != nil {
		t.Error("the forgotten one came back")
	}
}
