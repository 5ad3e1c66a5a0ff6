package ng

import (
	"slices"
	"strconv"
	"strings"

	"sidetone/codecs"
	"sidetone/control/sdp"
)

// format is one entry of an m= line: its text and the codec it stands for, if that is known.
type format struct {
	text  string
	codec sdp.Codec
	known bool
}

// formatsOf lists the formats of a section in their order.
func formatsOf(m *sdp.Media) []format {
	known := m.Codecs()
	list := make([]format, 0, len(m.Formats)+2)
	for _, text := range m.Formats {
		f := format{text: text}
		for _, c := range known {
			if ptText(c.PayloadType) == text {
				f.codec, f.known = c, true
				break
			}
		}
		list = append(list, f)
	}
	return list
}

// codecsOf are the known ones of a list.
func codecsOf(list []format) []sdp.Codec {
	found := make([]sdp.Codec, 0, len(list))
	for _, f := range list {
		if f.known {
			found = append(found, f.codec)
		}
	}
	return found
}

// named reports whether a rule's entry ("PCMU", "opus/48000/2", "8") means the format. What the entry
// does not say may be anything.
func (f format) named(entry string) bool {
	if entry == f.text {
		return true
	}
	part := strings.Split(entry, "/")
	if !f.known || !strings.EqualFold(part[0], f.codec.Name) {
		return false
	}
	if len(part) > 1 && part[1] != "" && part[1] != strconv.Itoa(f.codec.ClockRate) {
		return false
	}
	return len(part) < 3 || part[2] == "" || part[2] == strconv.Itoa(max(f.codec.Channels, 1))
}

// in reports whether one of the entries means the format.
func (f format) in(entries []string) bool { return slices.ContainsFunc(entries, f.named) }

// has reports whether one of the words is among the entries.
func has(entries []string, words ...string) bool {
	return slices.ContainsFunc(entries, func(e string) bool { return slices.Contains(words, e) })
}

// split applies the rules to the formats that one side offers: kept are offered on, usable are those
// that may be transcoded, which the rules may have hidden from the other side. When nothing would be
// left, nothing is taken away.
func (r codecRules) split(list []format) (kept, usable []format) {
	for _, f := range list {
		spared := f.in(r.Except) || f.in(r.Offer)
		restored := spared || f.in(r.Transcode)
		switch {
		case f.in(r.Strip), has(r.Strip, "full") && !spared, has(r.Strip, "all") && !restored:
		case f.in(r.Mask), has(r.Mask, "full") && !spared, has(r.Mask, "all") && !restored:
			usable = append(usable, f)
		default:
			kept, usable = append(kept, f), append(usable, f)
		}
	}
	if len(r.Offer) > 0 {
		slices.SortStableFunc(kept, func(a, b format) int { return r.rank(a) - r.rank(b) })
	}
	return kept, usable
}

// rank is the place of a format in the offer rule, behind it for all others.
func (r codecRules) rank(f format) int {
	if i := slices.IndexFunc(r.Offer, f.named); i >= 0 {
		return i
	}
	return len(r.Offer)
}

// voice reports whether the codec carries audio by itself.
func voice(c sdp.Codec) bool { return !c.IsEvent() && !c.IsComfortNoise() }

// asFormat is the codec in the words of the codecs package.
func asFormat(c sdp.Codec) codecs.Format {
	return codecs.Format{Name: c.Name, ClockRate: c.ClockRate, Channels: max(c.Channels, 1)}
}

// transcodable reports whether packets of one codec can become packets of the other.
func transcodable(set codecs.Set, from, to sdp.Codec) bool {
	if !voice(from) || !voice(to) {
		return false
	}
	_, ok := set.Transcoder(asFormat(from), asFormat(to))
	return ok
}

// added are the codecs that the entries ask for, that are not in kept, and that one of usable can be
// transcoded to. Their payload types are static ones, or free dynamic ones.
func added(entries []string, kept, usable []format, set codecs.Set) []format {
	var more []format
	for _, entry := range entries {
		all := append(slices.Clone(kept), more...)
		if slices.ContainsFunc(all, func(f format) bool { return f.named(entry) }) {
			continue
		}
		c, ok := codecNamed(entry, set)
		if !ok || !slices.ContainsFunc(usable, func(f format) bool { return f.known && transcodable(set, f.codec, c) }) {
			continue
		}
		if c.PayloadType, ok = freePayloadType(c.PayloadType, append(all, usable...)); ok {
			more = append(more, asEntry(c))
		}
	}
	return more
}

// codecNamed looks up "PCMA" or "L16/16000" in the set. Packets are of 8 kHz unless it says otherwise.
func codecNamed(entry string, set codecs.Set) (sdp.Codec, bool) {
	part := strings.Split(entry, "/")
	rate := 8000
	if len(part) > 1 && part[1] != "" {
		var err error
		if rate, err = strconv.Atoi(part[1]); err != nil {
			return sdp.Codec{}, false
		}
	}
	c, ok := set.Lookup(part[0], rate)
	if !ok || len(part) > 2 && part[2] != "" && part[2] != "1" {
		return sdp.Codec{}, false
	}
	return sdp.Codec{PayloadType: c.PayloadType, Name: c.Name, ClockRate: c.ClockRate, Channels: 1}, true
}

// freePayloadType returns the wanted static payload type, or a dynamic one (RFC 3551 section 6) that
// the list does not use.
func freePayloadType(want uint8, list []format) (uint8, bool) {
	var used [128]bool
	for _, f := range list {
		if pt, err := strconv.ParseUint(f.text, 10, 7); err == nil {
			used[pt] = true
		}
	}
	if want < 96 && !used[want] {
		return want, true
	}
	for pt := 96; pt < 128; pt++ {
		if !used[pt] {
			return uint8(pt), true
		}
	}
	return 0, false
}

// setFormats gives the section these formats in this order. The lines of those that went away go with
// them, those that came get theirs.
func setFormats(m *sdp.Media, list []format) {
	texts := make([]string, len(list))
	for i, f := range list {
		texts[i] = f.text
	}
	if slices.Equal(texts, m.Formats) {
		return
	}
	gone := slices.ContainsFunc(m.Formats, func(text string) bool { return !slices.Contains(texts, text) })
	come := slices.ContainsFunc(texts, func(text string) bool { return !slices.Contains(m.Formats, text) })
	m.Formats = texts
	if !gone && !come {
		return
	}
	lines := make(map[string][]string)
	for _, name := range [...]string{"rtpmap", "fmtp", "rtcp-fb"} {
		for v := range m.Attributes(name) {
			pt, _, _ := strings.Cut(v, " ")
			lines[name+pt] = append(lines[name+pt], v)
		}
	}
	general := lines["rtcp-fb*"]
	for _, name := range [...]string{"rtpmap", "fmtp", "rtcp-fb"} {
		m.RemoveAttribute(name)
	}
	for _, f := range list {
		maps := lines["rtpmap"+f.text]
		if len(maps) == 0 && f.known {
			maps = []string{f.codec.String()}
		}
		for _, v := range maps {
			m.AddAttribute("rtpmap", v)
		}
		params := lines["fmtp"+f.text]
		if len(params) == 0 && f.known && f.codec.Fmtp != "" {
			params = []string{f.text + " " + f.codec.Fmtp}
		}
		for _, v := range params {
			m.AddAttribute("fmtp", v)
		}
		for _, v := range lines["rtcp-fb"+f.text] {
			m.AddAttribute("rtcp-fb", v)
		}
	}
	for _, v := range general {
		m.AddAttribute("rtcp-fb", v)
	}
}

// ptText is a payload type as an m= line has it.
func ptText(pt uint8) string { return strconv.Itoa(int(pt)) }
