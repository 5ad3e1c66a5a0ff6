package main

import (
	"strings"
	"testing"

	"sidetone/bench/phone"
	"sidetone/control/config"
)

// named gives the stations of an office names.
func named(c *config.Config) {
	for i, name := range []string{"Ann", "Bob", "Cat", "Dan"} {
		if i < len(c.Stations) {
			c.Stations[i].Name = name
		}
	}
}

// shows waits until a phone's display shows a name and number.
func shows(t *testing.T, c *phone.Call, name, number string) {
	t.Helper()
	want := `"` + name + `" <sip:` + number + `@`
	eventually(t, c.Phone().Tel()+" shows "+want, func() bool { return strings.HasPrefix(c.Display(), want) })
}

// TestDisplays: a phone shows who answered its call, and whoever takes that one's place, by whatever feature; a phone that
// does not allow UPDATE is told by re-INVITE and hears on.
func TestDisplays(t *testing.T) {
	t.Parallel()
	for name, noUpdate := range map[string]bool{"by UPDATE": false, "by re-INVITE": true} {
		with := func(_ int, c *phone.Config) { c.NoUpdate = noUpdate }
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, 4, named)
			p := o.voices(t, 4, with)
			t.Run("answer", func(t *testing.T) {
				a, b := pair(t, p[0], p[1])
				shows(t, a, "Bob", "218")
				hangup(t, a)
				ended(t, b)
			})
			t.Run("forward", func(t *testing.T) {
				check(t, p[1].Feature(soon(t), "601219"))
				a := must[*phone.Call](t)(p[0].Call(soon(t), "218"))
				shows(t, a, "Cat", "219")
				c := incoming(t, p[2])
				hangup(t, a)
				ended(t, c)
				check(t, p[1].Feature(soon(t), "600"))
			})
			t.Run("attended transfer", func(t *testing.T) {
				first, b := held(t, p[0], p[1])
				second, c := pair(t, p[0], p[2])
				must[int](t)(first.Refer(soon(t), "219", second))
				shows(t, b, "Cat", "219")
				shows(t, c, "Bob", "218")
				talk(t, b, c)
				hangup(t, first)
				hangup(t, b)
				ended(t, c)
			})
			t.Run("blind transfer", func(t *testing.T) {
				first, b := pair(t, p[0], p[1])
				must[int](t)(first.Refer(soon(t), "219", nil))
				c := incoming(t, p[2])
				shows(t, b, "Cat", "219")
				if from := c.From(); from != "218" {
					t.Errorf("the target is rung by %s", from)
				}
				talk(t, b, c)
				if c.Updates() != 0 {
					t.Errorf("a phone that was rung by its party was told %d times who it is", c.Updates())
				}
				hangup(t, first)
				hangup(t, b)
				ended(t, c)
			})
			t.Run("pickup", func(t *testing.T) {
				p[1].SetIncoming(phone.Manual)
				a := must[*phone.Call](t)(p[0].Dial(soon(t), "218"))
				b := incoming(t, p[1])
				shows(t, a, "Bob", "218")
				c := must[*phone.Call](t)(p[2].Call(soon(t), "65218"))
				shows(t, a, "Cat", "219")
				shows(t, c, "Ann", "217")
				ended(t, b)
				hangup(t, a)
				ended(t, c)
				p[1].SetIncoming(phone.Auto)
			})
			t.Run("retrieval", func(t *testing.T) {
				a, b := held(t, p[0], p[1])
				check(t, p[0].Feature(soon(t), "11"))
				ended(t, a)
				c := must[*phone.Call](t)(p[2].Call(soon(t), "12217"))
				shows(t, b, "Cat", "219")
				shows(t, c, "Bob", "218")
				talk(t, b, c)
				hangup(t, b)
				ended(t, c)
			})
			o.settled(t)
		})
	}
}

// TestAnonymousCallers: who calls without being known stays so for everybody who gets its call, and is let in all the same.
func TestAnonymousCallers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, named)
	p := o.voices(t, 4, func(i int, c *phone.Config) { c.Anonymous = i == 0 })
	a := must[*phone.Call](t)(p[0].Call(soon(t), "218"))
	b := incoming(t, p[1])
	secret := func(c *phone.Call) {
		t.Helper()
		if text := c.Opening(); strings.Contains(text, "217@") || strings.Contains(text, "Ann") {
			t.Errorf("%s was told who calls:\n%s", c.Phone().Tel(), text)
		}
	}
	secret(b)
	if b.From() != "anonymous" {
		t.Errorf("the call is from %s", b.From())
	}
	shows(t, a, "Bob", "218")
	hold(t, b)
	second, c := pair(t, p[1], p[2])
	must[int](t)(b.Refer(soon(t), "219", second))
	shows(t, c, "Anonymous", "anonymous")
	talk(t, a, c)
	hangup(t, b)
	must[int](t)(c.Refer(soon(t), "220", nil))
	d := incoming(t, p[3])
	secret(d)
	talk(t, a, d)
	hangup(t, c)
	o.ends(t, d, a)
}

// TestDisplaysOverTrunks: what a trunk's other side is told ends with the INVITE, a hidden caller stays hidden there, and a
// number outside is shown as a station dials it.
func TestDisplaysOverTrunks(t *testing.T) {
	t.Parallel()
	a, b := twins(t, func(a, b *config.Config) {
		if a != nil {
			named(a)
		}
	})
	here := a.voices(t, 3, func(i int, c *phone.Config) { c.Anonymous = i == 0 })
	there := b.voices(t, 3, func(i int, c *phone.Config) { c.Tone = voiceOf(i + 3) })

	hidden := must[*phone.Call](t)(here[0].Call(soon(t), "9218"))
	got := incoming(t, there[1])
	if text := got.Opening(); got.From() != "anonymous" || strings.Contains(text, "Ann") || strings.Contains(text, "<sip:217@") {
		t.Errorf("the other office was told who calls:\n%s", text)
	}
	if want := "<sip:9218@"; !strings.HasPrefix(hidden.Display(), want) {
		t.Errorf("the caller's phone shows %s, want %s", hidden.Display(), want)
	}
	hangup(t, hidden)
	ended(t, got)

	out := must[*phone.Call](t)(here[1].Call(soon(t), "9217"))
	far := incoming(t, there[0])
	hold(t, out)
	second, c := pair(t, here[1], here[2])
	must[int](t)(out.Refer(soon(t), "219", second))
	eventually(t, "219 shows the number outside", func() bool { return strings.HasPrefix(c.Display(), "<sip:9217@") })
	voicesAt(t, c, there[0])
	voicesAt(t, far, here[2])
	if strings.Contains(far.Display(), "Cat") || strings.Contains(far.Display(), "219") {
		t.Errorf("the other office was told of the transfer: %s", far.Display())
	}
	hangup(t, far)
	ended(t, c)
	a.quiet(t)
	b.quiet(t)
}
