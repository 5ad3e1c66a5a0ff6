package media

import (
	"sidetone/codecs"
	"sidetone/control/sdp"
	"sidetone/relay"
)

// translate is what becomes of each payload type of one leg on its way to the
// other: relayed under the other's number, transcoded, or dropped because the
// other never asked for it. What modes of AMR they wish is known of both. Where voice changes its RTP clock, the timestamps of
// all it travels with follow, and its telephone events.
func translate(set codecs.Set, from, to []sdp.Codec, theirs, others *codecs.Wish) *relay.PayloadMap {
	t := translation{set: set, to: to, theirs: theirs, others: others}
	for i := range t.m {
		t.m[i].Drop = true
	}
	for _, f := range from {
		if isVoice(f) {
			t.voice(f)
		}
	}
	for _, f := range from {
		if !isVoice(f) {
			t.companion(f)
		}
	}
	return &t.m
}

type translation struct {
	set    codecs.Set
	to     []sdp.Codec
	m      relay.PayloadMap
	clocks []clockChange

	theirs, others *codecs.Wish // of who is decoded, and of who is encoded for
}

// clockChange is what becomes of one clock rate.
type clockChange struct {
	from, to int
	line     *codecs.Timeline
}

func (t *translation) voice(f sdp.Codec) {
	if same, ok := sdp.Find(t.to, f); ok {
		t.m[f.PayloadType] = relay.Action{PayloadType: same.PayloadType}
		return
	}
	for _, c := range t.to {
		if tr, ok := t.set.Transcoder(format(f), format(c)); isVoice(c) && ok {
			t.change(f, c, tr)
			return
		}
	}
}

// companion is for telephone-event and comfort noise: the event of the clock rate that the voice leaves with.
func (t *translation) companion(f sdp.Codec) {
	for _, change := range t.clocks {
		if f.IsEvent() && change.from == f.ClockRate {
			event := sdp.Codec{Name: f.Name, ClockRate: change.to, Channels: 1}
			if c, ok := sdp.Find(t.to, event); ok {
				t.change(f, c, codecs.EventTranscoder(f.ClockRate, c.ClockRate))
				return
			}
		}
	}
	if same, ok := sdp.Find(t.to, f); ok {
		t.m[f.PayloadType] = relay.Action{PayloadType: same.PayloadType}
	}
}

// change is the action that makes one codec of another.
func (t *translation) change(from, to sdp.Codec, how codecs.Transcoder) {
	codecs.Wishes(how, t.theirs, t.others)
	a := relay.Action{PayloadType: to.PayloadType, Transform: how}
	if from.ClockRate != to.ClockRate {
		a.Clock = t.clock(from.ClockRate, to.ClockRate)
	}
	t.m[from.PayloadType] = a
}

func (t *translation) clock(from, to int) *codecs.Timeline {
	for _, c := range t.clocks {
		if c.from == from && c.to == to {
			return c.line
		}
	}
	t.clocks = append(t.clocks, clockChange{from, to, codecs.NewTimeline(from, to)})
	return t.clocks[len(t.clocks)-1].line
}
