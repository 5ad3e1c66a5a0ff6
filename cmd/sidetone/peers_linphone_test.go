package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
	"sidetone/control/config"
)

// linphones are registered linphonecs of an office.
type linphones []*peer.Linphone

// linphones starts stations 217 and on, each with a tone of its own.
func (o *office) linphones(t *testing.T, n int, c peer.LinphoneConfig) (list linphones) {
	t.Helper()
	for i := range n {
		c.Tel, c.UserID, c.Password = fmt.Sprint(217+i), fmt.Sprintf("s%d", 217+i), fmt.Sprintf("secret-%d", 217+i)
		c.Tone, c.Dir = audio.Voices()[i], t.TempDir()
		l, err := peer.StartLinphone(soon(t), c)
		check(t, err)
		t.Cleanup(func() { l.Close() })
		list = append(list, l)
	}
	for _, l := range list {
		check(t, l.WaitRegistered(soon(t)))
	}
	return list
}

// hear listens until each of two hears the other at the level it speaks, and nobody else.
func (p linphones) hear(t *testing.T, a, b *peer.Linphone) {
	t.Helper()
	p.hears(t, a, b)
	p.hears(t, b, a)
}

// hears listens until a phone hears one other, nil for nobody, at the level it speaks.
func (p linphones) hears(t *testing.T, l, other *peer.Linphone) {
	t.Helper()
	var tones []audio.Tone
	for _, m := range p {
		tones = append(tones, m.Tone())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for heard := (audio.Hearing{}); ; {
		h, err := l.Listen(ctx, 400*time.Millisecond, tones)
		if err != nil {
			t.Fatalf("%s hears %+v: %v", l.Tel(), heard.Tones, err)
		}
		heard = h
		if !slices.ContainsFunc(p, func(m *peer.Linphone) bool {
			level := h.Named(m.Tel()).Usual
			return m == other && math.Abs(level-spoken) > 1.5 || m != other && level > notHeard
		}) {
			return
		}
	}
}

// TestLinphones: registration over UDP, TCP and TLS with SRTP, a call heard both ways, hold, resume; and
// with a third phone blind and attended transfer.
func TestLinphones(t *testing.T) {
	peer.Need(t, "linphonec")
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			cert, key, _ := certificate(t)
			o := newOffice(t, 3, func(c *config.Config) {
				if transport == "tls" {
					stationSRTP("required", "required", "required")(c)
					c.SIP.Listen = append(c.SIP.Listen, "tls:127.0.0.1:0")
					c.SIP.TLS.Certificate, c.SIP.TLS.Key = cert, key
				}
			})
			c := peer.LinphoneConfig{Transport: transport, Server: o.udp}
			phones := 3
			for _, a := range o.server.SIPAddresses() {
				if rest, ok := strings.CutPrefix(a, transport+":"); ok {
					c.Server = rest
				}
			}
			if transport == "tls" {
				c.SRTP, c.CA = true, cert
			}
			if transport == "tcp" {
				phones = 2
			}
			p := o.linphones(t, phones, c)
			if table := o.get(t, "/v1/stations"); strings.Count(table, `"protocol":"`+transport+`"`) != phones {
				t.Errorf("stations: %s", table)
			}
			a, b := p[0], p[1]
			check(t, a.Call(soon(t), b.Tel()))
			p.hear(t, a, b)
			if transport == "tls" {
				if got := o.suitesOf(t); got["217"] == "" || got["218"] == "" {
					t.Errorf("encrypted by %v", got)
				}
			}
			check(t, a.Hold(soon(t)))
			p.hears(t, b, nil)
			check(t, a.Resume(soon(t), 1))
			p.hear(t, a, b)
			if phones == 3 {
				check(t, a.Transfer(soon(t), 1, p[2].Tel()))
				p.hear(t, b, p[2])
				check(t, b.Hangup(soon(t)))
				o.settled(t)
				check(t, a.Call(soon(t), b.Tel()))
				check(t, a.Hold(soon(t)))
				check(t, a.Call(soon(t), p[2].Tel()))
				p.hears(t, p[2], a) // a's two calls share one recording
				check(t, a.TransferTo(soon(t), 2, 3))
				p.hear(t, b, p[2])
			}
			check(t, b.Hangup(soon(t)))
			o.settled(t)
		})
	}
}

// TestLinphoneFeatures: linphones pick up a call, park it and retrieve it, and hear each other after each.
func TestLinphoneFeatures(t *testing.T) {
	peer.Need(t, "linphonec")
	t.Parallel()
	o := newOffice(t, 3, nil)
	p := o.linphones(t, 3, peer.LinphoneConfig{Transport: "udp", Server: o.udp})
	a, b, c := p[0], p[1], p[2]
	check(t, b.Ring(soon(t)))
	since := c.Mark()
	check(t, c.Dial(soon(t), b.Tel(), `[Rr]inging`))
	check(t, a.Call(soon(t), "65"+b.Tel()))
	check(t, c.WaitSaid(soon(t), since, `Media streams established`))
	p.hear(t, a, c)

	check(t, a.Hold(soon(t)))
	p.hears(t, c, nil)
	check(t, a.Dial(soon(t), "11", `Temporarily|480|error`))
	check(t, b.Call(soon(t), "12"+a.Tel()))
	p.hear(t, b, c)
	check(t, b.Hangup(soon(t)))
	o.settled(t)
}
