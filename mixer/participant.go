package mixer

import (
	"fmt"
	"time"

	"sidetone/codecs"
	"sidetone/mixer/receive"
)

// Voice is where a member's audio comes from; *receive.Stream is one.
type Voice interface {
	// ReceiveRTP takes a packet; it is valid during the call only.
	ReceiveRTP(p []byte, now int64)
	// Pull fills dst with the next 20 ms at the room's rate and tells whether there is anything to hear in it.
	// It must not allocate, lock, log or read a clock.
	Pull(now int64, dst []int16) (active bool)
}

// ParticipantConfig is what a member is made of.
type ParticipantConfig struct {
	ID              string                  // for errors and whoever asks; need not be unique
	Receive         map[uint8]codecs.Format // what its payload types mean
	Send            codecs.Format
	SendPayloadType uint8
	Ptime           time.Duration // of what it is sent: 10 to 60 ms in steps of 10; default 20 ms
	Output          Output
	Voice           Voice // default a receive.Stream for the formats of Receive

	Held, Muted, Deaf bool // see SetHeld, SetMuted, SetDeaf
}

// Participant is a member of a Conference.
type Participant struct {
	// immutable after Add
	id         string
	conference *Conference
	voice      Voice
	stream     *receive.Stream // voice, where it is one

	// owned by the shard
	held, muted, deaf bool
	speak, hear       int32 // gains of its voice and of its ear at the end of the last tick, Q15
	sender            sender
	limiter           limiter   // its own, used while shared is nil
	encoding          *encoding // likewise
	onAll, onDeaf     *encoding // those of conference.all and conference.deaf in its format
	shared            *signal   // the signal it listens to together with others
	sharedEncoding    *encoding // the encoding of it

	// this tick's
	pcm      []int16 // its voice
	heard    bool    // its voice is in the sum
	hearFrom int32   // hear at the end of the tick before
	base     *signal // what it would hear if it said nothing
	alone    bool    // what it hears is not base
	talk     talkDetector
	turned   bool // talk.talking changed
}

func newParticipant(c *Conference, config ParticipantConfig) (*Participant, error) {
	rate, set := c.config.Rate, c.config.Set
	p := &Participant{id: config.ID, conference: c, voice: config.Voice, pcm: make([]int16, c.frame),
		held: config.Held, muted: config.Muted, deaf: config.Deaf, limiter: newLimiter(rate)}
	if err := p.sendAs(config.Send, config.Ptime); err != nil {
		return nil, err
	}
	if p.voice == nil {
		p.stream = receive.New(receive.Config{Set: set, Jitter: c.config.Jitter, SampleRate: rate, Formats: config.Receive})
		p.voice = p.stream
	}
	p.sender = newSender(config.Output, config.SendPayloadType, c.config.Random)
	if !p.muted && !p.held {
		p.speak = unityGain
	}
	return p, nil
}

// sendAs makes the encoding of a format and ptime and finds those it may share.
func (p *Participant) sendAs(format codecs.Format, ptime time.Duration) error {
	c := p.conference
	own, err := newEncoding(c.config.Set, format, ptime, c.config.Rate)
	if err != nil {
		return err
	}
	p.encoding = own
	p.encoding.start(c.samples)
	p.onAll, p.onDeaf = c.all.like(own), c.deaf.like(own)
	return nil
}

// ID returns the ID it was added with.
func (p *Participant) ID() string { return p.id }

// ReceiveRTP takes a packet from the member; it is valid during the call only.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) ReceiveRTP(packet []byte, now int64) { p.voice.ReceiveRTP(packet, now) }

// SetReceive replaces the payload types the member sends, as after a new offer and answer.
func (p *Participant) SetReceive(formats map[uint8]codecs.Format) {
	if p.stream != nil {
		p.stream.SetFormats(formats)
	}
}

// SetSend changes what the member is sent, from the next tick on, within the same RTP stream. The errors are those of
// Conference.Add; with an error nothing changes.
func (p *Participant) SetSend(format codecs.Format, payloadType uint8, ptime time.Duration) error {
	if !p.encoding.makes(format, ptime) {
		p.unshare()
		if err := p.sendAs(format, ptime); err != nil {
			return fmt.Errorf("change what %s is sent: %w", p.id, err)
		}
	}
	p.sender.header.PayloadType = payloadType
	return nil
}

// SetMuted takes the member's voice out of the mix or puts it back, within the next tick.
func (p *Participant) SetMuted(on bool) { p.muted = on }

// SetDeaf lets the member hear silence, or the others again, within the next tick.
func (p *Participant) SetDeaf(on bool) { p.deaf = on }

// SetHeld is for a member whose phone has put the conference on hold: its voice, and the music it may play
// instead, leaves the mix within the next tick, and it is sent nothing. When it comes back, its sequence numbers go on where
// they stopped and its timestamps where they would be by then.
func (p *Participant) SetHeld(on bool) {
	if p.held == on {
		return
	}
	p.held = on
	p.unshare()
	p.limiter.reset()
	p.encoding.start(p.conference.samples)
	p.hear, p.talk.level = 0, 0
	p.sender.pause()
}

// Held, Muted and Deaf return what was last set.
func (p *Participant) Held() bool  { return p.held }
func (p *Participant) Muted() bool { return p.muted }
func (p *Participant) Deaf() bool  { return p.deaf }

// unshare makes the member go on by itself from where the shared signal has come to.
func (p *Participant) unshare() {
	if p.shared == nil {
		return
	}
	p.limiter.copyState(&p.shared.limiter)
	p.encoding.copyState(p.sharedEncoding)
	p.shared.leave(p.sharedEncoding)
	p.shared, p.sharedEncoding = nil, nil
}

// listen pulls the member's voice and tells whether it is to be heard.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) listen(now int64) bool {
	active := p.voice.Pull(now, p.pcm)
	var level int64
	if active && !p.held {
		level = energy(p.pcm)
	}
	p.turned = p.talk.hear(level)
	from := p.speak
	p.speak = unityGain
	if p.muted || p.held {
		p.speak = 0
	}
	p.heard = active && (from != 0 || p.speak != 0)
	if p.heard && (from != unityGain || p.speak != unityGain) {
		ramp(p.pcm, from, p.speak)
	}
	return p.heard
}

// choose works out what the member is to hear in this tick, and whether others hear the same.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) choose() {
	if p.held {
		return
	}
	p.hearFrom = p.hear
	p.hear = unityGain
	if p.deaf {
		p.hear = 0
	}
	p.base = &p.conference.all
	if p.hearFrom == 0 && p.hear == 0 {
		p.base = &p.conference.deaf
	}
	p.alone = p.hearFrom != p.hear || p.heard && p.base == &p.conference.all
	if p.alone || p.shared != p.base {
		p.unshare()
	}
}

// write makes and sends this tick's packets.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) write() {
	switch {
	case p.held:
		p.sender.skip(p.encoding)
	case p.shared != nil:
		p.sender.send(p.sharedEncoding)
	default:
		c := p.conference
		c.count(p.limiter.process(c.out, p.mix(), &c.scratch))
		p.encoding.encode(c.out)
		p.sender.send(p.encoding)
		p.share()
	}
}

// mix returns what the member is to hear, before the limiter.
func (p *Participant) mix() []int32 {
	c := p.conference
	mix := c.sum
	switch {
	case p.base == &c.deaf:
		return c.silence
	case p.heard:
		mix = c.mix
		minus(mix, c.sum, p.pcm)
	}
	if p.hearFrom != p.hear {
		copy(c.mix, mix)
		mix = c.mix
		ramp32(mix, p.hearFrom, p.hear)
	}
	return mix
}

// share makes the member share the base signal from the next tick on, where that makes no difference.
func (p *Participant) share() {
	if p.alone {
		return
	}
	e := p.onAll
	if p.base == &p.conference.deaf {
		e = p.onDeaf
	}
	if p.base.take(e, &p.limiter, p.encoding) {
		p.shared, p.sharedEncoding = p.base, e
	}
}

// Level returns the level of the member's voice in dBov, averaged over about 80 ms; -127 is silence. A
// muted member still has one, a held member has not.
func (p *Participant) Level() float64 { return p.talk.dBov() }

// Talking tells whether the member talks.
func (p *Participant) Talking() bool { return p.talk.talking }

// Received returns what became of the member's packets; nothing when the voice is not a receive.Stream.
func (p *Participant) Received() receive.Stats {
	if p.stream == nil {
		return receive.Stats{}
	}
	return p.stream.Stats()
}

// Sent returns what the member has been sent.
func (p *Participant) Sent() SenderStats { return p.sender.stats() }
