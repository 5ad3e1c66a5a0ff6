package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
)

// What real phones must be heard to do: they speak at -20 dBFS.
const (
	spoken   = -20.0
	notHeard = -60.0 // 40 dB below
)

// absent is the level under which a phone does not hear a tone. Opus spends its bits on what is loud: what it makes of several tones lies
// 35 dB below them between them.
func absent(b *peer.Baresip) float64 {
	if slices.ContainsFunc(b.Codecs(), func(c string) bool { return strings.HasPrefix(c, "opus") }) {
		return notHeard + 10
	}
	return notHeard
}

// script plays a scenario of SIPp as station i of the office.
func (o *office) script(t *testing.T, scenario string, i, port int, to string) *peer.SIPp {
	t.Helper()
	return o.startSIPp(t, peer.SIPpConfig{Scenario: scenario, To: to}, i, port)
}

// startSIPp is script with more to say.
func (o *office) startSIPp(t *testing.T, c peer.SIPpConfig, i, port int) *peer.SIPp {
	t.Helper()
	c.Server, c.Port, c.Pause, c.Dir = o.udp, port, cmp.Or(c.Pause, 300*time.Millisecond), t.TempDir()
	c.Tel, c.UserID, c.Password = fmt.Sprint(217+i), fmt.Sprintf("s%d", 217+i), fmt.Sprintf("secret-%d", 217+i)
	s, err := peer.StartSIPp(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("sipp %s:\n%s", c.Scenario, s.Messages())
		}
		s.Close()
	})
	return s
}

// play plays one to its end.
func (o *office) play(t *testing.T, scenario string, i, port int, to string) *peer.SIPp {
	t.Helper()
	s := o.script(t, scenario, i, port, to)
	if err := s.Wait(soon(t)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSIPpRegisters(t *testing.T) {
	peer.Need(t, "sipp")
	o := newOffice(t, 2, nil)
	registered := func(want string) func() bool {
		return func() bool { return strings.Contains(o.get(t, "/v1/stations"), want) }
	}
	s := o.play(t, peer.SIPpRegister, 0, 0, "")
	if m := s.Messages(); strings.Count(m, "401 ") != 1 || strings.Count(m, "SIP/2.0 200 ") != 1 {
		t.Errorf("want one 401 and one 200:\n%s", m)
	}
	eventually(t, "217 in the table of stations", registered(fmt.Sprintf(":%d", s.Port())))
	o.play(t, peer.SIPpUnregister, 0, s.Port(), "")
	eventually(t, "217 out of it", func() bool { return !registered(fmt.Sprintf(":%d", s.Port()))() })

	wrong, err := peer.StartSIPp(peer.SIPpConfig{
		Scenario: peer.SIPpWrongPassword, Server: o.udp, Tel: "218", UserID: "s218", Password: "wrong-218", Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if err := wrong.Wait(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestSIPpCalls(t *testing.T) {
	peer.Need(t, "sipp")
	for _, c := range []struct{ caller, callee string }{
		{peer.SIPpCall, peer.SIPpAnswer},
		{peer.SIPpHold, peer.SIPpAnswer},
		{peer.SIPpCancel, peer.SIPpRing},
		{peer.SIPpBusy, peer.SIPpRefuse},
		{peer.SIPpUnknown, ""},
		{peer.SIPpPrackCall, peer.SIPpAnswer},
		{peer.SIPpCall, peer.SIPpPrackAnswer},
		{peer.SIPpPrackCall, peer.SIPpPrackAnswer},
		{peer.SIPpTimerUAC, peer.SIPpAnswer},
		{peer.SIPpTimerUAS, peer.SIPpAnswer},
		{peer.SIPpTimerBrief, ""},
		{peer.SIPpCall, peer.SIPpTimerDemand},
	} {
		t.Run(c.caller+" "+c.callee, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, nil)
			a := o.play(t, peer.SIPpRegister, 0, 0, "")
			to := "999"
			var callee *peer.SIPp
			if c.callee != "" {
				b := o.play(t, peer.SIPpRegister, 1, 0, "")
				callee, to = o.script(t, c.callee, 1, b.Port(), ""), "218"
				if err := callee.WaitListening(soon(t)); err != nil {
					t.Fatal(err)
				}
			}
			o.play(t, c.caller, 0, a.Port(), to)
			if callee != nil {
				if err := callee.Wait(soon(t)); err != nil {
					t.Error(err)
				}
			}
			eventually(t, "no calls left", func() bool { return !strings.Contains(o.get(t, "/v1/calls"), `"id"`) })
		})
	}
}

// phones are registered baresips of an office, the first one the owner of conferences.
type phones []*peer.Baresip

// baresips starts stations 217 and on as real phones with these codecs, each with a tone of its own.
func (o *office) baresips(t *testing.T, codecs ...[]string) phones {
	t.Helper()
	voices := audio.Voices()
	var list phones
	for i, c := range codecs {
		b, err := peer.StartBaresip(soon(t), peer.BaresipConfig{
			Server: o.udp, Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("secret-%d", 217+i),
			Codecs: c, Tone: voices[i], Dir: t.TempDir(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		list = append(list, b)
	}
	for _, b := range list {
		if err := b.WaitRegistered(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func (p phones) tones() []audio.Tone {
	var list []audio.Tone
	for _, b := range p {
		list = append(list, b.Tone())
	}
	return list
}

// hears listens until a phone hears those it should at the level they speak, and nobody else.
func (p phones) hears(t *testing.T, b *peer.Baresip, talkers ...*peer.Baresip) {
	t.Helper()
	ctx, heard := soon(t), audio.Hearing{}
	for {
		h, err := b.Listen(ctx, 500*time.Millisecond, p.tones())
		if err != nil {
			t.Fatalf("%s hears %+v, want %d others: %v\n%s", b.Tel(), heard.Tones, len(talkers), err, b.Log())
		}
		heard = h
		right := true
		for _, other := range p {
			level := h.Named(other.Tel()).Usual
			if slices.Contains(talkers, other) {
				right = right && math.Abs(level-spoken) < 1.5
			} else {
				right = right && level < absent(b)
			}
		}
		if right {
			return
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBaresipCallHoldAndResume(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	o := newOffice(t, 2, nil)
	p := o.baresips(t, nil, nil)
	a, b := p[0], p[1]
	check(t, a.Call(soon(t), b.Tel()))
	p.hears(t, a, b)
	p.hears(t, b, a)
	check(t, a.Hold(soon(t)))
	p.hears(t, b) // the holder is gone
	list := append(p.tones(), audio.Tone{Name: "low", Hz: holdToneHz[0]}, audio.Tone{Name: "high", Hz: holdToneHz[1]})
	h, err := b.Listen(soon(t), 2600*time.Millisecond, list) // a whole period of the hold tone
	check(t, err)
	if h.Named("low").Max < spoken-15 || h.Named("high").Max < spoken-15 || h.Named(a.Tel()).Level > notHeard {
		t.Errorf("the held phone hears %+v", h.Tones)
	}
	p.hears(t, a)
	check(t, a.Resume(soon(t)))
	p.hears(t, a, b)
	p.hears(t, b, a)
	since := time.Now()
	check(t, a.Hangup(soon(t)))
	_, err = b.WaitEvent(soon(t), since, "CALL_CLOSED")
	check(t, err)
}

func TestBaresipALawToMuLaw(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	o := newOffice(t, 2, nil)
	p := o.baresips(t, []string{"PCMA"}, []string{"PCMU"})
	for _, caller := range []int{0, 1} {
		a, b := p[caller], p[1-caller]
		check(t, a.Call(soon(t), b.Tel()))
		p.hears(t, a, b)
		p.hears(t, b, a)
		since := time.Now()
		check(t, a.Hangup(soon(t)))
		_, err := b.WaitEvent(soon(t), since, "CALL_CLOSED")
		check(t, err)
	}
}

// confer builds a conference as the manual has it: call, hold, 46, call the next; at last 46 twice and
// the owner's resume, which baresip does unasked after each 46, so that it holds again for the second.
func (p phones) confer(t *testing.T) {
	t.Helper()
	owner, previous := p[0], (*peer.Baresip)(nil)
	for _, member := range p[1:] {
		since := time.Now()
		check(t, owner.Call(soon(t), member.Tel()))
		if previous != nil {
			// The owner's old call is cleared by the server once the next is up.
			e, err := owner.WaitEvent(soon(t), since, "CALL_CLOSED")
			check(t, err)
			if !strings.Contains(e.Peer, ":"+previous.Tel()+"@") {
				t.Fatalf("cleared was the call to %s, not to %s", e.Peer, previous.Tel())
			}
		}
		// As people do, and because baresip 1.0.0 goes deaf when streams change within its first packets.
		p.hears(t, member, owner)
		p.hears(t, owner, member)
		check(t, owner.Hold(soon(t)))
		check(t, owner.Feature(soon(t), "46"))
		previous = member
	}
	check(t, owner.Hold(soon(t)))
	check(t, owner.Feature(soon(t), "46"))
}

// together lets every phone record the same stretch of time.
func (p phones) together(ctx context.Context, d time.Duration) ([]audio.Hearing, error) {
	heard, failed := make([]audio.Hearing, len(p)), make([]error, len(p))
	var wg sync.WaitGroup
	for i, b := range p {
		wg.Go(func() { heard[i], failed[i] = b.Listen(ctx, d, p.tones()) })
	}
	wg.Wait()
	return heard, errors.Join(failed...)
}

func TestFiveBaresipsConferBy46(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	o := newOffice(t, 5, nil)
	p := o.baresips(t, nil, nil, []string{"PCMA"}, []string{"PCMU"}, nil)
	p.confer(t)
	for i, b := range p {
		p.hears(t, b, slices.Delete(slices.Clone(p), i, i+1)...)
	}
	// A busy machine may stop the phones for a moment: what the server must show is one good stretch of three.
	var faults []string
	for range 3 {
		heard, err := p.together(soon(t), 3*time.Second)
		check(t, err)
		if faults = p.faults(heard); faults == nil {
			return
		}
		t.Logf("not this time: %s", strings.Join(faults, "; "))
	}
	t.Error(strings.Join(faults, "\n"))
}

// faults lists what the recordings of a conference show that must not be.
func (p phones) faults(heard []audio.Hearing) []string {
	var faults []string
	for i, h := range heard {
		self, others := p[i].Tel(), []string(nil)
		softest := math.Inf(1)
		for k, b := range p {
			if k == i {
				continue
			}
			others = append(others, b.Tel())
			tone := h.Named(b.Tel())
			softest = min(softest, tone.Usual)
			if math.Abs(tone.Usual-spoken) > 1.5 {
				faults = append(faults, fmt.Sprintf("%s hears %s at %.1f dBFS", self, b.Tel(), tone.Usual))
			}
			if tone.Gap.Length > 40*time.Millisecond {
				faults = append(faults, fmt.Sprintf("%s hears %s with a gap of %v", self, b.Tel(), tone.Gap.Length))
			}
		}
		if spread := h.Spread(others...); spread > 1 {
			faults = append(faults, fmt.Sprintf("%s hears tones %.2f dB apart", self, spread))
		}
		if own := h.Named(self).Level; own > softest+absent(p[i])-spoken {
			faults = append(faults, fmt.Sprintf("%s hears itself at %.1f dBFS, the others at %.1f", self, own, softest))
		}
	}
	return faults
}
