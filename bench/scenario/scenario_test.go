package scenario

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/bench/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var parties = []string{"217", "218", "219", "220", "221"}

// conferenceHeard makes what each of five parties hears, with level[listener][talker] in dBFS.
func conferenceHeard(level func(listener, talker int) float64, hole time.Duration) []audio.Hearing {
	voices := audio.Voices()
	var list []audio.Tone
	for i, name := range parties {
		list = append(list, audio.Tone{Name: name, Hz: voices[i]})
	}
	var heard []audio.Hearing
	for listener := range parties {
		pcm := make([]int16, rate)
		for talker := range parties {
			voice := audio.Sine(voices[talker], level(listener, talker), rate, rate)
			if listener == 0 && talker == 1 {
				clear(voice[4000 : 4000+int(hole*rate/time.Second)])
			}
			audio.Add(pcm, voice)
		}
		heard = append(heard, audio.Listen(audio.MuLaw.Decode(nil, audio.MuLaw.Encode(nil, pcm)), rate, list))
	}
	return heard
}

func exact(listener, talker int) float64 {
	if listener == talker {
		return -110
	}
	return speech
}

func TestJudgeConference(t *testing.T) {
	for _, c := range []struct {
		name   string
		level  func(listener, talker int) float64
		hole   time.Duration
		late   time.Duration
		failed []string
	}{
		{name: "as it should be", level: exact},
		{name: "one misses one", failed: []string{checkEveryone, checkSpread, checkGaps, checkOwn}, level: func(l, k int) float64 {
			if l == 2 && k == 3 {
				return -100
			}
			return exact(l, k)
		}},
		{name: "one hears itself at 38 dB below", failed: []string{checkOwn}, level: func(l, k int) float64 {
			if l == 4 && k == 4 {
				return speech - 38
			}
			return exact(l, k)
		}},
		{name: "42 dB below is far enough", level: func(l, k int) float64 {
			if l == 4 && k == 4 {
				return speech - 42
			}
			return exact(l, k)
		}},
		{name: "one tone 1.3 dB softer", failed: []string{checkSpread}, level: func(l, k int) float64 {
			if l == 1 && k == 0 {
				return speech - 1.3
			}
			return exact(l, k)
		}},
		{name: "all 2 dB too loud", failed: []string{checkEveryone}, level: func(l, k int) float64 {
			if l == k {
				return -110
			}
			return speech + 2
		}},
		{name: "a hole of 30 ms", level: exact, hole: 30 * time.Millisecond},
		{name: "a hole of 60 ms", level: exact, hole: 60 * time.Millisecond, failed: []string{checkGaps}},
		{name: "a hole of the machine's own", level: exact, hole: 60 * time.Millisecond, late: 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &run{checks: map[string]Check{}}
			r.judgeConference(conferenceHeard(c.level, c.hole), parties, c.late)
			for _, name := range []string{checkEveryone, checkOwn, checkSpread, checkGaps} {
				got, ok := r.checks[name]
				if want := !slices.Contains(c.failed, name); !ok || got.OK != want {
					t.Errorf("%s: %+v, want %t", name, got, want)
				}
			}
			if m := r.report.Heard; m == nil || len(m.DB) != 5 || len(m.DB[0]) != 5 || !strings.Contains(m.Text(), "(-") {
				t.Errorf("matrix %+v", m)
			}
		})
	}
}

// accounts returns six accounts that need no server.
func accounts() []Account {
	var list []Account
	for _, tel := range append(slices.Clone(parties), "222") {
		list = append(list, Account{Tel: tel, UserID: "u" + tel, Password: "secret1"})
	}
	return list
}

func TestDemoReportsEveryCheckWhenThereIsNoServer(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0") // takes all and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, target := range map[string]Target{
		"nobody answers":    {Server: silent.LocalAddr().String(), Accounts: accounts()},
		"too few accounts":  {Server: silent.LocalAddr().String(), Accounts: accounts()[:5]},
		"unknown transport": {Server: silent.LocalAddr().String(), Accounts: accounts(), Transport: "smoke"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			var last float64
			report := Demo(ctx, target, func(_ string, done float64) {
				if done < last || done > 1 {
					t.Errorf("progress went from %v to %v", last, done)
				}
				last = done
			})
			if report.Passed != 0 || report.Failed != len(allChecks) || len(report.Checks) != len(allChecks) || report.Schema != 1 {
				t.Errorf("report %+v", report)
			}
			for i, c := range report.Checks {
				if c.Name != allChecks[i] || c.OK || c.Measured == "" {
					t.Errorf("check %d: %+v", i, c)
				}
			}
		})
	}
}

func TestCheckNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range allChecks {
		if seen[name] {
			t.Errorf("%q twice", name)
		}
		seen[name] = true
	}
}

func TestReportAsJSONAndText(t *testing.T) {
	r := Report{
		Schema: 1, Passed: 1, Failed: 1, Seconds: 25.04,
		Checks: []Check{{"a call", true, "loud"}, {"another thing", false, "soft"}},
		Heard:  &Matrix{Parties: []string{"217", "218"}, DB: [][]float64{{-90, -20.1}, {-20, -91.5}}},
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema":1,"checks":[{"name":"a call","ok":true,"measured":"loud"},{"name":"another thing","ok":false,"measured":"soft"}],` +
		`"passed":1,"failed":1,"heard":{"parties":["217","218"],"db":[[-90,-20.1],[-20,-91.5]]},"seconds":25.04}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	text := `ok    a call         loud
FAIL  another thing  soft

Who heard whom in the conference, in dBFS (own voice in brackets):
                  217      218
  217         (-90.0)    -20.1
  218           -20.0  (-91.5)

1 passed, 1 failed, 25.0 s
`
	if got := r.Text(); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
}

func TestSummariseDelays(t *testing.T) {
	var d []time.Duration
	for i := range 100 {
		d = append(d, time.Duration(i+1)*time.Millisecond)
	}
	if got := summarise(d); got != (Delay{N: 100, P50: 51, P95: 96, P99: 100, Max: 100}) {
		t.Errorf("%+v", got)
	}
	if got := summarise(nil); got.N != 0 || got.P99 != 0 {
		t.Errorf("%+v", got)
	}
}
