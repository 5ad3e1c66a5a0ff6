package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// srtpPhone makes a phone with a voice of its own and SRTP.
func (o *office) srtpPhone(t *testing.T, i int, s phone.SRTP, suites ...string) *phone.Phone {
	return o.phone(t, i, func(c *phone.Config) {
		c.SRTP, c.Suites, c.Tone, c.Playout = s, suites, audio.Voices()[i], 100*time.Millisecond
	})
}

// stationSRTP sets stations' srtp, in their order.
func stationSRTP(values ...string) func(*config.Config) {
	return func(c *config.Config) {
		for i, v := range values {
			c.Stations[i].SRTP = v
		}
	}
}

// hears listens until a phone hears the voices of others at their level.
func hears(t *testing.T, c *phone.Call, others ...int) {
	t.Helper()
	var tones []audio.Tone
	for _, i := range others {
		tones = append(tones, audio.Tone{Name: fmt.Sprint(217 + i), Hz: audio.Voices()[i]})
	}
	ctx, last := soon(t), audio.Hearing{}
	for {
		h, err := c.Listen(ctx, 400*time.Millisecond, tones)
		if err != nil {
			t.Fatalf("%s hears %+v, spoken at -20: %v", c.Phone().Tel(), last.Tones, err)
		}
		last = h
		if !slices.ContainsFunc(h.Tones, func(x audio.Heard) bool { return x.Usual < -21.5 || x.Usual > -18.5 }) {
			return
		}
	}
}

// TestSRTPBridges calls between phones of every kind: each side speaks as its phone does, and the other is heard.
func TestSRTPBridges(t *testing.T) {
	const cm, gcm = "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_256_GCM"
	for _, tc := range []struct {
		name             string
		stations         []string
		from, to         phone.SRTP
		suites           [2]string
		fromUses, toUses string
	}{
		{"plain to optional", nil, phone.NoSRTP, phone.OptionalSRTP, [2]string{cm, cm}, "", cm},
		{"optional to plain", nil, phone.OptionalSRTP, phone.NoSRTP, [2]string{cm, cm}, cm, ""},
		{"plain to plain", nil, phone.NoSRTP, phone.NoSRTP, [2]string{cm, cm}, "", ""},
		{"one that insists to plain", nil, phone.RequiredSRTP, phone.NoSRTP, [2]string{cm, cm}, cm, ""},
		{"plain to one that insists, which refuses the choice", nil, phone.NoSRTP, phone.RequiredSRTP, [2]string{cm, cm}, "", cm},
		{"plain to a station that must", []string{"off", "required"}, phone.NoSRTP, phone.RequiredSRTP, [2]string{cm, cm}, "", cm},
		{"a phone that can, at a station that may not", []string{"off", "off"}, phone.OptionalSRTP, phone.OptionalSRTP, [2]string{cm, cm}, "", ""},
		{"different suites", []string{"required", "required"}, phone.RequiredSRTP, phone.RequiredSRTP, [2]string{cm, gcm}, cm, gcm},
		{"a short tag of the caller's", nil, phone.RequiredSRTP, phone.OptionalSRTP, [2]string{"AES_CM_128_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_80"},
			"AES_CM_128_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_80"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, stationSRTP(tc.stations...))
			a, b := o.srtpPhone(t, 0, tc.from, tc.suites[0]), o.srtpPhone(t, 1, tc.to, tc.suites[1])
			call, back := pair(t, a, b)
			if call.Suite() != tc.fromUses || back.Suite() != tc.toUses {
				t.Errorf("the caller uses %q, the called %q; want %q and %q", call.Suite(), back.Suite(), tc.fromUses, tc.toUses)
			}
			flows(t, 10, call, back)
			hears(t, call, 1)
			hears(t, back, 0)
			for _, c := range []*phone.Call{call, back} {
				if s := c.Stats(); s.Unauthentic != 0 || s.Bad != 0 || s.Lost != 0 {
					t.Errorf("%s: %+v", c.Phone().Tel(), s)
				}
			}
			if err := call.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
			o.settled(t)
		})
	}
}

func TestSRTPRefusals(t *testing.T) {
	for _, tc := range []struct {
		name     string
		stations []string
		from, to phone.SRTP
		suites   [2]string
	}{
		{"a plain phone at a station that must", []string{"required", "off"}, phone.NoSRTP, phone.NoSRTP, [2]string{}},
		{"a phone that insists at a station that may not", []string{"off", "off"}, phone.RequiredSRTP, phone.NoSRTP, [2]string{}},
		{"to a plain phone at a station that must", []string{"off", "required"}, phone.NoSRTP, phone.NoSRTP, [2]string{}},
		{"to a phone that insists at a station that may not", []string{"off", "off"}, phone.NoSRTP, phone.RequiredSRTP, [2]string{}},
		{"to a phone whose only suite we do not offer", []string{"off", "required"}, phone.NoSRTP, phone.RequiredSRTP, [2]string{1: "AES_256_CM_HMAC_SHA1_32"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, stationSRTP(tc.stations...))
			suites := func(i int) (s []string) {
				if tc.suites[i] != "" {
					s = append(s, tc.suites[i])
				}
				return s
			}
			a := o.srtpPhone(t, 0, tc.from, suites(0)...)
			o.srtpPhone(t, 1, tc.to, suites(1)...)
			if got := refused(t, a, "218"); got != 488 {
				t.Errorf("answered %d, want 488", got)
			}
			o.settled(t)
		})
	}
}

// TestSRTPThroughHoldAndNewKeys: hold, tone, resume and new keys leave both phones hearing what they should.
func TestSRTPThroughHoldAndNewKeys(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	a, b := o.srtpPhone(t, 0, phone.RequiredSRTP), o.srtpPhone(t, 1, phone.OptionalSRTP, "AEAD_AES_128_GCM")
	call, back := pair(t, a, b)
	flows(t, 10, call, back)
	for _, holder := range []*phone.Call{call, back} {
		held := back
		if holder == back {
			held = call
		}
		streams := held.Stats().Streams
		if err := holder.Hold(soon(t), phone.SendOnly); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the held phone hears another stream, the tone", func() bool { return held.Stats().Streams > streams })
		flows(t, 10, held)
		if err := holder.Resume(soon(t)); err != nil {
			t.Fatal(err)
		}
		flows(t, 10, call, back)
		hears(t, call, 1)
		hears(t, back, 0)
	}
	for _, c := range []*phone.Call{call, back, call} {
		if err := c.Rekey(soon(t)); err != nil {
			t.Fatal(err)
		}
		flows(t, 70, c) // so many that the old key is over
		flows(t, 5, call, back)
		hears(t, call, 1)
		hears(t, back, 0)
	}
	for _, c := range []*phone.Call{call, back} {
		if s := c.Stats(); s.Unauthentic != 0 || s.Bad != 0 {
			t.Errorf("%s: %+v", c.Phone().Tel(), s)
		}
	}
	if drops := o.drops(t); drops["auth"]+drops["replay"] != 0 {
		t.Errorf("drops %v", drops)
	}
}

// TestSRTPConference: phones of every kind, and of both laws, in one room.
func TestSRTPConference(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, nil)
	kinds := []struct {
		srtp  phone.SRTP
		suite string
		codec phone.Codec
	}{
		{phone.NoSRTP, "", phone.PCMU},
		{phone.RequiredSRTP, "AES_CM_128_HMAC_SHA1_80", phone.PCMA},
		{phone.OptionalSRTP, "AEAD_AES_256_GCM", phone.PCMU},
		{phone.RequiredSRTP, "AES_CM_128_HMAC_SHA1_32", phone.PCMU},
	}
	var calls []*phone.Call
	for i, k := range kinds {
		p := o.phone(t, i, func(c *phone.Config) {
			c.SRTP, c.Codecs, c.Tone, c.Playout = k.srtp, []phone.Codec{k.codec}, audio.Voices()[i], 100*time.Millisecond
			if k.suite != "" {
				c.Suites = []string{k.suite}
			}
		})
		c, err := p.Call(soon(t), "700")
		if err != nil {
			t.Fatal(err)
		}
		if c.Suite() != k.suite {
			t.Errorf("%s uses %q, want %q", p.Tel(), c.Suite(), k.suite)
		}
		calls = append(calls, c)
	}
	flows(t, 50, calls...)
	for i, c := range calls {
		others := slices.DeleteFunc([]int{0, 1, 2, 3}, func(n int) bool { return n == i })
		hears(t, c, others...)
		if s := c.Stats(); s.Unauthentic != 0 || s.Bad != 0 {
			t.Errorf("%s: %+v", c.Phone().Tel(), s)
		}
	}
}

// TestSRTPTranscodes: an A-law phone over SRTP and a mu-law phone in the clear.
func TestSRTPTranscodes(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	voice := func(i int, s phone.SRTP, codec phone.Codec) *phone.Phone {
		return o.phone(t, i, func(c *phone.Config) {
			c.SRTP, c.Codecs, c.Tone, c.Playout = s, []phone.Codec{codec}, audio.Voices()[i], 100*time.Millisecond
		})
	}
	call, back := pair(t, voice(0, phone.RequiredSRTP, phone.PCMA), voice(1, phone.NoSRTP, phone.PCMU))
	flows(t, 10, call, back)
	hears(t, call, 1)
	hears(t, back, 0)
	eventually(t, "reports cross between SRTCP and RTCP", func() bool { return call.Stats().RTCP > 0 && back.Stats().RTCP > 0 })
}

// TestSRTPUnderAttack: from the phone's own port, where only the key tells them apart, come forged packets and replays. None
// gets anywhere, each is counted for what it is, and the call goes on.
func TestSRTPUnderAttack(t *testing.T) {
	const forged, replayed = 2000, 200
	o := newOffice(t, 2, nil)
	call, back := pair(t, o.srtpPhone(t, 0, phone.RequiredSRTP), o.srtpPhone(t, 1, phone.NoSRTP))
	flows(t, 20, call, back)
	seen := call.LastSent()
	time.Sleep(50 * time.Millisecond) // it has arrived
	before := back.Stats()
	for i := range forged {
		b := call.LastSent()
		b[3] += 2 // a number that has not been
		switch i % 3 {
		case 0:
			b[len(b)-1] ^= 0x80
		case 1:
			b[100] ^= 1
		case 2:
			clear(b[12:])
		}
		if err := call.Inject(b); err != nil {
			t.Fatal(err)
		}
		if i%20 == 0 {
			time.Sleep(time.Millisecond) // the socket's buffer holds so many
		}
	}
	for range replayed {
		if err := call.Inject(seen); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "every forged and replayed packet is counted", func() bool {
		d := o.drops(t)
		return d["auth"] == forged && d["replay"] == replayed
	})
	flows(t, 25, call, back)
	hears(t, back, 0)
	hears(t, call, 1)
	s := back.Stats()
	if s.Lost != before.Lost || s.Bad != 0 || s.Streams != 1 || s.Received-before.Received > call.Stats().Sent {
		t.Errorf("the other phone: %+v, before %+v", s, before)
	}
	if d := o.drops(t); d["auth"] != forged || d["replay"] != replayed || d["source"]+d["payload type"]+d["malformed"] != 0 {
		t.Errorf("drops %v", d)
	}
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	o.settled(t)
}

// drops sums up the drops of all legs of the only call.
func (o *office) drops(t *testing.T) map[string]uint64 {
	t.Helper()
	var calls api.Calls
	if err := json.Unmarshal([]byte(o.get(t, "/v1/calls")), &calls); err != nil || len(calls.Calls) != 1 {
		t.Fatalf("calls: %v %+v", err, calls)
	}
	sum := map[string]uint64{}
	for _, l := range calls.Calls[0].Legs {
		for reason, n := range l.Drops {
			sum[reason] += n
		}
	}
	return sum
}
