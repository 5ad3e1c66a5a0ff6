package offline

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"sidetone/codecs"
)

// ear is a Sink that keeps everything.
type ear struct{ pcm []int16 }

func (e *ear) Write(pcm []int16) error {
	e.pcm = append(e.pcm, pcm...)
	return nil
}

func mixed(t *testing.T, c Config, parties ...Party) (*Summary, []*ear) {
	t.Helper()
	var ears []*ear
	c.Set = codecs.Builtin()
	c.Open = func(int, string) (Sink, error) {
		ears = append(ears, &ear{})
		return ears[len(ears)-1], nil
	}
	s, err := Mix(context.Background(), parties, c)
	if err != nil {
		t.Fatal(err)
	}
	return s, ears
}

// hears gives the amplitude of a frequency in the middle of what was heard.
func hears(pcm []int16, rate int, hz float64) float64 {
	pcm = pcm[3*len(pcm)/10 : 6*len(pcm)/10]
	var sum complex128
	for i, v := range pcm {
		sum += complex(float64(v), 0) * cmplx.Rect(1, -2*math.Pi*hz*float64(i)/float64(rate))
	}
	return 2 * cmplx.Abs(sum) / float64(len(pcm))
}

func TestEachHearsTheOthersAndEveryoneAll(t *testing.T) {
	carol := make([]int16, 16000)
	for i := range carol {
		carol[i] = int16(6000 * math.Sin(2*math.Pi*1500*float64(i)/16000))
	}
	parties, _ := found(t, nil, append(talk(alice, server, 1, 0, 500, 0), talk(bob, server, 2, 0, 900, 0)...)...)
	s, ears := mixed(t, Config{Rate: 16000}, append(parties, Party{Name: "carol", pcm: carol})...)
	for n, hz := range []float64{500, 900, 1500} {
		for k, e := range ears {
			got := hears(e.pcm, 16000, hz)
			want := 8000.0
			if n == 2 {
				want = 6000
			}
			if k == n {
				want = 0
			}
			if math.Abs(got-want) > 400 {
				t.Errorf("%s hears %.0f of %g Hz, want %.0f", s.Parties[k].Name, got, hz, want)
			}
		}
	}
	if len(ears) != 4 || s.Parties[3].Name != Everyone || s.Parties[0].Name != alice.String() {
		t.Errorf("listeners %+v", s.Parties)
	}
	for _, p := range s.Parties[:3] {
		if len(p.Talked) != 1 || p.Talked[0].From > 0.3 || p.Talked[0].To < 0.9 || p.VoiceDBov < -20 || p.VoiceDBov > -12 {
			t.Errorf("%s talked %v at %.1f dBov", p.Name, p.Talked, p.VoiceDBov)
		}
	}
}

func TestLossIsCounted(t *testing.T) {
	parties, _ := found(t, nil, talk(alice, server, 1, 0, 500, 10)...)
	s, _ := mixed(t, Config{}, parties...)
	if p := s.Parties[0]; p.Packets != 45 || p.Lost != 4 || p.ConcealedMS < 80 || p.DelayMS < 20 || s.Rate != 8000 { // the last loss has no successor
		t.Errorf("%+v at %d Hz", p, s.Rate)
	}
}

func TestSameInputSameOutput(t *testing.T) {
	once := func() ([]byte, []*ear) {
		parties, _ := found(t, nil, append(talk(alice, server, 1, 0, 500, 7), talk(bob, server, 2, 8, 900, 5)...)...)
		s, ears := mixed(t, Config{}, parties...)
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return b, ears
	}
	first, ears := once()
	again, others := once()
	if !bytes.Equal(first, again) {
		t.Errorf("%s\n%s", first, again)
	}
	for i := range ears {
		if !slices.Equal(ears[i].pcm, others[i].pcm) {
			t.Errorf("listener %d hears something else", i)
		}
	}
}

func TestNobodyIsAnError(t *testing.T) {
	if _, err := Mix(context.Background(), nil, Config{}); err == nil {
		t.Error("a mix of nobody")
	}
}
