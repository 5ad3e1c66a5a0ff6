package moh

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"sidetone/codecs/g711"
)

// wav builds a file: each sample of the mono signal, as a fraction of full scale, goes to all channels.
func wav(tag uint16, channels, rate, bits int, signal []float64) []byte {
	var data bytes.Buffer
	for _, v := range signal {
		for range channels {
			n := int64(math.Round(v * (math.Exp2(float64(bits-1)) - 1)))
			if bits == 8 {
				n += 128
			}
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(n))
			data.Write(b[:bits/8])
		}
	}
	return container(tag, channels, rate, bits, uint32(data.Len()), data.Bytes())
}

func container(tag uint16, channels, rate, bits int, length uint32, data []byte) []byte {
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	put(uint32(36 + len(data)))
	b.WriteString("WAVELIST")
	put(uint32(5)) // an odd chunk, padded
	b.WriteString("INFO\x00\x00")
	b.WriteString("fmt ")
	if tag == waveExtensible {
		put(uint32(40))
	} else {
		put(uint32(16))
	}
	put(tag)
	put(uint16(channels))
	put(uint32(rate))
	put(uint32(rate * channels * bits / 8))
	put(uint16(channels * bits / 8))
	put(uint16(bits))
	if tag == waveExtensible {
		put(uint16(22))
		put(uint16(bits))
		put(uint32(0))
		put(uint16(wavePCM))
		b.Write(make([]byte, 14))
	}
	b.WriteString("data")
	put(length)
	b.Write(data)
	return b.Bytes()
}

func tone(rate, n int, f float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 0.5 * math.Sin(2*math.Pi*f*float64(i)/float64(rate))
	}
	return x
}

func TestReadWAVFormats(t *testing.T) {
	for _, bits := range []int{8, 16, 24, 32} {
		for _, channels := range []int{1, 2} {
			for _, rate := range []int{8000, 44100, 192000} {
				tag := uint16(wavePCM)
				if bits > 16 {
					tag = waveExtensible
				}
				got, err := decoded(bytes.NewReader(wav(tag, channels, rate, bits, tone(rate, rate, 440))), 8000, 1e6)
				if err != nil {
					t.Fatalf("%d bits, %d channels, %d Hz: %v", bits, channels, rate, err)
				}
				if len(got) != 8000 {
					t.Fatalf("%d bits, %d channels, %d Hz: %d samples", bits, channels, rate, len(got))
				}
				tolerance := 20.0
				if bits == 8 {
					tolerance = 256
				}
				for i := 800; i < 7200; i++ {
					if want := 16384 * math.Sin(2*math.Pi*440*float64(i)/8000); math.Abs(float64(got[i])-want) > tolerance {
						t.Fatalf("%d bits, %d channels, %d Hz: sample %d is %d, want %.0f", bits, channels, rate, i, got[i], want)
					}
				}
			}
		}
	}
}

// Telephone systems keep their prompts in the laws, sound editors theirs in floating point.
func TestReadWAVEncodings(t *testing.T) {
	signal := tone(8000, 8000, 440)
	pcm := make([]int16, len(signal))
	var single, double []byte
	for i, v := range signal {
		pcm[i] = int16(32768 * v)
		single = binary.LittleEndian.AppendUint32(single, math.Float32bits(float32(v)))
		double = binary.LittleEndian.AppendUint64(double, math.Float64bits(v))
	}
	mu, a := make([]byte, len(pcm)), make([]byte, len(pcm))
	g711.MuLaw{}.Encode(mu, pcm)
	g711.ALaw{}.Encode(a, pcm)
	for name, c := range map[string]struct {
		tag       uint16
		bits      int
		data      []byte
		tolerance float64
	}{
		"single precision": {waveFloat, 32, single, 1},
		"double precision": {waveFloat, 64, double, 1},
		"mu-law":           {waveMuLaw, 8, mu, 520}, // half a step of the loudest segments
		"A-law":            {waveALaw, 8, a, 520},
	} {
		got, err := decoded(bytes.NewReader(container(c.tag, 1, 8000, c.bits, uint32(len(c.data)), c.data)), 8000, 1e6)
		if err != nil || len(got) != len(signal) {
			t.Errorf("%s: %d samples, %v", name, len(got), err)
			continue
		}
		for i, v := range signal {
			if math.Abs(float64(got[i])-32768*v) > c.tolerance {
				t.Errorf("%s: sample %d is %d, want %.0f", name, i, got[i], 32768*v)
				break
			}
		}
	}
}

func TestFloatsBeyondFullScaleAreCutOff(t *testing.T) {
	var data []byte
	for _, v := range []float64{2, -1e300, math.NaN(), math.Inf(1), 0.5} {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	got, err := decoded(bytes.NewReader(container(waveFloat, 1, 8000, 64, uint32(len(data)), data)), 8000, 1e6)
	if err != nil || !slices.Equal(got, []int16{32767, -32768, 0, 32767, 16384}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestStereoIsMixedDown(t *testing.T) {
	data := make([]byte, 0, 4000)
	for range 1000 {
		data = binary.LittleEndian.AppendUint16(data, 1000)
		data = binary.LittleEndian.AppendUint16(data, 3000)
	}
	got, err := decoded(bytes.NewReader(container(wavePCM, 2, 8000, 16, uint32(len(data)), data)), 8000, 1e6)
	if err != nil || len(got) != 1000 || got[500] != 2000 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestDataOfUnknownLengthIsReadToTheEnd(t *testing.T) {
	got, err := decoded(bytes.NewReader(container(wavePCM, 1, 8000, 16, unknownLength, make([]byte, 20001))), 8000, 1e6)
	if err != nil || len(got) != 10000 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestReadWAVErrors(t *testing.T) {
	good := wav(wavePCM, 1, 8000, 16, tone(8000, 8000, 440))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "not a WAV, FLAC, MP3 or Ogg file"},
		"text":            {[]byte("this is no music at all"), "not a WAV, FLAC, MP3 or Ogg file"},
		"mp3 in wav":      {container(85, 1, 8000, 16, 0, nil), "encoding 85 (MPEG)"},
		"ADPCM":           {container(17, 1, 8000, 4, 0, nil), "encoding 17 (ADPCM)"},
		"float of 16":     {container(waveFloat, 1, 8000, 16, 0, nil), "16 bits"},
		"six channels":    {container(wavePCM, 6, 48000, 16, 0, nil), "6 channels"},
		"12 bits":         {container(wavePCM, 1, 8000, 12, 0, nil), "12 bits"},
		"384 kHz":         {container(wavePCM, 1, 384000, 16, 0, nil), "384000 Hz"},
		"rate zero":       {container(wavePCM, 1, 0, 16, 0, nil), "rate 0 Hz"},
		"no samples":      {container(wavePCM, 1, 8000, 16, 0, nil), "no audio"},
		"truncated":       {good[:len(good)-5000], "5000 of 16000 bytes are missing"},
		"header only":     {good[:40], "ends within the fmt chunk"},
		"no data":         {good[:50], "before a data chunk"},
		"too long":        {container(wavePCM, 1, 8000, 16, 1<<31, nil), "too much audio: 134217 s"},
		"data before fmt": {append([]byte("RIFF\x00\x00\x00\x00WAVEdata"), 0, 0, 0, 0), "before the fmt chunk"},
		"small fmt":       {append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), 2, 0, 0, 0, 1, 0), "fmt chunk of 2 bytes"},
	} {
		_, err := decoded(bytes.NewReader(c.file), 8000, 1e6)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A chunk of odd length is padded, whether something is read of it or not.
func TestFormatOfOddLengthIsPadded(t *testing.T) {
	b := container(wavePCM, 1, 8000, 16, 4, []byte{1, 0, 2, 0})
	at := bytes.Index(b, []byte("fmt ")) + 4
	b[at] = 17
	b = append(b[:at+4+16:at+4+16], append([]byte{0, 0}, b[at+4+16:]...)...)
	if got, err := decoded(bytes.NewReader(b), 8000, 1e6); err != nil || len(got) != 2 || got[1] != 2 {
		t.Errorf("%v, %v", got, err)
	}
}
