package ng

import (
	"slices"

	"sidetone/codecs"
	"sidetone/control/sdp"
	"sidetone/relay"
)

// agreement is what the two sides of a section have been told about codecs, and by whom. Side i may
// send what told[i] lists and wants to receive what theirs[i] lists.
type agreement struct {
	theirs [2][]sdp.Codec // what the side's last description lists; without what was stripped from it
	told   [2][]sdp.Codec // what the last description sent to the side lists
	mixed  bool           // the lists differ: packets may have to be transcoded
	accept []string       // the accept rule of the last offer

	built built // from the lists as they were then
}

// built are payload maps and what they were made from.
type built struct {
	theirs, told [2][]sdp.Codec
	maps         [2]*relay.PayloadMap
}

// offer applies the rules of an offer by one side to its section and notes what either side now knows.
// plain is false where packets cannot be looked into.
func (a *agreement) offer(from int, m *sdp.Media, rules codecRules, set codecs.Set, plain bool) {
	to := 1 - from
	list := formatsOf(m)
	if rules.isZero() && !a.mixed || !isRTP(m.Proto) {
		a.theirs[from] = codecsOf(list)
		a.told[to] = a.theirs[from]
		a.mixed, a.accept = false, nil
		return
	}
	kept, usable := rules.split(list)
	var more []format
	if plain && m.IsAudio() {
		wanted := rules.Transcode
		if a.mixed { // the other side spoke a codec that was added for it; offer that again
			wanted = append(slices.Clone(wanted), a.spoken(to, kept, set)...)
		}
		more = added(wanted, kept, usable, set)
	}
	if len(kept)+len(more) == 0 {
		kept, usable = list, list
	}
	told := append(slices.Clone(kept), more...)
	a.theirs[from], a.told[to] = codecsOf(usable), codecsOf(told)
	a.mixed = len(more) > 0 || len(usable) > len(kept) || len(rules.Accept) > 0
	a.accept = rules.Accept
	setFormats(m, told)
}

// spoken are the codecs of a side that is offered nothing it speaks, nil otherwise.
func (a *agreement) spoken(side int, kept []format, set codecs.Set) (entries []string) {
	for _, c := range a.theirs[side] {
		if !voice(c) {
			continue
		}
		if slices.ContainsFunc(kept, func(f format) bool { return f.known && f.codec.Same(c) }) {
			return nil
		}
		if _, ok := set.Lookup(c.Name, c.ClockRate); ok {
			entries = append(entries, c.Name)
		}
	}
	return entries
}

// answer turns a side's answer into one to what the offerer offered: the codecs that both know, and for
// those that were added the offerer's own that can be transcoded to them.
func (a *agreement) answer(from int, m *sdp.Media, rules codecRules, single bool, set codecs.Set) {
	to := 1 - from
	list := formatsOf(m)
	a.theirs[from] = codecsOf(list)
	if rules.isZero() && !a.mixed && !single || !isRTP(m.Proto) {
		a.told[to] = a.theirs[from]
		return
	}
	rules.Transcode, rules.Mask = nil, nil // of offers only
	if kept, _ := rules.split(list); len(kept) > 0 {
		list = kept
	}
	if a.mixed {
		if translated := a.translate(to, list, set); len(codecsOf(translated)) > 0 {
			list = translated
		}
	}
	if single {
		list = firstVoice(list)
	}
	a.told[to] = codecsOf(list)
	setFormats(m, list)
}

// translate writes the answered list in the offerer's terms.
func (a *agreement) translate(offerer int, answered []format, set codecs.Set) (list []format) {
	add := func(f format) {
		if !slices.ContainsFunc(list, func(g format) bool { return g.text == f.text }) {
			list = append(list, f)
		}
	}
	own := a.theirs[offerer]
	for _, f := range answered {
		if !f.known {
			add(f)
			continue
		}
		c, ok := sdp.Find(own, f.codec)
		if ok {
			c.Fmtp = f.codec.Fmtp
		} else {
			i := slices.IndexFunc(own, func(c sdp.Codec) bool { return transcodable(set, c, f.codec) })
			if i < 0 {
				continue
			}
			c = own[i]
		}
		add(asEntry(c))
	}
	for _, c := range own {
		f := asEntry(c)
		if (has(a.accept, "all", "any") || f.in(a.accept)) && slices.ContainsFunc(answered, func(g format) bool {
			return g.known && transcodable(set, c, g.codec)
		}) {
			add(f)
		}
	}
	return list
}

// payloads are the maps for what either side sends, nil when every packet passes as it is. As long as
// the lists stay they are the same ones, so that what a transcoder has in its memory stays too.
func (a *agreement) payloads(set codecs.Set) [2]*relay.PayloadMap {
	if !a.mixed {
		a.built = built{}
		return a.built.maps
	}
	same := func(x, y [2][]sdp.Codec) bool { return slices.Equal(x[0], y[0]) && slices.Equal(x[1], y[1]) }
	if b := &a.built; !same(a.theirs, b.theirs) || !same(a.told, b.told) {
		*b = built{a.theirs, a.told, [2]*relay.PayloadMap{a.payload(0, set), a.payload(1, set)}}
	}
	return a.built.maps
}

// payload is the map for what one side sends.
func (a *agreement) payload(from int, set codecs.Set) *relay.PayloadMap {
	wanted := a.theirs[1-from]
	m := relay.NewPayloadMap()
	same := true
	for _, c := range a.sendable(from) {
		action := &m[c.PayloadType]
		if t, ok := sdp.Find(wanted, c); ok {
			action.PayloadType = t.PayloadType
			same = same && t.PayloadType == c.PayloadType
			continue
		}
		same = false
		i := slices.IndexFunc(wanted, func(t sdp.Codec) bool { return transcodable(set, c, t) })
		if i < 0 {
			action.Drop = true
			continue
		}
		t, _ := set.Transcoder(asFormat(c), asFormat(wanted[i]))
		action.PayloadType, action.Transform = wanted[i].PayloadType, t
		if c.ClockRate != wanted[i].ClockRate {
			action.Clock = codecs.NewTimeline(c.ClockRate, wanted[i].ClockRate)
		}
	}
	if same {
		return nil
	}
	return m
}

// sendable are the codecs a side may send: under the payload types it was told, and where those mean
// nothing under its own, which some phones use instead.
func (a *agreement) sendable(side int) []sdp.Codec {
	list := slices.Clone(a.told[side])
	for _, c := range a.theirs[side] {
		if !slices.ContainsFunc(list, func(d sdp.Codec) bool { return d.PayloadType == c.PayloadType }) {
			list = append(list, c)
		}
	}
	return list
}

// types are the payload types that a side may send.
func (a *agreement) types(side int) (set [2]uint64) {
	for _, list := range [...][]sdp.Codec{a.told[side], a.theirs[side]} {
		for _, c := range list {
			set[c.PayloadType>>6] |= 1 << (c.PayloadType & 63)
		}
	}
	return set
}

// clocks are those of the payload types that a side may send.
func (a *agreement) clocks(side int) (clocks relay.Clocks) {
	for _, c := range a.sendable(side) {
		clocks[c.PayloadType&127] = uint8(min(c.ClockRate/1000, 255))
	}
	return clocks
}

// heard is the codec that a side hears: the first of its own that it was told as well, once it was told any; false if there is none.
func (a *agreement) heard(side int) (sdp.Codec, bool) {
	for _, c := range a.theirs[side] {
		if _, told := sdp.Find(a.told[side], c); voice(c) && (told || len(a.told[side]) == 0) {
			return c, true
		}
	}
	return sdp.Codec{}, false
}

// firstVoice is the first codec of a list, with the telephone-event that goes with it.
func firstVoice(list []format) []format {
	i := slices.IndexFunc(list, func(f format) bool { return f.known && voice(f.codec) })
	if i < 0 {
		return list
	}
	short := []format{list[i]}
	for _, f := range list {
		if f.known && f.codec.IsEvent() && f.codec.ClockRate == list[i].codec.ClockRate {
			return append(short, f)
		}
	}
	return short
}

// asEntry is a codec as an entry of an m= line.
func asEntry(c sdp.Codec) format {
	return format{text: ptText(c.PayloadType), codec: c, known: true}
}
