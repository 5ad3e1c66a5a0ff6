package media

import (
	"slices"
	"testing"

	"sidetone/control/sdp"
	"sidetone/relay"
)

func h264(pt uint8, fmtp string) sdp.Codec {
	return sdp.Codec{PayloadType: pt, Name: "H264", ClockRate: 90000, Channels: 1, Fmtp: fmtp}
}

func vp8(pt uint8) sdp.Codec {
	return sdp.Codec{PayloadType: pt, Name: "VP8", ClockRate: 90000, Channels: 1}
}

func TestBridge(t *testing.T) {
	const one, zero, high = "profile-level-id=42801f;packetization-mode=1", "profile-level-id=42801f", "profile-level-id=64001f;packetization-mode=1"
	rtx := func(pt uint8, of string) sdp.Codec {
		return sdp.Codec{PayloadType: pt, Name: "rtx", ClockRate: 90000, Channels: 1, Fmtp: "apt=" + of}
	}
	for _, tt := range []struct {
		name        string
		list, other []sdp.Codec
		want        []sdp.Codec
		moved       map[uint8]uint8 // payload types that change on the way from list's phone to other's
	}{
		{"the same", []sdp.Codec{h264(97, one)}, []sdp.Codec{h264(97, one)}, []sdp.Codec{h264(97, one)}, nil},
		{"other payload types", []sdp.Codec{h264(97, one)}, []sdp.Codec{h264(102, one)}, []sdp.Codec{h264(97, one)}, map[uint8]uint8{97: 102}},
		{"the parameters of who receives", []sdp.Codec{h264(97, one)}, []sdp.Codec{h264(97, one+";max-br=512")}, []sdp.Codec{h264(97, one+";max-br=512")}, nil},
		{"packed otherwise", []sdp.Codec{h264(97, one)}, []sdp.Codec{h264(97, zero)}, nil, nil},
		{"the profile, not the number", []sdp.Codec{h264(97, high), h264(98, one)}, []sdp.Codec{h264(97, one)}, []sdp.Codec{h264(98, one)}, map[uint8]uint8{98: 97}},
		{"in the other's order", []sdp.Codec{h264(97, one), vp8(100)}, []sdp.Codec{vp8(100), h264(97, one)}, []sdp.Codec{vp8(100), h264(97, one)}, nil},
		{"repetitions of the same", []sdp.Codec{vp8(100), rtx(101, "100")}, []sdp.Codec{vp8(100), rtx(101, "100")}, []sdp.Codec{vp8(100), rtx(101, "100")}, nil},
		{"repetitions of what has another number", []sdp.Codec{vp8(100), rtx(101, "100")}, []sdp.Codec{vp8(96), rtx(101, "96")}, []sdp.Codec{vp8(100)}, map[uint8]uint8{100: 96}},
		{"nothing", []sdp.Codec{vp8(100)}, []sdp.Codec{h264(97, one)}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := bridge(tt.list, tt.other)
			if !slices.Equal(got, tt.want) {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			m := renumber(got, tt.other)
			if (m == nil) != (tt.moved == nil) {
				t.Fatalf("map %v", m)
			}
			for from, to := range tt.moved {
				if m[from] != (relay.Action{PayloadType: to}) {
					t.Errorf("%d becomes %+v", from, m[from])
				}
			}
			if m != nil && !m[0].Drop {
				t.Error("what was not agreed passes")
			}
		})
	}
}
