package call

import (
	"log/slog"
	"testing"

	"sidetone/codecs/dtmf"
	"sidetone/control/sip"
)

// A key that comes by INFO goes to whoever wants the leg's keys.
func TestInfoGoesToTheOwnerOfTheKeys(t *testing.T) {
	c := &Call{x: &Exchange{cfg: Config{Logger: slog.New(slog.DiscardHandler)}}}
	l := &Leg{}
	l.in.Store(c)
	c.a = l
	var got string
	l.OnDigit(func(p dtmf.Press) { got += string(p.Key) })
	for _, body := range []string{"Signal=5\r\nDuration=160\r\n", "Signal=11\r\n"} {
		c.request(l, &sip.Request{Method: "INFO", ContentType: dtmf.ContentRelay, Body: []byte(body)})
	}
	if got != "5#" {
		t.Errorf("got %q", got)
	}
}
