package g726

import (
	"fmt"
	"testing"

	"sidetone/codecs/g711"
)

var rates = []Rate{Rate16, Rate24, Rate32, Rate40}

// kilobits is the rate in the names of files.
func (r Rate) kilobits() int { return 8 * r.Bits() }

// packed gives the payload of codes.
func packed(codes []byte, rate Rate, packing Packing) []byte {
	samples, octets := rate.group()
	payload := make([]byte, len(codes)/samples*octets)
	for i := range len(codes) / samples {
		packing.pack(payload[i*octets:(i+1)*octets], codes[i*samples:(i+1)*samples], rate.Bits())
	}
	return payload
}

// same compares octets with a file's.
func same(t *testing.T, got []byte, name string) {
	t.Helper()
	want := octets(t, name)
	if len(got) != len(want) {
		t.Errorf("%s: %d samples, the ITU has %d", name, len(got), len(want))
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: sample %d is %#02x, the ITU has %#02x", name, i, got[i], want[i])
			return
		}
	}
}

// letter names the law in names of files, crossed the other law as the output of this law's codes.
var laws = []struct {
	law             Law
	letter, crossed string
}{{ALaw, "a", "x"}, {MuLaw, "m", "c"}}

func (l Law) other() Law { return 1 - l }

// The normal and overload sequence, from the reset state ("r") and after a homing sequence ("h").
func TestEncoderIsBitExactToTheITU(t *testing.T) {
	for _, rate := range rates {
		for _, l := range laws {
			for _, start := range []string{"r", "h"} {
				e := NewEncoder(rate, RTP)
				if start == "h" {
					in := homing(t, "pcm_init."+l.letter)
					e.EncodeLaw(make([]byte, len(in)), in, l.law)
				}
				in := octets(t, "nrm."+l.letter)
				payload := make([]byte, len(in)*rate.Bits()/8)
				if n := e.EncodeLaw(payload, in, l.law); n != len(payload) {
					t.Fatalf("encoded %d octets of %d", n, len(payload))
				}
				name := fmt.Sprintf("%sn%df%s.i", start, rate.kilobits(), l.letter)
				codes := make([]byte, 0, len(in))
				samples, size := rate.group()
				for i := 0; i < len(payload); i += size {
					var group [longestGroup]uint8
					RTP.unpack(&group, payload[i:i+size], rate.Bits())
					codes = append(codes, group[:samples]...)
				}
				same(t, codes, name)
			}
		}
	}
}

func TestDecoderIsBitExactToTheITU(t *testing.T) {
	for _, rate := range rates {
		kilobits := rate.kilobits()
		for _, l := range laws {
			encoded := fmt.Sprintf("n%df%s.i", kilobits, l.letter)
			tests := []struct {
				out, in string
				law     Law
				homing  string
			}{
				// What the encoder makes of the normal sequence, to the same and to the other law.
				{fmt.Sprintf("rn%df%s.o", kilobits, l.letter), "r" + encoded, l.law, ""},
				{fmt.Sprintf("rn%df%s.o", kilobits, l.crossed), "r" + encoded, l.law.other(), ""},
				{fmt.Sprintf("hn%df%s.o", kilobits, l.letter), "h" + encoded, l.law, l.letter},
				{fmt.Sprintf("hn%df%s.o", kilobits, l.crossed), "h" + encoded, l.law.other(), laws[l.law.other()].letter},
				// Codes that an encoder does not make.
				{fmt.Sprintf("ri%df%s.o", kilobits, l.letter), fmt.Sprintf("i%d", kilobits), l.law, ""},
				{fmt.Sprintf("hi%df%s.o", kilobits, l.letter), fmt.Sprintf("i%d", kilobits), l.law, l.letter},
			}
			for _, tt := range tests {
				if tt.out == "hn16fc.o" {
					tt.homing = "" // the ITU made this one from the reset state
				}
				d := NewDecoder(rate, AAL2)
				if tt.homing != "" {
					codes := packed(homing(t, fmt.Sprintf("i_ini_%d.%s", kilobits, tt.homing)), rate, AAL2)
					d.DecodeLaw(make([]byte, 3496), codes, tt.law)
				}
				codes := octets(t, tt.in)
				got := make([]byte, len(codes))
				d.DecodeLaw(got, packed(codes, rate, AAL2), tt.law)
				same(t, got, tt.out)
			}
		}
	}
}

// The rate changes every 16 samples, 16-24-32-40-32-24 kbit/s and again, while the state goes on. The
// source is 16-bit linear. For the linear output it went through A-law; for the outputs in G.711 its words
// were taken for octets, which they are up to the 80th.
func TestRateMayChangeOnTheWay(t *testing.T) {
	cycle := []Rate{Rate16, Rate24, Rate32, Rate40, Rate32, Rate24}
	run := func(in []byte, law Law) []byte {
		e, d := NewEncoder(Rate16, RTP), NewDecoder(Rate16, RTP)
		out, payload := make([]byte, len(in)), make([]byte, 16)
		for i := 0; i < len(in); i += 16 {
			e.rate = cycle[i/16%len(cycle)]
			d.rate = e.rate
			d.DecodeLaw(out[i:i+16], payload[:e.EncodeLaw(payload, in[i:i+16], law)], law)
		}
		return out
	}
	source := vector(t, "voice.src")
	pcm, in := make([]int16, len(source)), make([]byte, len(source))
	for i, w := range source {
		pcm[i] = int16(w)
	}
	g711.ALaw{}.Encode(in, pcm)
	g711.ALaw{}.Decode(pcm, run(in, ALaw))
	for i, w := range vector(t, "voicevbr.lrf") {
		if pcm[i] != int16(w) {
			t.Fatalf("linear sample %d is %d, the ITU has %d", i, pcm[i], int16(w))
		}
	}
	for law, name := range []string{"voicevbr.arf", "voicevbr.urf"} {
		want := vector(t, name)
		for i, octet := range run(make([]byte, 80), Law(law)) {
			if octet != byte(want[i]) {
				t.Fatalf("%s: sample %d is %#02x, the ITU has %#02x", name, i, octet, want[i])
			}
		}
	}
}
