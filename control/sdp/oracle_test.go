package sdp

import (
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	pion "github.com/pion/sdp/v3"
	"pgregory.net/rapid"
)

// TestPionReadsWhatWeDescribe draws descriptions and compares what pion/sdp reads in them.
func TestPionReadsWhatWeDescribe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLocal(t)
		var p pion.SessionDescription
		if err := p.Unmarshal(Describe(l)); err != nil {
			t.Fatalf("pion: %v\n%s", err, Describe(l))
		}
		if p.Origin.SessionID != l.Origin.ID || p.Origin.SessionVersion != l.Origin.Version || p.Origin.UnicastAddress != l.Origin.Address.String() {
			t.Fatalf("origin %v, want %v", p.Origin, l.Origin)
		}
		m := p.MediaDescriptions[0]
		if m.ConnectionInformation.Address.Address != l.Address.String() || m.MediaName.Port.Value != int(l.Port) {
			t.Fatalf("%v %v, want %v %v", m.ConnectionInformation.Address, m.MediaName.Port, l.Address, l.Port)
		}
		if _, ok := m.Attribute(l.Direction.String()); !ok {
			t.Fatalf("no %v", l.Direction)
		}
		if v, ok := m.Attribute("ptime"); l.Ptime > 0 && (!ok || v != strconv.Itoa(int(l.Ptime/time.Millisecond))) {
			t.Fatalf("ptime %q, want %v", v, l.Ptime)
		}
		if len(m.MediaName.Formats) != len(l.Codecs) {
			t.Fatalf("formats %v, want %v", m.MediaName.Formats, l.Codecs)
		}
		for i, c := range l.Codecs {
			got, err := p.GetCodecForPayloadType(c.PayloadType)
			if err != nil || got.Name != c.Name || int(got.ClockRate) != c.ClockRate || got.Fmtp != c.Fmtp || m.MediaName.Formats[i] != strconv.Itoa(int(c.PayloadType)) {
				t.Fatalf("codec %v %v, want %v", got, err, c)
			}
		}
	})
}

// TestWeReadWhatPionReads: where pion reads a description, we read the same in it.
func TestWeReadWhatPionReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offer := Describe(drawLocal(t))
		answering := drawLocal(t)
		s, err := Parse(offer)
		if err != nil {
			t.Fatal(err)
		}
		texts := [][]byte{offer}
		if answer, err := Answer(s, answering); err == nil {
			texts = append(texts, answer)
		}
		for _, text := range texts {
			var p pion.SessionDescription
			if err := p.Unmarshal(text); err != nil {
				t.Fatalf("pion: %v\n%s", err, text)
			}
			again, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			ours, err := Parse(again)
			if err != nil {
				t.Fatal(err)
			}
			if theirs, _ := Parse(text); dump(theirs) != dump(ours) {
				t.Fatalf("through pion it is\n%s\nwas\n%s", dump(ours), dump(theirs))
			}
		}
	})
}

// TestAnswerNeverSaysMoreThanTheOffer draws offers and what we could do.
func TestAnswerNeverSaysMoreThanTheOffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offer, err := Parse(Describe(drawLocal(t)))
		if err != nil {
			t.Fatal(err)
		}
		text, err := Answer(offer, drawLocal(t))
		if err != nil {
			return
		}
		answer, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		o, a := offer.Media[0], answer.Media[0]
		if a.RTCPMux() && !o.RTCPMux() {
			t.Fatal("mux was not offered")
		}
		if a.Direction().Send() && !o.Direction().Recv() || a.Direction().Recv() && !o.Direction().Send() {
			t.Fatalf("%v answered to %v", a.Direction(), o.Direction())
		}
		for _, c := range a.Codecs() {
			if !slices.ContainsFunc(o.Codecs(), func(x Codec) bool { return x.Same(c) && x.PayloadType == c.PayloadType }) {
				t.Fatalf("%v was not offered: %v", c, o.Codecs())
			}
		}
	})
}

func drawLocal(t *rapid.T) Local {
	pool := []Codec{
		{0, "PCMU", 8000, 1, "", ""}, {8, "PCMA", 8000, 1, "", ""}, {9, "G722", 8000, 1, "", ""}, {18, "G729", 8000, 1, "annexb=no", ""},
		{111, "opus", 48000, 2, "useinbandfec=1", ""}, {101, "telephone-event", 8000, 1, "0-16", ""}, {13, "CN", 8000, 1, "", ""},
	}
	address := rapid.SampledFrom([]string{"10.0.0.1", "203.0.113.9", "2001:db8::1"})
	codecs := rapid.Permutation(pool).Draw(t, "order")[:rapid.IntRange(1, len(pool)).Draw(t, "codecs")]
	return Local{
		Origin:    Origin{ID: rapid.Uint64().Draw(t, "id"), Version: rapid.Uint64().Draw(t, "version"), Address: netip.MustParseAddr(address.Draw(t, "origin"))},
		Address:   netip.MustParseAddr(address.Draw(t, "address")),
		Port:      rapid.Uint16Range(1024, 65000).Draw(t, "port"),
		RTCPPort:  rapid.Uint16Range(0, 65535).Draw(t, "rtcp"),
		Mux:       rapid.Bool().Draw(t, "mux"),
		Codecs:    slices.Clone(codecs),
		Direction: rapid.SampledFrom([]Direction{SendRecv, SendOnly, RecvOnly, Inactive}).Draw(t, "direction"),
		Ptime:     time.Duration(rapid.IntRange(0, 6).Draw(t, "ptime")) * 10 * time.Millisecond,
	}
}
