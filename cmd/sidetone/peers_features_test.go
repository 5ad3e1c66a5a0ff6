package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
)

// TestBaresipFeatures: real phones pick up, park and retrieve, and hear each other after each; their lamp is told of messages.
func TestBaresipFeatures(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	o := newOffice(t, 3, nil)
	var p phones
	for i := range 3 {
		b, err := peer.StartBaresip(soon(t), peer.BaresipConfig{
			Server: o.udp, Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("secret-%d", 217+i),
			Tone: audio.Voices()[i], Manual: i == 1, Waiting: i == 0, Dir: t.TempDir(),
		})
		check(t, err)
		t.Cleanup(func() { b.Close() })
		p = append(p, b)
	}
	for _, b := range p {
		check(t, b.WaitRegistered(soon(t)))
	}
	a, b, c := p[0], p[1], p[2]

	since := time.Now()
	req, err := http.NewRequestWithContext(soon(t), http.MethodPut, "http://"+o.api+"/v1/stations/217/waiting", strings.NewReader(`{"new":3}`))
	check(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	check(t, err)
	check(t, res.Body.Close())
	eventually(t, "the lamp is told of three messages", func() bool {
		e, err := a.WaitEvent(soon(t), since, "MWI_NOTIFY")
		if err == nil && !strings.Contains(e.Param, "3/0") {
			since = e.At.Add(1)
		}
		return err == nil && strings.Contains(e.Param, "Voice-Message: 3/0")
	})

	since = time.Now()
	_, err = c.Dial(soon(t), b.Tel()) // rings there until it is answered
	check(t, err)
	check(t, a.Call(soon(t), "65"+b.Tel()))
	_, err = c.WaitEvent(soon(t), since, "CALL_ESTABLISHED")
	check(t, err)
	p.hears(t, a, c)
	p.hears(t, c, a)

	check(t, a.Hold(soon(t)))
	e, err := a.Dial(soon(t), "11")
	check(t, err)
	if e.Type != "CALL_CLOSED" || !strings.HasPrefix(e.Param, "480") {
		t.Errorf("park: %s %s", e.Type, e.Param)
	}
	check(t, b.Call(soon(t), "12"+a.Tel()))
	p.hears(t, b, c)
	p.hears(t, c, b)
	check(t, b.Hangup(soon(t)))
	o.settled(t)
}
