package phone

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/pion/rtp"

	"sidetone/codecs/dtmf"
)

// Note is an INFO that a call received.
type Note struct{ ContentType, Body string }

// keypad is the dial pad of one call's media. Guarded by the stream's mu.
type keypad struct {
	waiting []dtmf.Press
	sender  dtmf.Sender
	start   uint32
	heard   dtmf.Receiver
	text    string
}

// Press sends keys as telephone-event (RFC 4733), one after the other in place of the voice.
func (c *Call) Press(keys string, each time.Duration) {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	for _, k := range []byte(keys) {
		c.media.keypad.waiting = append(c.media.keypad.waiting, dtmf.Press{Key: k, Duration: each})
	}
}

// PressInfo sends a key by INFO.
func (c *Call) PressInfo(ctx context.Context, p dtmf.Press) error {
	contentType, body := p.Info()
	return c.Info(ctx, contentType, body)
}

// Keys are those that came as telephone-event.
func (c *Call) Keys() string {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.keypad.text
}

// Notes are the INFOs that came, in order.
func (c *Call) Notes() []Note {
	var notes []Note
	c.phone.update(func() { notes = append(notes, c.notes...) })
	return notes
}

// noted keeps an INFO.
func (c *Call) noted(r *sip.Request) {
	note := Note{Body: string(r.Body())}
	if h := r.ContentType(); h != nil {
		note.ContentType = h.Value()
	}
	c.phone.update(func() { c.notes = append(c.notes, note) })
}

// key fills a packet with the next of a key, if one is being sent. mu is held.
func (s *stream) key(packet *rtp.Packet) bool {
	k := &s.keypad
	if s.event < 0 {
		k.waiting = nil
		return false
	}
	if k.sender.Done() {
		if len(k.waiting) == 0 {
			return false
		}
		k.sender = dtmf.NewSender(k.waiting[0], rate, 20*time.Millisecond)
		k.waiting, k.start = k.waiting[1:], packet.Timestamp
	}
	packet.PayloadType, packet.Payload = uint8(s.event), append(packet.Payload[:0], make([]byte, dtmf.EventSize)...)
	var offset uint32
	offset, packet.Marker = k.sender.Next(packet.Payload)
	packet.Timestamp = k.start + offset
	return true
}
