package load

import (
	"context"
	"math"
	"net/netip"
	"testing"
	"time"

	"sidetone/bench/audio"
)

// tones is a packet's payload with tones at the amplitudes of a conference's members.
func tones(amplitudes [ConferenceSize]float64) []byte {
	samples := make([]int16, payloadSize)
	for k := range samples {
		var v float64
		for tone, a := range amplitudes {
			v += a * math.Sin(2*math.Pi*float64((firstTone+toneStep*tone)*k)/8000+float64(tone))
		}
		samples[k] = int16(v)
	}
	return audio.MuLaw.Encode(nil, samples)
}

func TestMemberHearsWhetherTheMixIsRight(t *testing.T) {
	for name, c := range map[string]struct {
		amplitudes [ConferenceSize]float64
		want       bool
	}{
		"the others":          {[ConferenceSize]float64{4000, 4000, 0, 4000, 4000}, true},
		"quieter, all alike":  {[ConferenceSize]float64{2000, 2000, 0, 2000, 2000}, true},
		"its own voice too":   {[ConferenceSize]float64{4000, 4000, 4000, 4000, 4000}, false},
		"its own voice faint": {[ConferenceSize]float64{4000, 4000, 600, 4000, 4000}, false},
		"one missing":         {[ConferenceSize]float64{4000, 0, 0, 4000, 4000}, false},
		"one too quiet":       {[ConferenceSize]float64{4000, 2000, 0, 4000, 4000}, false},
		"silence":             {[ConferenceSize]float64{}, false},
	} {
		if got := (&member{tone: 2}).hears(tones(c.amplitudes)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The server here sends everybody back what everybody sent: all come back, and nobody hears what it should.
func TestConferencesCountWhatComesBack(t *testing.T) {
	c, err := NewConferences(netip.MustParseAddr("127.0.0.1"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var servers []*wire
	var ports []netip.AddrPort
	for range ConferenceSize {
		w, err := openWire(netip.MustParseAddrPort("127.0.0.1:0"), maxMixed)
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		servers, ports = append(servers, w), append(ports, w.local)
	}
	if err := c.Connect(ports); err != nil {
		t.Fatal(err)
	}
	done, stop := make(chan struct{}), make(chan struct{})
	go func() { // stopped by stop, waited for below
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, w := range servers {
				for _, a := range w.receive(0) {
					to := sockaddr(a.from)
					w.put(a.data, &to)
					w.flush()
				}
			}
		}
	}()
	const warm, window = 40 * time.Millisecond, 2 * time.Second
	all, before := ConferenceSize*int(window/packetTime), ConferenceSize*int(warm/packetTime)
	res, err := c.Run(context.Background(), warm, window, func() (time.Duration, error) { return 0, nil })
	close(stop)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if res.Sent < all*8/10 || res.Received < res.Sent*8/10 || res.Received > res.Sent+before || res.Listened == 0 || res.Heard != 0 {
		t.Errorf("%d sent, %d received, %d listened to, %d heard", res.Sent, res.Received, res.Listened, res.Heard)
	}
	if err := c.Connect(ports[:2]); err == nil {
		t.Error("two ports for five members")
	}
}
