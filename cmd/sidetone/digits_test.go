package main

import (
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/codecs/dtmf"
	"sidetone/control/config"
)

// TestKeysBetweenPhonesOfDifferentKinds: a phone that sends RFC 2833 and one that sends INFO understand each other, every key
// arrives once, and neither hears a gap; a phone that sends both is heard once.
func TestKeysBetweenPhonesOfDifferentKinds(t *testing.T) {
	o := newOffice(t, 2, func(c *config.Config) { c.Stations[1].DTMF = "info" })
	events := o.phone(t, 0, func(c *phone.Config) { c.Tone = 400 })
	info := o.phone(t, 1, func(c *phone.Config) { c.Tone = 500 })
	a, b := pair(t, events, info)
	flows(t, 10, a, b)

	a.Press("15*", 100*time.Millisecond)
	eventually(t, "the first key by INFO", func() bool { return len(b.Notes()) >= 1 })
	if err := a.PressInfo(soon(t), dtmf.Press{Key: '9'}); err != nil { // the same phone in another way
		t.Fatal(err)
	}
	eventually(t, "three keys by INFO", func() bool { return len(b.Notes()) >= 3 })
	for _, k := range []byte("0#") {
		if err := b.PressInfo(soon(t), dtmf.Press{Key: k, Duration: 120 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "two keys as events", func() bool { return a.Keys() == "0#" })
	flows(t, 20, a, b)

	keys := ""
	for _, n := range b.Notes() {
		p, err := dtmf.ParseInfo(n.ContentType, []byte(n.Body))
		if err != nil {
			t.Error(err)
		}
		keys += string(p.Key)
	}
	if keys != "15*" {
		t.Errorf("the INFO phone got %q", keys)
	}
	if b.Keys() != "" || b.Stats().Events != 0 || b.Stats().Lost != 0 {
		t.Errorf("the INFO phone got events %q, lost %d", b.Keys(), b.Stats().Lost)
	}
	if s := a.Stats(); s.Lost != 0 || s.Streams != 1 || len(a.Notes()) != 0 {
		t.Errorf("the RFC 2833 phone lost %d in %d streams, INFOs %v", s.Lost, s.Streams, a.Notes())
	}
	if err := a.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)
}

// TestKeysInTheVoice: what a phone of the kind inband presses arrives as events at one of the kind rfc2833, and the other way as tones.
func TestKeysInTheVoice(t *testing.T) {
	o := newOffice(t, 2, func(c *config.Config) { c.Stations[1].DTMF = "inband" })
	patient := func(c *phone.Config) { c.Playout = 400 * time.Millisecond } // a pause of the machine makes no two keys of one
	a, b := pair(t, o.phone(t, 0, nil), o.phone(t, 1, patient))
	flows(t, 10, a, b)
	var pcm []int16
	for _, k := range []byte("4*") {
		tone := dtmf.NewTone(dtmf.Press{Key: k}, dtmf.Rate)
		for !tone.Done() {
			frame := make([]int16, 160)
			tone.Read(frame)
			pcm = append(pcm, frame...)
		}
		pcm = append(pcm, make([]int16, 1600)...)
	}
	if _, err := b.Say(soon(t), pcm); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two keys as events", func() bool { return a.Keys() == "4*" })
	from := time.Now()
	a.Press("7", 200*time.Millisecond)
	flows(t, 60, b)
	heard := ""
	dtmf.NewDetector().Write(b.Heard(from, time.Now()), func(p dtmf.Press) { heard += string(p.Key) })
	if heard != "7" || b.Keys() != "" {
		t.Errorf("the phone heard %q in its voice and got events %q", heard, b.Keys())
	}
	if err := a.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)
}
