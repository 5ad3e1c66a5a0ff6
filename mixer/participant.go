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
	// Pull fills dst with the next 20 ms at the voice's rate and tells whether there is anything to hear in it.
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
	Voice           Voice // default a receive.Stream for the formats of Receive, at the sampling rate of Send
	VoiceRate       int   // of Voice, Hz; default the conference's least rate

	Held, Muted, Deaf bool // see SetHeld, SetMuted, SetDeaf
}

// Participant is a member of a Conference.
type Participant struct {
	// immutable after Add
	id         string
	conference *Conference

	// owned by the shard
	voice          Voice
	stream         *receive.Stream // voice, where it is one
	formats        map[uint8]codecs.Format
	voiceRate      int
	held, gone     bool
	arrived        bool  // it has heard something since it came or was held
	voiceGain      fader // of its voice, for all but who has an edge to it
	ear            fader // of what it hears
	here           int32 // 0 while it is held or not yet there; at the end of the last tick
	pick           pick  // whether it is among the loudest
	edges          []edge
	sender         sender
	end            *end
	nextEnd        *end      // at the rate the conference changes to
	encoding       *encoding // its own, used while shared is nil, as is end.limiter
	onAll          *encoding // those of conference.all and conference.deaf in its format
	onDeaf         *encoding
	shared         *signal   // the signal it listens to together with others
	sharedEncoding *encoding // the encoding of it
	muted          bool
	volume         int32 // of its voice when it is not muted
	private        int   // announcements to it alone

	// this tick's
	raw      []int16 // its voice, as it came; in end.in
	fresh    bool    // there is something in raw
	live     bool    // there is something of its voice for the mix
	gain     span    // of its voice for all
	presence span    // of its voice for anybody
	hear     span    // of its ear
	heard    bool    // its voice is in the sum
	base     *signal // what it would hear if it said nothing
	alone    bool    // what it hears is not base
	talk     talkDetector
	turned   bool // talk.talking changed
	lull     lull // of what it hears, while it shares nothing
}

func newParticipant(c *Conference, config ParticipantConfig) (*Participant, error) {
	p := &Participant{id: config.ID, conference: c, voice: config.Voice, formats: config.Receive, held: config.Held,
		muted: config.Muted, volume: unityGain, ear: fixed(unityGain), pick: pick{in: true}}
	if err := p.sendAs(config.Send, config.Ptime); err != nil {
		return nil, err
	}
	p.voiceRate = p.encoding.codec.SampleRate
	if p.voice != nil {
		if p.voiceRate = config.VoiceRate; p.voiceRate == 0 {
			p.voiceRate = c.config.Rate
		}
	}
	if err := p.tune(); err != nil {
		return nil, err
	}
	if config.Deaf {
		p.ear = fixed(0)
	}
	p.voiceGain = fixed(p.wanted())
	p.sender = newSender(config.Output, config.SendPayloadType, c.config.Random)
	return p, nil
}

// tune makes what the member's voice needs at its rate.
func (p *Participant) tune() error {
	end, err := newEnd(p.voiceRate, p.conference.bus.rate)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	p.end = end
	if p.voice == nil || p.stream != nil {
		c := p.conference.config
		p.stream = receive.New(receive.Config{Set: c.Set, Jitter: c.Jitter, SampleRate: p.voiceRate, Formats: p.formats})
		p.voice = p.stream
	}
	return nil
}

// sendAs makes the encoding of a format and ptime and finds those it may share.
func (p *Participant) sendAs(format codecs.Format, ptime time.Duration) error {
	c := p.conference
	own, err := newEncoding(c.config.Set, format, ptime, c.bus.rate, conversion)
	if err != nil {
		return err
	}
	p.encoding = own
	p.encoding.start(c.ticks)
	p.onAll, p.onDeaf = c.all.like(own), c.deaf.like(own)
	return nil
}

// ID returns the ID it was added with.
func (p *Participant) ID() string { return p.id }

// ReceiveRTP takes a packet from the member; it is valid during the call only.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) ReceiveRTP(packet []byte, now int64) { p.voice.ReceiveRTP(packet, now) }

// ReadBy is the conference, whose Tick reads what arrives.
func (p *Participant) ReadBy() any { return p.conference }

// SetReceive replaces the payload types the member sends, as after a new offer and answer.
func (p *Participant) SetReceive(formats map[uint8]codecs.Format) {
	p.formats = formats
	if p.stream != nil {
		p.stream.SetFormats(formats)
	}
}

// SetSend changes what the member is sent, from the next tick on, within the same RTP stream. The errors are those of
// Conference.Add; with an error nothing changes. A codec of another sampling rate is expected from the member too: what it
// said and was not heard yet is lost.
func (p *Participant) SetSend(format codecs.Format, payloadType uint8, ptime time.Duration) error {
	if !p.encoding.makes(format, ptime) {
		p.unshare()
		if err := p.sendAs(format, ptime); err != nil {
			return fmt.Errorf("change what %s is sent: %w", p.id, err)
		}
		if rate := p.encoding.codec.SampleRate; p.stream != nil && rate != p.voiceRate {
			limiter := p.end.limiter
			p.voiceRate = rate
			if err := p.tune(); err != nil {
				return fmt.Errorf("change what %s is sent: %w", p.id, err)
			}
			p.end.limiter = limiter
		}
		p.widen()
		p.conference.fitRate()
	}
	p.sender.header.PayloadType = payloadType
	return nil
}

// SetMuted takes the member's voice out of the mix or puts it back, in 200 ms. Who has an edge to it hears it still.
func (p *Participant) SetMuted(on bool) {
	p.muted = on
	p.voiceGain.set(p.wanted())
}

// SetGain sets how loud the member's voice is to all, dB: -45, which is silence, to +12.
func (p *Participant) SetGain(dB float64) {
	p.volume = gainOf(dB)
	p.voiceGain.set(p.wanted())
}

// wanted is the gain that mute and volume come to.
func (p *Participant) wanted() int32 {
	if p.muted {
		return 0
	}
	return p.volume
}

// SetDeaf lets the member hear silence, or the others again, in 200 ms.
func (p *Participant) SetDeaf(on bool) {
	p.ear.set(unityGain)
	if on {
		p.ear.set(0)
	}
}

// SetHeld is for a member whose phone has put the conference on hold: its voice, and the music it may play
// instead, leaves the mix within the next tick, and it is sent nothing. When it comes back, its sequence numbers go on where
// they stopped and its timestamps where they would be by then.
func (p *Participant) SetHeld(on bool) {
	if p.held == on {
		return
	}
	p.held = on
	p.unshare()
	p.end.limiter.reset()
	p.encoding.start(p.conference.ticks)
	p.arrived, p.talk.level = false, 0
	p.sender.pause()
}

// Held, Muted and Deaf return what was last set.
func (p *Participant) Held() bool  { return p.held }
func (p *Participant) Muted() bool { return p.muted }
func (p *Participant) Deaf() bool  { return p.ear.goal == 0 }

// unshare makes the member go on by itself from where the shared signal has come to.
func (p *Participant) unshare() {
	if p.shared == nil {
		return
	}
	p.end.limiter.copyState(&p.shared.limiter)
	p.encoding.copyState(p.sharedEncoding)
	p.shared.leave(p.sharedEncoding)
	p.shared, p.sharedEncoding = nil, nil
}

// listen takes the member's voice of this tick.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) listen(now int64) {
	before := p.fresh
	p.raw = p.end.in.frame()
	p.fresh = p.voice.Pull(now, p.raw)
	p.live = p.fresh || before // what is still in the converter
	var level int64
	if p.fresh && !p.held {
		level = energy(p.raw)
	}
	p.turned = p.talk.hear(level)
}

// move works out this tick's gains.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) move() {
	from := p.here
	p.here = unityGain
	if p.held || p.gone {
		p.here = 0
	}
	p.presence = span{from, p.here}
	p.gain = p.voiceGain.move().times(p.pick.move()).times(p.presence)
	p.heard = p.live && p.gain != mutedSpan
	p.hear = p.ear.move()
	if !p.arrived && !p.held {
		p.hear.from, p.arrived = 0, true
	}
}

// choose works out what the member is to hear in this tick, and whether others hear the same.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) choose() {
	differs := p.moveEdges() // of who is held too: whom it has an edge to may leave in the meantime
	if p.held {
		return
	}
	p.base = &p.conference.all
	if p.hear == mutedSpan {
		p.base = &p.conference.deaf
	}
	p.alone = p.base == &p.conference.all && (p.hear != unitySpan || p.heard || differs) || p.private > 0
	if p.alone || p.shared != p.base {
		p.unshare()
	}
}

// enter brings the member's voice to the rate of the bus and adds it to the sum of what all hear.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) enter(sum []int32) {
	if !p.live {
		return
	}
	p.end.pcm = p.end.in.convert()
	if p.heard {
		p.contribute(sum, 1)
	}
}

// contribute adds what all hear of the member to a mix, or takes it out again.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) contribute(mix []int32, sign int32) {
	switch {
	case p.gain == mutedSpan:
	case p.gain != unitySpan:
		addScaled(mix, p.end.pcm, p.gain, sign)
	case sign > 0:
		add(mix, p.end.pcm)
	default:
		minus(mix, mix, p.end.pcm)
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
		p.sharedEncoding.ask(p.wish())
		p.sender.send(p.sharedEncoding)
	default:
		c := p.conference
		frame := p.encoding.frame()
		c.count(p.end.limiter.process(frame, p.mix(), &c.scratch))
		p.encoding.ask(p.wish())
		p.encoding.encode()
		p.sender.send(p.encoding)
		p.share(frame)
	}
}

// wish is the mode of its codec that the member wants to be sent to in, -1 for none.
func (p *Participant) wish() int {
	if p.stream == nil {
		return -1
	}
	return p.stream.Requested()
}

// mix returns what the member is to hear, before the limiter.
func (p *Participant) mix() []int32 {
	c := p.conference
	if !p.alone {
		if p.base == &c.deaf {
			return c.silence
		}
		return c.sum
	}
	copy(c.mix, c.sum)
	if p.heard {
		p.contribute(c.mix, -1)
	}
	p.bendEdges(c.mix)
	if p.hear != unitySpan {
		ramp(c.mix, p.hear)
	}
	c.addPrivate(c.mix, p)
	return c.mix
}

// share makes the member, who has heard the frame, share the base signal from the next tick on, where that makes no difference.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) share(frame []int16) {
	if p.alone {
		p.lull = 0
		return
	}
	p.lull.hear(energy(frame))
	e := p.onAll
	if p.base == &p.conference.deaf {
		e = p.onDeaf
	}
	if p.base.take(e, &p.end.limiter, p.encoding, p.lull.lasts()) {
		p.lull = 0
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

// Discarded returns how many packets of the member came and will not be heard, too late most of them.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) Discarded() uint64 {
	if p.stream == nil {
		return 0
	}
	return p.stream.Discarded()
}

// Delay returns that of the member's jitter buffer: now, and at most; and whether it follows the network. Nothing when the voice is
// not a receive.Stream.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) Delay() (nominal, most time.Duration, adaptive bool) {
	if p.stream == nil {
		return 0, 0, false
	}
	return p.stream.Delay()
}

// Loudness returns the mean level of the member's speech and of what is between, dBov; 0 while it is not known.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) Loudness() (speech, noise float64) {
	return p.talk.speech.dBov(), p.talk.background.dBov()
}

// Sent returns what the member has been sent.
func (p *Participant) Sent() SenderStats { return p.sender.stats() }
