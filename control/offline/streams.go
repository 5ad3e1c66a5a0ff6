package offline

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// MostParties is how many take part in one mix.
const MostParties = 200

// What makes packets a stream: so many of them, and most followed by the next number.
const (
	leastPackets   = 10
	leastInOrder   = 0.6
	nearby         = 16  // numbers away still count as going on, over a way that loses and reorders
	compareHashes  = 200 // payloads of a stream that are compared with those of others
	leastHashes    = 10
	copiedPayloads = 0.8
)

// stream is the packets from one address to another with one SSRC.
type stream struct {
	from, to netip.AddrPort
	ssrc     uint32
	packets  []datagram
	inOrder  int
	last     uint16
}

// Note says what was found in a capture and does not take part, and why.
type Note struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Parties returns who speaks in the capture, in the order in which they begin; one source address is one party, whatever SSRCs it uses. named is
// what payload types mean that the caller knows of; it goes before anything that the capture says.
func (c *Capture) Parties(set codecs.Set, named map[uint8]codecs.Format) ([]Party, []Note, error) {
	slices.SortStableFunc(c.rtp, func(a, b datagram) int { return cmp.Compare(a.at, b.at) })
	notes, seed := []Note{}, maphash.MakeSeed()
	bySource := map[netip.AddrPort]*Party{}
	var parties []*Party
	var kept []*stream
	for _, s := range c.streams() {
		what := fmt.Sprintf("%s to %s, SSRC %08x, %d packets", s.from, s.to, s.ssrc, len(s.packets))
		formats, why := c.formats(s, set, named)
		if why == "" {
			if original := copyOf(s, kept, seed); original != nil {
				why = fmt.Sprintf("a relayed copy of %s to %s", original.from, original.to)
			}
		}
		if why != "" {
			notes = append(notes, Note{what, why})
			continue
		}
		kept = append(kept, s)
		p := bySource[s.from]
		if p == nil {
			p = &Party{Name: s.from.String(), formats: map[uint8]codecs.Format{}}
			bySource[s.from] = p
			parties = append(parties, p)
		}
		maps.Copy(p.formats, formats)
		p.packets = append(p.packets, s.packets...)
	}
	if len(parties) > MostParties {
		return nil, nil, fmt.Errorf("%d parties: at most %d are mixed", len(parties), MostParties)
	}
	var list []Party
	for _, p := range parties {
		slices.SortStableFunc(p.packets, func(a, b datagram) int { return cmp.Compare(a.at, b.at) })
		list = append(list, *p)
	}
	return list, notes, nil
}

// streams sorts the packets and drops what is no stream.
func (c *Capture) streams() []*stream {
	type key struct {
		from, to netip.AddrPort
		ssrc     uint32
	}
	byKey := map[key]*stream{}
	var all []*stream
	for _, d := range c.rtp {
		k := key{d.from, d.to, rtp.SSRC(d.payload)}
		s := byKey[k]
		number := rtp.SequenceNumber(d.payload)
		if s == nil {
			s = &stream{from: d.from, to: d.to, ssrc: k.ssrc, last: number}
			byKey[k] = s
			all = append(all, s)
		} else if step := rtp.SeqDiff(number, s.last); step != 0 && max(step, -step) < nearby {
			s.inOrder++
		}
		s.last = number
		s.packets = append(s.packets, d)
	}
	return slices.DeleteFunc(all, func(s *stream) bool {
		return len(s.packets) < leastPackets || float64(s.inOrder) < leastInOrder*float64(len(s.packets)-1)
	})
}

// formats finds out what the payload types of a stream mean, or says why it cannot be heard.
func (c *Capture) formats(s *stream, set codecs.Set, named map[uint8]codecs.Format) (map[uint8]codecs.Format, string) {
	described, _ := c.descriptions.find(s.from, s.to)
	if described.secure {
		return nil, "encrypted (SRTP)"
	}
	formats := map[uint8]codecs.Format{}
	var unknown []uint8
	audio := false
	for _, d := range s.packets {
		pt := rtp.PayloadType(d.payload)
		if _, done := formats[pt]; done || slices.Contains(unknown, pt) {
			continue
		}
		f, ok := named[pt]
		if !ok {
			f, ok = described.formats[pt]
		}
		if !ok {
			var codec codecs.Codec
			codec, ok = set.Static(pt)
			f = codec.Format
		}
		codec, known := set.Find(f)
		if !ok || !known {
			unknown = append(unknown, pt)
			continue
		}
		formats[pt] = f
		audio = audio || codec.Kind == codecs.Audio
	}
	switch {
	case audio:
		return formats, ""
	case len(unknown) > 0:
		return nil, fmt.Sprintf("payload type %d means nothing that can be decoded here; say what it is, such as --payload %d=opus/48000/2", unknown[0], unknown[0])
	}
	return nil, "no audio in it"
}

// copyOf returns the stream whose payloads this one has too.
func copyOf(s *stream, earlier []*stream, seed maphash.Seed) *stream {
	own := hashes(s, seed)
	if len(own) < leastHashes {
		return nil // silence is like silence
	}
	for _, e := range earlier {
		theirs, same := hashes(e, seed), 0
		for h := range own {
			if theirs[h] {
				same++
			}
		}
		if float64(same) >= copiedPayloads*float64(min(len(own), len(theirs))) && len(theirs) >= leastHashes {
			return e
		}
	}
	return nil
}

func hashes(s *stream, seed maphash.Seed) map[uint64]bool {
	all := map[uint64]bool{}
	for _, d := range s.packets[:min(len(s.packets), compareHashes)] {
		all[maphash.Bytes(seed, rtp.Payload(d.payload))] = true
	}
	return all
}
