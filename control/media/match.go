package media

import (
	"strconv"
	"strings"

	"sidetone/control/sdp"
	"sidetone/relay"
)

// Codecs of what is passed on as it is, video above all: two phones that were brought together may give one codec different
// payload types, and mean different things by one name.

// bridge is what a phone with a list is told to send to one that takes other: what both have, in the other's order and with its
// parameters, under the list's payload types.
func bridge(list, other []sdp.Codec) []sdp.Codec {
	var out []sdp.Codec
	for _, o := range other {
		c, ok := twin(list, o)
		if !ok || has(out, c.PayloadType) {
			continue
		}
		if apt, isRepeat := parameter(o, "apt"); isRepeat { // RFC 4588: of another payload type
			if pt, err := strconv.ParseUint(apt, 10, 7); err != nil || !has(out, uint8(pt)) {
				continue
			}
		}
		c.Fmtp, c.Feedback = o.Fmtp, o.Feedback
		out = append(out, c)
	}
	return out
}

func has(list []sdp.Codec, pt uint8) bool {
	for _, c := range list {
		if c.PayloadType == pt {
			return true
		}
	}
	return false
}

// twin finds what is the same as a codec in another list: what stands closest to it. H.264 that is packed otherwise is not the same
// (RFC 6184, 8.2.2), and what speaks of other payload types, as repetitions do, only where those are the same.
func twin(list []sdp.Codec, want sdp.Codec) (best sdp.Codec, ok bool) {
	most := -1
	for _, c := range list {
		if !c.Same(want) || packing(c) != packing(want) {
			continue
		}
		score := 0
		if c.PayloadType == want.PayloadType {
			score = 1
		}
		switch {
		case c.Fmtp == want.Fmtp:
			score += 4
		case profile(c) == profile(want):
			score += 2
		}
		if refers(c) && score != 5 {
			continue
		}
		if score > most {
			best, most, ok = c, score, true
		}
	}
	return best, ok
}

// packing is how H.264 and H.265 are put into packets.
func packing(c sdp.Codec) string {
	if mode, ok := parameter(c, "packetization-mode"); ok && strings.EqualFold(c.Name, "H264") {
		return mode
	}
	return "0"
}

// profile is that of H.264, without its level; of VP9 and AV1 theirs.
func profile(c sdp.Codec) string {
	if id, ok := parameter(c, "profile-level-id"); ok && len(id) >= 2 {
		return strings.ToLower(id[:2])
	}
	id, _ := parameter(c, "profile-id")
	return id
}

// refers reports whether a codec's packets are about those of other payload types (RFC 2198, 4588, 5109, 8627).
func refers(c sdp.Codec) bool {
	name := strings.ToLower(c.Name)
	return name == "rtx" || name == "red" || strings.Contains(name, "fec")
}

// parameter is one of the codec's a=fmtp.
func parameter(c sdp.Codec, name string) (value string, ok bool) {
	for p := range strings.SplitSeq(c.Fmtp, ";") {
		if n, v, found := strings.Cut(strings.TrimSpace(p), "="); found && strings.EqualFold(n, name) {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}

// renumber is what becomes of the payload types that one phone sends on their way to another: nil where they are the same.
func renumber(from, to []sdp.Codec) *relay.PayloadMap {
	var m relay.PayloadMap
	for i := range m {
		m[i].Drop = true
	}
	same := true
	for _, f := range from {
		if c, ok := twin(to, f); ok {
			m[f.PayloadType] = relay.Action{PayloadType: c.PayloadType}
			same = same && c.PayloadType == f.PayloadType
		} else {
			same = false
		}
	}
	if same {
		return nil
	}
	return &m
}
