package g726

import "testing"

// speechlike is 20 ms of two tones.
func speechlike() []int16 {
	pcm := tone(160, 400, 9000)
	for i, s := range tone(160, 1400, 6000) {
		pcm[i] += s
	}
	return pcm
}

func BenchmarkEncode(b *testing.B) {
	for _, rate := range rates {
		b.Run(rate.String(), func(b *testing.B) {
			e, pcm, payload := NewEncoder(rate, RTP), speechlike(), make([]byte, 20*rate.Bits())
			b.ReportAllocs()
			for b.Loop() {
				e.Encode(payload, pcm)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, rate := range rates {
		b.Run(rate.String(), func(b *testing.B) {
			d, payload, pcm := NewDecoder(rate, RTP), encode(speechlike(), rate, RTP), make([]int16, 160)
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(pcm, payload)
			}
		})
	}
}

func BenchmarkDecodeLaw(b *testing.B) {
	d, payload, octets := NewDecoder(Rate32, RTP), encode(speechlike(), Rate32, RTP), make([]byte, 160)
	b.ReportAllocs()
	for b.Loop() {
		d.DecodeLaw(octets, payload, ALaw)
	}
}
