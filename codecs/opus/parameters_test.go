package opus

import "testing"

func TestParametersOfSDP(t *testing.T) {
	for text, want := range map[string]Parameters{
		"":                           {},
		"minptime=10;useinbandfec=1": {FEC: true},
		"maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; stereo=1;sprop-stereo=1; useinbandfec=1; usedtx=0; cbr=1": {
			MaxPlaybackRate: 16000, MaxAverageBitrate: 20000, Stereo: true, SpropStereo: true, FEC: true, CBR: true},
		"UseDTX=1;;=;x": {DTX: true},
		"maxaveragebitrate=5;maxplaybackrate=99999999999999999999;stereo=yes": {},
	} {
		p := ParseParameters(text)
		if p != want {
			t.Errorf("%q: %+v", text, p)
		}
		if back := ParseParameters(p.String()); back != p {
			t.Errorf("%q becomes %q", text, p)
		}
	}
	c := Parameters{MaxPlaybackRate: 12000, MaxAverageBitrate: 10000, FEC: true}.Config()
	if want := (Config{MaxBandwidth: 12000, Bitrate: 10000, FEC: true}); c != want {
		t.Errorf("%+v", c)
	}
	if c := (Parameters{MaxAverageBitrate: 510000}).Config(); c.Bitrate != defaultBitrate {
		t.Errorf("a receiver that takes 510 kbit/s gets %d", c.Bitrate)
	}
}

func FuzzParameters(f *testing.F) {
	f.Add("maxplaybackrate=16000;stereo=1")
	f.Add("=;;;=1")
	f.Fuzz(func(t *testing.T, text string) {
		p := ParseParameters(text)
		if back := ParseParameters(p.String()); back != p {
			t.Errorf("%q becomes %q", text, p)
		}
	})
}

func TestDurationByTheRulesOfRFC6716(t *testing.T) {
	long := make([]byte, 1300)
	for _, tt := range []struct {
		name    string
		payload []byte
		want    int
	}{
		{"nothing", nil, 0},
		{"SILK 10 ms, empty", []byte{0 << 3}, 480},
		{"SILK 60 ms", []byte{3 << 3, 1}, 2880},
		{"hybrid 20 ms", []byte{13 << 3, 1}, 960},
		{"CELT 2.5 ms", []byte{16 << 3, 1}, 120},
		{"CELT 20 ms", []byte{31 << 3, 1}, 960},
		{"a frame too long", append([]byte{31 << 3}, long...), 0},
		{"two frames of one length", []byte{31<<3 | 1, 1, 2, 3, 4}, 1920},
		{"two frames of one length, odd", []byte{31<<3 | 1, 1, 2, 3}, 0},
		{"two frames", []byte{31<<3 | 2, 2, 1, 2, 3}, 1920},
		{"two frames, the first too long", []byte{31<<3 | 2, 4, 1, 2, 3}, 0},
		{"two frames without a length", []byte{31<<3 | 2}, 0},
		{"two frames, half a length", []byte{31<<3 | 2, 252}, 0},
		{"two frames, a length of two octets", append([]byte{31<<3 | 2, 252, 1}, make([]byte, 300)...), 1920},
		{"no count", []byte{31<<3 | 3}, 0},
		{"no frames", []byte{31<<3 | 3, 0}, 0},
		{"six frames", []byte{31<<3 | 3, 6, 1, 2, 3, 4, 5, 6}, 5760},
		{"seven frames are 140 ms", []byte{31<<3 | 3, 7, 1, 2, 3, 4, 5, 6, 7}, 0},
		{"three frames do not share four octets", []byte{31<<3 | 3, 3, 1, 2, 3, 4}, 0},
		{"padding", []byte{31<<3 | 3, 0x40 | 2, 3, 1, 2, 0, 0, 0}, 1920},
		{"padding beyond the end", []byte{31<<3 | 3, 0x40 | 2, 9, 1, 2}, 0},
		{"padding without a length", []byte{31<<3 | 3, 0x40 | 2, 255}, 0},
		{"frames each of its length", []byte{31<<3 | 3, 0x80 | 3, 1, 2, 1, 2, 2, 3, 3}, 2880},
		{"lengths beyond the end", []byte{31<<3 | 3, 0x80 | 3, 9, 9, 1}, 0},
	} {
		if got := Duration(tt.payload); got != tt.want {
			t.Errorf("%s: %d", tt.name, got)
		}
	}
}
