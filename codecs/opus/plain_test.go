package opus

import (
	"slices"
	"testing"

	"sidetone/codecs/clib/clibtest"
)

func plain(t testing.TB, rate int) *PlainDecoder {
	t.Helper()
	d, err := NewPlainDecoder(rate)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every mode, bandwidth and length of frame, beside libopus.
func TestPlainDecoderHearsWhatLibopusHears(t *testing.T) {
	l := clibtest.Need(t, Open)
	configurations := map[byte]bool{}
	for mode := modeSILK; mode < modeSILK+3; mode++ {
		for band := narrowband; band < narrowband+5; band++ {
			for _, ms := range []int{10, 20, 40, 60} {
				for _, rate := range []int{16000, 48000} {
					if rate < 48000 && ms != 20 {
						continue
					}
					e, d, p := encoder(t, l, Config{}), decoder(t, l, rate), plain(t, rate)
					e.ctl(setForceMode, mode)
					e.ctl(setBandwidth, band)
					var want, heard []int16
					packet, out := make([]byte, MaxPayload), make([]int16, rate*60/1000)
					for piece := range slices.Chunk(voice(48000, 48*120), 48*ms) {
						payload := packet[:e.Encode(packet, piece)]
						configurations[payload[0]>>3] = true
						n, _ := d.Decode(out, payload)
						want = append(want, out[:n]...)
						n, err := p.Decode(out, payload)
						if err != nil {
							t.Fatalf("configuration %d: %v", payload[0]>>3, err)
						}
						heard = append(heard, out[:n]...)
					}
					if len(want) != len(heard) {
						t.Fatalf("mode %d band %d %d ms: %d samples of %d", mode, band, ms, len(heard), len(want))
					}
					if db, _ := snr(want, heard, 0, 1); db < 35 {
						t.Errorf("mode %d band %d %d ms at %d Hz: %.1f dB", mode, band, ms, rate, db)
					}
				}
			}
		}
	}
	t.Logf("%d of the 32 configurations", len(configurations))
	if len(configurations) < 24 {
		t.Errorf("only %d of the 32 configurations were tried", len(configurations))
	}
}

func TestPlainDecoderRefusesWhatIsMalformed(t *testing.T) {
	d, out := plain(t, 48000), make([]int16, 960)
	for _, payload := range [][]byte{nil, {0x0B, 0x41, 255, 1}, {31<<3 | 3, 0}, make([]byte, longestInput+1)} {
		if n, err := d.Decode(out, payload); n != 0 || err == nil {
			t.Errorf("%d samples of %d octets", n, len(payload))
		}
	}
	if _, err := NewPlainDecoder(44100); err == nil {
		t.Error("44.1 kHz is possible")
	}
}

func FuzzPlainDecode(f *testing.F) {
	f.Add([]byte{0x78, 1, 2, 3})
	f.Add([]byte{0xFF, 0x03, 1, 2, 3, 4, 5})
	f.Add([]byte{0x08})
	d := plain(f, 48000)
	out := make([]int16, 5760)
	f.Fuzz(func(t *testing.T, payload []byte) {
		if n, err := d.Decode(out, payload); n < 0 || n > len(out) || err != nil && n != 0 {
			t.Fatalf("%d samples, %v", n, err)
		}
	})
}
