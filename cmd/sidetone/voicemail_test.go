package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/codecs/dtmf"
)

// lamp waits for a NOTIFY that tells a phone of n new messages.
func lamp(t *testing.T, p *phone.Phone, want string) {
	t.Helper()
	eventually(t, p.Tel()+" is told "+want, func() bool {
		for _, s := range p.Seen() {
			if s.Method == "NOTIFY" && strings.Contains(s.Body, "Voice-Message: "+want) {
				return true
			}
		}
		return false
	})
}

// TestVoiceMail: a busy station's caller leaves a message; the lamp lights; the station hears the caller's very tone and
// deletes the message; the lamp goes out. No call and no port is left.
func TestVoiceMail(t *testing.T) {
	o := newOffice(t, 3, nil)
	caller := o.phone(t, 0, func(c *phone.Config) { c.Tone = 700 })
	owner := o.phone(t, 1, func(c *phone.Config) { c.Incoming = phone.Busy })
	if code := refused(t, owner, "602*97"); code != 480 {
		t.Fatalf("forward to the voice mail: %d", code)
	}

	left, err := caller.Call(soon(t), "218")
	check(t, err)
	if got := left.Provisional(); len(got) == 0 || got[len(got)-1] != 181 {
		t.Errorf("told %v before the answer, want 181", got)
	}
	check(t, left.PressInfo(soon(t), dtmf.Press{Key: '#'})) // not the whole greeting
	time.Sleep(3500 * time.Millisecond)                     // the tone of 0.4 s, and the message
	check(t, left.PressInfo(soon(t), dtmf.Press{Key: '#'}))
	if s, err := left.WaitEnded(soon(t)); err != nil || s.Code != 0 && s.Code != 200 {
		t.Errorf("after the thanks: %+v %v", s, err)
	}
	lamp(t, owner, "1/0")

	heard, err := owner.Call(soon(t), "*97")
	check(t, err)
	check(t, heard.PressInfo(soon(t), dtmf.Press{Key: '1'}))
	// "Message one from two one seven", then the caller's tone.
	found := false
	for range 12 {
		h, err := heard.Listen(soon(t), 500*time.Millisecond, []audio.Tone{{Hz: 700}})
		check(t, err)
		if h.Tones[0].Level > -32 && h.Tones[0].Level > h.Total-1 {
			found = true
			break
		}
	}
	if !found {
		t.Error("the message's tone was not heard")
	}
	check(t, heard.PressInfo(soon(t), dtmf.Press{Key: '7'}))
	if _, err := heard.WaitEnded(soon(t)); err != nil { // "deleted, no more messages, good bye"
		t.Error(err)
	}
	lamp(t, owner, "0/0")
	o.settled(t)
}

// TestMessageWaitingByAPI: another system's voice mail lights the lamp.
func TestMessageWaitingByAPI(t *testing.T) {
	o := newOffice(t, 1, nil)
	p := o.phone(t, 0, nil)
	put := func(tel, body string) int {
		req, err := http.NewRequestWithContext(soon(t), http.MethodPut, "http://"+o.api+"/v1/stations/"+tel+"/waiting", strings.NewReader(body))
		check(t, err)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		check(t, err)
		defer res.Body.Close()
		return res.StatusCode
	}
	if code := put("217", `{"new":2,"old":1}`); code != http.StatusNoContent {
		t.Fatalf("%d", code)
	}
	lamp(t, p, "2/1")
	if code := put("217", `{"new":0,"old":0}`); code != http.StatusNoContent {
		t.Fatalf("%d", code)
	}
	lamp(t, p, "0/0")
	for _, bad := range []struct {
		tel, body string
		want      int
	}{
		{"999", `{"new":1}`, http.StatusNotFound},
		{"217", `{"new":-1}`, http.StatusBadRequest},
	} {
		if code := put(bad.tel, bad.body); code != bad.want {
			t.Errorf("%s %s: %d, want %d", bad.tel, bad.body, code, bad.want)
		}
	}
}
