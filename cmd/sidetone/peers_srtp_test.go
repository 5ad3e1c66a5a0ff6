package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
	"sidetone/control/api"
)

// The kinds of SRTP of a baresip: none, what it can do without, what it insists on. It keys in SDP, over plain SIP.
const (
	noSRTP, canSRTP, mustSRTP = "", "srtp", "srtp-mand"
	baresipSuite              = "AES_CM_128_HMAC_SHA1_80"
)

// srtpBaresips starts stations 217 and on as real phones of these kinds, each with a tone of its own.
func (o *office) srtpBaresips(t *testing.T, kinds ...string) phones {
	t.Helper()
	var list phones
	for i, kind := range kinds {
		b, err := peer.StartBaresip(soon(t), peer.BaresipConfig{
			Server: o.udp, Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("secret-%d", 217+i),
			SRTP: kind, Tone: audio.Voices()[i], Dir: t.TempDir(),
		})
		check(t, err)
		t.Cleanup(func() { b.Close() })
		list = append(list, b)
	}
	for _, b := range list {
		check(t, b.WaitRegistered(soon(t)))
	}
	return list
}

// suitesOf returns what protects each station's media now.
func (o *office) suitesOf(t *testing.T) map[string]string {
	t.Helper()
	var calls api.Calls
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/calls")), &calls))
	suites := map[string]string{}
	for _, c := range calls.Calls {
		for _, l := range c.Legs {
			suites[l.Tel] = l.SRTP
		}
	}
	return suites
}

// TestBaresipsBridgeSRTP lets real phones call each other through hold and resume: each leg is encrypted as its phone wants
// it, and both hear each other.
func TestBaresipsBridgeSRTP(t *testing.T) {
	peer.Need(t, "baresip")
	for _, c := range []struct {
		name     string
		stations []string
		kinds    [2]string
		suites   [2]string
	}{
		{"none to can", nil, [2]string{noSRTP, canSRTP}, [2]string{"", baresipSuite}},
		{"can to none", nil, [2]string{canSRTP, noSRTP}, [2]string{baresipSuite, ""}},
		{"none to must", nil, [2]string{noSRTP, mustSRTP}, [2]string{"", baresipSuite}},
		{"must to can", []string{"required", "optional"}, [2]string{mustSRTP, canSRTP}, [2]string{baresipSuite, baresipSuite}},
		{"can, which may not, to must, which must", []string{"off", "required"}, [2]string{canSRTP, mustSRTP}, [2]string{"", baresipSuite}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, stationSRTP(c.stations...))
			p := o.srtpBaresips(t, c.kinds[:]...)
			a, b := p[0], p[1]
			check(t, a.Call(soon(t), b.Tel()))
			p.hears(t, a, b)
			p.hears(t, b, a)
			if got := o.suitesOf(t); got["217"] != c.suites[0] || got["218"] != c.suites[1] {
				t.Errorf("encrypted by %v, want %q", got, c.suites)
			}
			for _, holder := range p {
				check(t, holder.Hold(soon(t)))
				p.hears(t, a)
				p.hears(t, b)
				check(t, holder.Resume(soon(t)))
				p.hears(t, a, b)
				p.hears(t, b, a)
			}
			if d := o.drops(t); d["auth"]+d["replay"] != 0 {
				t.Errorf("drops %v", d)
			}
			check(t, a.Hangup(soon(t)))
			eventually(t, "no calls left", func() bool { return !strings.Contains(o.get(t, "/v1/calls"), `"id"`) })
		})
	}
	t.Run("all in a room", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 3, nil)
		p := o.srtpBaresips(t, noSRTP, canSRTP, mustSRTP)
		for _, b := range p {
			check(t, b.Call(soon(t), "700"))
		}
		for _, b := range p {
			p.hears(t, b, slices.DeleteFunc(slices.Clone(p), func(o *peer.Baresip) bool { return o == b })...)
		}
		if got := o.suitesOf(t); got["217"] != "" || got["218"] != baresipSuite || got["219"] != baresipSuite {
			t.Errorf("encrypted by %v", got)
		}
	})
}
