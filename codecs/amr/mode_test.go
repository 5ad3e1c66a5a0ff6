package amr

import (
	"slices"
	"testing"
)

// sent is the type of the only frame of a payload.
func sent(t *testing.T, f Format, payload []byte) int {
	t.Helper()
	r, ok := f.open(payload)
	if !ok {
		t.Fatalf("%x", payload)
	}
	return int(r.field(r.toc+1, 4))
}

// An encoder goes to the mode that is asked for, a neighbour at a time and every other frame, within its set.
func TestEncoderFollowsTheModeAskedFor(t *testing.T) {
	for _, tt := range []struct {
		modes uint16
		ask   int
		want  []int
	}{
		{0, 7, []int{7, 7, 7}},
		{0, 5, []int{7, 6, 6, 5, 5, 5}},
		{0x91, 3, []int{7, 4, 4, 0, 0, 0}}, // of 0, 4 and 7
		{0x90, 0, []int{7, 4, 4, 4}},       // nothing as low
		{0x80, 0, []int{7, 7, 7}},
	} {
		l, f := library(t, false), Format{Modes: tt.modes}
		e, packet, in := must[*Encoder](t)(l.NewEncoder(f)), make([]byte, 100), voice(8000)
		var modes []int
		e.Follow(tt.ask)
		for i := range tt.want {
			modes = append(modes, sent(t, f, packet[:e.Encode(packet, in[i*160:][:160])]))
		}
		if !slices.Equal(modes, tt.want) {
			t.Errorf("of set %#x, %d is asked for: %v, want %v", tt.modes, tt.ask, modes, tt.want)
		}
		e.Follow(-1)
		for i := range 20 {
			e.Encode(packet, in[i*160:][:160])
		}
		if got := sent(t, f, packet[:e.Encode(packet, in[:160])]); got != f.mode() {
			t.Errorf("of set %#x, nothing is asked for any more: %d", tt.modes, got)
		}
	}
}

func TestDecoderTellsTheModeAskedFor(t *testing.T) {
	for _, wide := range []bool{false, true} {
		l, f := library(t, wide), Format{Wide: wide}
		e, d := must[*Encoder](t)(l.NewEncoder(f)), must[*Decoder](t)(l.NewDecoder(f))
		packet, out := make([]byte, 200), make([]int16, f.samples())
		packet = packet[:e.Encode(packet, voice(f.ClockRate())[:f.samples()])]
		if d.Requested() != -1 {
			t.Error("something is asked for before anything was heard")
		}
		for cmr := range 16 {
			packet[0] = packet[0]&15 | byte(cmr)<<4
			want := cmr
			if cmr >= f.modes() {
				want = -1
			}
			if _, err := d.Decode(out, packet); err != nil || d.Requested() != want {
				t.Errorf("wide %v: CMR %d is %d, %v", wide, cmr, d.Requested(), err)
			}
		}
	}
}
