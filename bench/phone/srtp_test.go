package phone

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

// srtpPair calls between two phones of the given kinds, suites in common.
func srtpPair(t *testing.T, from, to SRTP, suites ...string) (caller, callee *Call) {
	t.Helper()
	a := start(t, Config{Tel: "a", Tone: 440, SRTP: from, Suites: suites})
	b := start(t, Config{Tel: "b", Tone: 1000, SRTP: to, Suites: suites, Incoming: Auto})
	return pair(t, a, b)
}

func TestPhonesSpeakSRTP(t *testing.T) {
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			caller, callee := srtpPair(t, RequiredSRTP, RequiredSRTP, suite)
			for _, c := range []*Call{caller, callee} {
				hz := 440.0
				if c == caller {
					hz = 1000
				}
				hears(t, c, "the other at -20", func(levels ...float64) bool { return levels[0] > -21 && levels[0] < -19 }, hz)
				if s := c.Stats(); c.Suite() != suite || s.Unauthentic != 0 || s.Bad != 0 {
					t.Errorf("suite %q, %+v", c.Suite(), s)
				}
			}
			from := callee.Stats().Received
			must(t, caller.Rekey(within(t, 5*time.Second)))
			must(t, caller.Hold(within(t, 5*time.Second), SendOnly))
			must(t, caller.Resume(within(t, 5*time.Second)))
			_, err := caller.Hear(within(t, 5*time.Second), 300*time.Millisecond)
			must(t, err)
			if s := callee.Stats(); s.Received < from+10 {
				t.Errorf("after a new key, hold and resume %d packets more", s.Received-from)
			}
			if b := callee.LastSent(); len(b) <= 172 {
				t.Errorf("what was sent has %d bytes and no tag", len(b))
			}
		})
	}
}

func TestPhonesAgreeOnSRTP(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to SRTP
		suite    bool
		code     int
	}{
		{"one can, one cannot", OptionalSRTP, NoSRTP, false, 200},
		{"one cannot, one can", NoSRTP, OptionalSRTP, false, 200},
		{"both can", OptionalSRTP, OptionalSRTP, true, 200},
		{"one insists, one can", RequiredSRTP, OptionalSRTP, true, 200},
		{"one insists, one cannot", RequiredSRTP, NoSRTP, false, 488},
		{"one offers the choice, one insists", OptionalSRTP, RequiredSRTP, false, 488},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, Config{Tel: "a", SRTP: c.from})
			b := start(t, Config{Tel: "b", SRTP: c.to, Incoming: Auto})
			call, err := a.Call(within(t, 5*time.Second), b.URI())
			if c.code != 200 {
				var f *Failure
				if !errors.As(err, &f) || f.Code != c.code {
					t.Fatalf("answered %v, want %d", err, c.code)
				}
				return
			}
			must(t, err)
			if secure := call.Suite() != ""; secure != c.suite {
				t.Errorf("suite %q", call.Suite())
			}
		})
	}
}

func TestUnknownSuiteIsAnError(t *testing.T) {
	if _, err := New(Config{Tel: "a", Suites: []string{"ROT13"}}); err == nil {
		t.Error("a phone with a suite that does not exist")
	}
}

func TestCryptoLines(t *testing.T) {
	line := newCrypto(3, "AEAD_AES_256_GCM")
	d := description{address: netip.MustParseAddrPort("10.0.0.1:4000"), formats: []Codec{PCMU}, event: -1, proto: "RTP/SAVP", crypto: []crypto{line}}
	got, err := parse(d.encode("217", 1, 2, netip.MustParseAddr("10.0.0.1"), voiceOnly), []Codec{PCMU})
	must(t, err)
	if got.proto != "RTP/SAVP" || len(got.crypto) != 1 || got.crypto[0] != line {
		t.Errorf("read %+v", got)
	}
	for _, bad := range []crypto{{suite: "x"}, {suite: line.suite, key: "%"}, {suite: line.suite, key: "AAAA"}} {
		if _, err := bad.context(); err == nil {
			t.Errorf("%+v makes a context", bad)
		}
	}
}
