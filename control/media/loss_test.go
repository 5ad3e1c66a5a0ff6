package media

import (
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/g711"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

// An Opus phone speaks over a network that loses a tenth of all packets: in a room nobody hears a hole, as the lost packets are made up,
// most of them from the ones behind them; in a call that is transcoded the gaps stay gaps, for the other phone to conceal.
func TestOpusOverALossyNetwork(t *testing.T) {
	const fmtp = "useinbandfec=1;maxaveragebitrate=32000"
	set, codec := libraryOf(t, codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: fmtp})
	for _, where := range []string{"room", "call"} {
		t.Run(where, func(t *testing.T) {
			x := newExchange(t)
			x.cfg.Set = set
			speaker := x.handset(t, 4000, 0, "107\r\na=rtpmap:107 opus/48000/2\r\na=fmtp:107 "+fmtp+"\r\n")
			listener := x.handset(t, 4002, 0, "0\r\n")
			var err error
			if where == "room" {
				room := x.OpenRoom(RoomConfig{Members: 5})
				err = Connect(speaker.leg, nil, Plan{Room: room}, Plan{})
				if err == nil {
					err = Connect(listener.leg, nil, Plan{Room: room}, Plan{})
				}
			} else {
				err = Connect(speaker.leg, listener.leg, Plan{To: listener.leg}, Plan{To: speaker.leg})
			}
			if err != nil {
				t.Fatal(err)
			}
			x.net.SetPath(udptest.Config{Seed: 7, Loss: 0.1})
			e, pcm, payload, said := codec.NewEncoder(), make([]int16, 960), make([]byte, 1500), 0
			var packets [][]byte
			for range 500 {
				for i := range pcm {
					v := 0.0 // a vowel: 150 Hz and what is above it
					for k := 1.0; k <= 20; k++ {
						v += math.Sin(2*math.Pi*150*k*float64(said)/48000) / (1 + math.Pow((k*150-500)/200, 2))
					}
					pcm[i] = int16(4000 * v)
					said++
				}
				n := e.Encode(payload, pcm)
				speaker.packet(rtp.Header{PayloadType: 107, Timestamp: speaker.time}, payload[:n])
				speaker.time += 960
				x.net.Advance(20 * time.Millisecond)
				packets = append(packets, listener.heard()...)
			}
			// What comes to the listener is lost too.
			if n := len(packets); where == "room" && (n < 420 || n > 480) || where == "call" && (n < 370 || n > 440) {
				t.Fatalf("%d packets came of 500", n)
			}
			frame, levels := make([]int16, 160), []float64(nil)
			for i, p := range packets {
				if step := rtp.SequenceNumber(p) - rtp.SequenceNumber(packets[0]); rtp.Timestamp(p)-rtp.Timestamp(packets[0]) != uint32(step)*160 {
					t.Fatalf("packet %d is of another time than its number says", i)
				}
				if i < 20 {
					continue // before the room has found its delay
				}
				g711.MuLaw{}.Decode(frame, rtp.Payload(p))
				sum := 0.0
				for _, v := range frame {
					sum += float64(v) * float64(v)
				}
				levels = append(levels, 10*math.Log10(sum/160+1))
			}
			slices.Sort(levels)
			usual, off := levels[len(levels)/2], 0
			for _, v := range levels {
				if math.Abs(v-usual) > 3 {
					off++
				}
			}
			if usual < 55 || off > len(levels)*20/100 || levels[0] < usual-30 {
				t.Errorf("%d of %d packets are more than 3 dB off the usual %.1f, the faintest is at %.1f", off, len(levels), usual, levels[0])
			}
		})
	}
}

// libraryOf is the set of this machine and a codec of it that takes a library, which must be there where peers are required.
func libraryOf(t *testing.T, f codecs.Format) (codecs.Set, codecs.Codec) {
	t.Helper()
	set := codecs.Available(codecs.FindLibraries())
	codec, ok := set.Find(f)
	if !ok {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatalf("no library of %s", f.Name)
		}
		t.Skipf("no library of %s", f.Name)
	}
	return set, codec
}
