package media

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/mixer"
	"sidetone/relay"
	"sidetone/relay/rtp"
)

// A stream is heard from its first sender as long as that sends, in any payload type that is known; then what stands in for it is.
func TestMusicByRTP(t *testing.T) {
	for _, group := range []string{"127.0.0.1", "239.255.77.1"} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			to := netip.AddrPortFrom(netip.MustParseAddr(group), freePort(t))
			class := MusicClass{Name: "radio", Stream: to, Codec: codecs.Format{Name: "L16", ClockRate: 16000}}
			p := receiving(t, []MusicClass{class})
			source, err := p.Waiting("radio").open()
			if err != nil {
				t.Fatal(err)
			}
			one, two := newSender(t, to), newSender(t, to)
			beat := time.NewTicker(20 * time.Millisecond)
			defer beat.Stop()
			// hears lets send who does until one, and nobody else, is what is heard for half a second.
			hears := func(what string, hz float64, send func()) {
				t.Helper()
				pcm := make([]int16, 0, 8000)
				for range 500 {
					<-beat.C
					send()
					frame := make([]int16, 320)
					source.Read(frame)
					if pcm = append(pcm, frame...); len(pcm) < 8000 {
						continue
					}
					own, other := amplitude(pcm, 16000, hz), amplitude(pcm, 16000, 6500-hz)
					if (hz == 0 || own > 1000) && other < 300 {
						return
					}
					pcm = pcm[320:]
				}
				t.Fatalf("%s is not heard", what)
			}
			// Alone, until it is known to have been the first whose packets found the socket open.
			hears("one sender", 5000, func() { one.send(96, tone16(one, 5000, 8000)) })
			hears("the first of two", 5000, func() {
				one.send(96, tone16(one, 5000, 8000))
				two.send(96, tone16(two, 1500, 8000))
			})
			hears("the second, after the first has ended", 1500, func() { two.send(96, tone16(two, 1500, 8000)) })
		})
	}
}

// receiving listens to the streams of classes until the test ends.
func receiving(t *testing.T, classes []MusicClass) *Programs {
	t.Helper()
	p, err := LoadPrograms("us", classes)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	loopback := []relay.Interface{{Address: netip.MustParseAddr("127.0.0.1")}}
	go func() { // ended by the cleanup, waited for there
		ended <- p.Receive(ctx, StreamsConfig{Set: codecs.Builtin(), Interfaces: loopback, Logger: slog.New(slog.DiscardHandler)})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

// TestMusicByRTPIsAsLoudAsFiles plays a loud stream and a quiet one: after some seconds both are as loud as what is played from files.
func TestMusicByRTPIsAsLoudAsFiles(t *testing.T) {
	t.Parallel()
	sent := []float64{20000, 400} // a sine of 1 kHz has -3 LUFS at full scale: want -26
	var classes []MusicClass
	for i := range sent {
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), freePort(t))
		classes = append(classes, MusicClass{Name: fmt.Sprint(i), Stream: to, Codec: codecs.Format{Name: "L16", ClockRate: 16000}})
	}
	p := receiving(t, classes)
	var senders []*sender
	var sources []mixer.Source
	for i, c := range classes {
		source, err := p.Waiting(fmt.Sprint(i)).open()
		if err != nil {
			t.Fatal(err)
		}
		sources, senders = append(sources, source), append(senders, newSender(t, c.Stream))
	}
	want := 32768 * math.Pow(10, (-26+3.01)/20)
	heard := make([][]int16, len(sent))
	beat := time.NewTicker(20 * time.Millisecond)
	defer beat.Stop()
	for range 1500 { // half a minute; five seconds are enough
		<-beat.C
		right := 0
		for i, s := range senders {
			s.send(96, tone16(s, 1000, sent[i]))
			frame := make([]int16, 320)
			sources[i].Read(frame)
			if heard[i] = append(heard[i], frame...); len(heard[i]) < 8000 {
				continue
			}
			heard[i] = heard[i][320:]
			if dB := 20 * math.Log10(amplitude(heard[i], 16000, 1000)/want); math.Abs(dB) < 1.5 {
				right++
			}
		}
		if right == len(sent) {
			return
		}
	}
	for i := range sent {
		t.Errorf("sent with an amplitude of %.0f, heard with %.0f, want %.0f", sent[i], amplitude(heard[i], 16000, 1000), want)
	}
}

// The ports of streams are looked for below those that the kernel gives to sockets that ask for any, and above those of relays in
// other tests: nobody else has one between our look and the stream's.
const firstPort, ports = 30000, 2768

// nextPort is where to look, from a start left to chance: no port is given twice.
var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(ports))
	return &n
}()

// freePort is a port of loopback that nobody has.
func freePort(t *testing.T) uint16 {
	t.Helper()
	for range ports {
		port := firstPort + int(nextPort.Add(1))%ports
		if c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err == nil {
			c.Close()
			return uint16(port)
		}
	}
	t.Fatal("no free port")
	return 0
}

type sender struct {
	t    *testing.T
	conn *net.UDPConn
	seq  uint16
	time uint32
}

func newSender(t *testing.T, to netip.AddrPort) *sender {
	t.Helper()
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &sender{t: t, conn: c}
}

func (s *sender) send(pt uint8, payload []byte) {
	b := make([]byte, rtp.HeaderSize+len(payload))
	h := rtp.Header{PayloadType: pt, SequenceNumber: s.seq, Timestamp: s.time, SSRC: 7}
	copy(b[h.Put(b):], payload)
	s.seq++
	s.time += 320
	if _, err := s.conn.Write(b); err != nil {
		s.t.Log(err) // nobody listens yet
	}
}

// tone16 is the next 20 ms of a tone in L16 at 16 kHz.
func tone16(s *sender, hz, amplitude float64) []byte {
	b := make([]byte, 640)
	for i := range 320 {
		v := amplitude * math.Sin(2*math.Pi*hz*float64(s.time+uint32(i))/16000)
		binary.BigEndian.PutUint16(b[2*i:], uint16(int16(v)))
	}
	return b
}
