package codecs

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// program finds a program of the system; without it a test is skipped, unless the peers must be there.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

// filter runs a program and gives what it writes.
func filter(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, errs.String())
	}
	return out.Bytes()
}

func octetsOf(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func samplesOf(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// likeness gives the signal to noise of heard against want in dB, 200 when they are the same.
func likeness(want, heard []int16) float64 {
	var signal, noise float64
	for i := range min(len(want), len(heard)) {
		e := float64(want[i]) - float64(heard[i])
		signal, noise = signal+float64(want[i])*float64(want[i]), noise+e*e
	}
	if noise == 0 {
		return 200
	}
	return 10 * math.Log10(signal/noise)
}

// encodings are what other implementations understand: raw streams of packets, for FFmpeg. Its G.726 keeps
// another precision than the ITU's, and at 40 kbit/s is another codec.
var encodings = []struct {
	codec   string
	clock   int
	ffmpeg  []string // how FFmpeg reads it
	encode  []string // how FFmpeg writes it; nil when it cannot
	header  string   // of the file
	exact   float64  // dB between their decoder and ours; 200 is the same samples
	aligned string   // a=fmtp, where the file is packed so
}{
	{codec: "G722", clock: 8000, ffmpeg: []string{"-f", "g722"}, encode: []string{"-c:a", "g722", "-f", "g722"}, exact: 200},
	{codec: "G726-16", clock: 8000, ffmpeg: []string{"-f", "g726le", "-code_size", "2", "-sample_rate", "8000"}, encode: []string{"-c:a", "g726le", "-b:a", "16k", "-f", "g726le"}, exact: 28},
	{codec: "G726-24", clock: 8000, ffmpeg: []string{"-f", "g726le", "-code_size", "3", "-sample_rate", "8000"}, encode: []string{"-c:a", "g726le", "-b:a", "24k", "-f", "g726le"}, exact: 28},
	{codec: "G726-32", clock: 8000, ffmpeg: []string{"-f", "g726le", "-code_size", "4", "-sample_rate", "8000"}, encode: []string{"-c:a", "g726le", "-b:a", "32k", "-f", "g726le"}, exact: 28},
	{codec: "GSM", clock: 8000, ffmpeg: []string{"-f", "gsm", "-c:a", "gsm"}, exact: 60},
	{codec: "AMR", clock: 8000, ffmpeg: []string{"-f", "amr", "-c:a", "amrnb"}, header: "#!AMR\n", aligned: "octet-align=1", exact: 15},
	{codec: "AMR-WB", clock: 16000, ffmpeg: []string{"-f", "amr", "-c:a", "amrwb"}, header: "#!AMR-WB\n", aligned: "octet-align=1", exact: 8},
}

// What we encode, FFmpeg's own decoders hear as ours do; what FFmpeg encodes, we hear as it does.
func TestFFmpegHearsTheSame(t *testing.T) {
	ffmpeg := program(t, "ffmpeg")
	quiet := []string{"-v", "error", "-nostdin"}
	for _, tt := range encodings {
		t.Run(tt.codec, func(t *testing.T) {
			c := loaded(t, Format{Name: tt.codec, ClockRate: tt.clock})
			if tt.aligned != "" {
				var err error
				if c, err = c.Negotiate(tt.aligned); err != nil {
					t.Fatal(err)
				}
			}
			rate := strconv.Itoa(c.SampleRate)
			encoder, decoder := c.NewEncoder(), c.NewDecoder()
			file := []byte(tt.header)
			var sent, ours []int16
			for at := range 50 {
				in, out := frame(c, at), make([]int16, c.SampleRate/50)
				packet := make([]byte, c.EncodedLen(len(in)))
				packet = packet[:encoder.Encode(packet, in)]
				n, err := decoder.Decode(out, packet)
				if err != nil {
					t.Fatal(err)
				}
				if tt.aligned != "" {
					packet = packet[1:] // without the mode request it is a frame as files have it
				}
				file, sent, ours = append(file, packet...), append(sent, in...), append(ours, out[:n]...)
			}
			args := append(append([]string{}, quiet...), tt.ffmpeg...)
			theirs := samplesOf(filter(t, file, ffmpeg, append(args, "-i", "pipe:0", "-f", "s16le", "-ar", rate, "-ac", "1", "pipe:1")...))
			if len(theirs) != len(ours) {
				t.Fatalf("FFmpeg hears %d samples, we %d", len(theirs), len(ours))
			}
			if db := likeness(theirs, ours); db < tt.exact {
				t.Errorf("FFmpeg hears otherwise: %.1f dB", db)
			}
			if tt.encode == nil {
				return
			}
			args = append(append([]string{}, quiet...), "-f", "s16le", "-ar", rate, "-ac", "1", "-i", "pipe:0")
			code := filter(t, octetsOf(sent), ffmpeg, append(append(args, tt.encode...), "pipe:1")...)
			args = append(append([]string{}, quiet...), tt.ffmpeg...)
			theirs = samplesOf(filter(t, code, ffmpeg, append(args, "-i", "pipe:0", "-f", "s16le", "-ar", rate, "-ac", "1", "pipe:1")...))
			heard := make([]int16, len(theirs)+100)
			n, err := c.NewDecoder().Decode(heard, code)
			if n < len(sent) || err != nil {
				t.Fatalf("%d samples of FFmpeg's, %v", n, err)
			}
			if db := likeness(theirs, heard[:n]); db < tt.exact {
				t.Errorf("what FFmpeg encodes we hear otherwise: %.1f dB", db)
			}
		})
	}
}

// spandsp is a filter around SpanDSP: as G.722 or G.726, encode or decode.
const spandsp = `
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern void *g722_encode_init(void *, int, int), *g722_decode_init(void *, int, int), *g726_init(void *, int, int, int);
extern int g722_encode(void *, uint8_t *, const int16_t *, int), g722_decode(void *, int16_t *, const uint8_t *, int);
extern int g726_encode(void *, uint8_t *, const int16_t *, int), g726_decode(void *, int16_t *, const uint8_t *, int);
static uint8_t in[1 << 20], out[1 << 22];
int main(int argc, char **argv) {
	int n = fread(in, 1, sizeof in, stdin), rate = atoi(argv[2]), encode = !strcmp(argv[1], "encode");
	if (rate == 64000)
		n = encode ? g722_encode(g722_encode_init(0, rate, 0), out, (int16_t *)in, n / 2)
		           : 2 * g722_decode(g722_decode_init(0, rate, 0), (int16_t *)out, in, n);
	else {
		void *s = g726_init(0, rate, 0, 2); /* linear samples; codes from the least significant bit */
		n = encode ? g726_encode(s, out, (int16_t *)in, n / 2) : 2 * g726_decode(s, (int16_t *)out, in, n);
	}
	return fwrite(out, 1, n, stdout) != n;
}
`

// What we encode SpanDSP hears as we do, and the other way round, at every rate.
func TestSpanDSPHearsTheSame(t *testing.T) {
	gcc := program(t, "gcc")
	library := ""
	for _, dir := range []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"} {
		if path := filepath.Join(dir, "libspandsp.so.2"); library == "" {
			if _, err := os.Stat(path); err == nil {
				library = path
			}
		}
	}
	if library == "" {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatal("libspandsp.so.2 is not there")
		}
		t.Skip("libspandsp.so.2 is not there")
	}
	peer := filepath.Join(t.TempDir(), "spandsp")
	filter(t, []byte(spandsp), gcc, "-x", "c", "-w", "-o", peer, "-", "-x", "none", library)
	for _, tt := range []struct{ codec, rate string }{
		{"G722", "64000"}, {"G726-16", "16000"}, {"G726-24", "24000"}, {"G726-32", "32000"}, {"G726-40", "40000"},
	} {
		c := loaded(t, Format{Name: tt.codec, ClockRate: 8000})
		var sent []int16
		for at := range 50 {
			sent = append(sent, frame(c, at)...)
		}
		ours := make([]byte, c.EncodedLen(len(sent)))
		ours = ours[:c.NewEncoder().Encode(ours, sent)]
		theirs := filter(t, octetsOf(sent), peer, "encode", tt.rate)
		for name, code := range map[string][]byte{"we": ours, "SpanDSP": theirs} {
			want := samplesOf(filter(t, code, peer, "decode", tt.rate))
			heard := make([]int16, len(sent))
			n, err := c.NewDecoder().Decode(heard, code)
			if n < len(sent)-16 || err != nil {
				t.Fatalf("%s: %d samples, %v", tt.codec, n, err)
			}
			if len(want) != n || likeness(want, heard[:n]) != 200 {
				t.Errorf("%s, %s encoded: SpanDSP hears %d samples and we %d, otherwise", tt.codec, name, len(want), n)
			}
		}
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s: SpanDSP makes other octets", tt.codec)
		}
	}
}
