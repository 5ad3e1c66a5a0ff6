package srtp

import (
	"bytes"
	"slices"
	"testing"
)

// under sends one packet of a given number through sender to receiver.
func under(t *testing.T, sender, receiver *Context, seq uint16) error {
	t.Helper()
	plain := rtpPacket(1, seq, 40)
	b := make([]byte, 300)
	n, err := sender.ProtectRTP(b, plain)
	if err != nil {
		t.Fatalf("protect %d: %v", seq, err)
	}
	n, err = receiver.UnprotectRTP(b, b[:n])
	if err == nil && !bytes.Equal(b[:n], plain) {
		t.Fatalf("packet %d changed", seq)
	}
	return err
}

// talk sends packets numbered from first to before end.
func talk(t *testing.T, sender, receiver *Context, first, end int) {
	t.Helper()
	for i := first; i < end; i++ {
		if err := under(t, sender, receiver, uint16(i)); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
}

func eachPairOfProfiles(t *testing.T, f func(t *testing.T, before, after Key)) {
	for _, tt := range []struct{ before, after Profile }{
		{AES128CM80, AES128CM80}, {AES128GCM, AES128GCM}, {AES128CM80, AES256GCM}, {AES256GCM, AES256CM32},
	} {
		t.Run(tt.before.String()+" to "+tt.after.String(), func(t *testing.T) {
			f(t, newTestKey(t, tt.before), newTestKey(t, tt.after))
		})
	}
}

func TestRekeyKeepsTheROC(t *testing.T) {
	eachPairOfProfiles(t, func(t *testing.T, before, after Key) {
		sender, receiver := newTestContext(t, before), newTestContext(t, before)
		talk(t, sender, receiver, 65500, 65600)
		for _, c := range []*Context{sender, receiver} {
			if err := c.Rekey(after); err != nil {
				t.Fatal(err)
			}
		}
		talk(t, sender, receiver, 65600, 65800)
		for name, c := range map[string]*Context{"sender": sender, "receiver": receiver} {
			if got := c.AppendState(nil)[0].Index; got != 65799 {
				t.Errorf("%s: index %d, want 65799", name, got)
			}
		}
	})
}

// Many phones make a new context for a new key and start again from ROC 0.
func TestRekeyReadsAPeerThatStartsAgainFromROC0(t *testing.T) {
	eachPairOfProfiles(t, func(t *testing.T, before, after Key) {
		sender, receiver := newTestContext(t, before), newTestContext(t, before)
		talk(t, sender, receiver, 65500, 65600)
		if err := receiver.Rekey(after); err != nil {
			t.Fatal(err)
		}
		talk(t, newTestContext(t, after), receiver, 65600, 65800)
		if got := receiver.AppendState(nil)[0].Index; got != 65799-65536 {
			t.Errorf("index %d, want %d", got, 65799-65536)
		}
	})
}

func TestPacketsUnderTheOldKeyAreReadUntilTheNewOneIsSettled(t *testing.T) {
	eachPairOfProfiles(t, func(t *testing.T, before, after Key) {
		for _, mki := range []bool{false, true} {
			if mki {
				before.MKI, after.MKI = []byte{1}, []byte{0, 2}
			}
			sender, receiver := newTestContext(t, before), newTestContext(t, before)
			talk(t, sender, receiver, 100, 110)
			if err := receiver.Rekey(after); err != nil {
				t.Fatal(err)
			}
			// Both sides have the new key, ten packets under the old one are on their way.
			talk(t, sender, receiver, 110, 120)
			renewed := newTestContext(t, after)
			for i := range 30 {
				if err := under(t, renewed, receiver, uint16(120+i)); err != nil {
					t.Fatal(err)
				}
			}
			b := make([]byte, 300)
			n, err := sender.ProtectRTCP(b, rtcpPacket(1))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := receiver.UnprotectRTCP(b, b[:n]); err != nil {
				t.Errorf("RTCP under the old key: %v", err)
			}
			n, _ = renewed.ProtectRTCP(b, rtcpPacket(1))
			if _, err := receiver.UnprotectRTCP(b, b[:n]); err != nil {
				t.Errorf("RTCP under the new key: %v", err)
			}
			talk(t, sender, receiver, 120, 121)
			talk(t, renewed, receiver, 150, 150+settledAfter)
			if err := under(t, sender, receiver, 122); err != ErrAuth && err != ErrMKI {
				t.Errorf("the old key after the new one settled: %v", err)
			}
		}
	})
}

// A replay stays one while two keys are tried, and a forgery leaves both alone.
func TestReplaysAndForgeriesDuringARekey(t *testing.T) {
	eachPairOfProfiles(t, func(t *testing.T, before, after Key) {
		sender, receiver := newTestContext(t, before), newTestContext(t, before)
		talk(t, sender, receiver, 100, 110)
		old := protectAt(t, before, 1, 105)
		if err := receiver.Rekey(after); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 300)
		if _, err := receiver.UnprotectRTP(b, old); err != ErrReplay {
			t.Errorf("replay under the old key: %v", err)
		}
		renewed := protectAt(t, after, 1, 111)
		if _, err := receiver.UnprotectRTP(b, renewed); err != nil {
			t.Errorf("new key: %v", err)
		}
		if _, err := receiver.UnprotectRTP(b, renewed); err != ErrReplay {
			t.Errorf("replay under the new key: %v", err)
		}
		known, state := slices.Clone(receiver.previous.list), receiver.AppendState(nil)
		for i := range uint16(200) {
			forged := rtpPacket(1, 100+i, 60)
			if _, err := receiver.UnprotectRTP(forged, forged); err != ErrAuth {
				t.Fatalf("forged: %v", err)
			}
		}
		if !slices.Equal(known, receiver.previous.list) || !slices.Equal(state, receiver.AppendState(nil)) {
			t.Error("forged packets changed the state")
		}
	})
}

// A key that nothing came under is not worth keeping: of two changes in a row the one that
// was in use stays readable.
func TestTwoRekeysInARowKeepTheKeyInUse(t *testing.T) {
	first, second, third := newTestKey(t, AES128CM80), newTestKey(t, AES128CM80), newTestKey(t, AES128CM80)
	sender, receiver := newTestContext(t, first), newTestContext(t, first)
	talk(t, sender, receiver, 1, 10)
	for _, k := range []Key{second, third} {
		if err := receiver.Rekey(k); err != nil {
			t.Fatal(err)
		}
	}
	talk(t, sender, receiver, 10, 20)
	talk(t, newTestContext(t, third), receiver, 20, 30)
}

func TestRekeyRefusesABadKeyAndKeepsTheOldOne(t *testing.T) {
	key := newTestKey(t, AES128CM80)
	sender, receiver := newTestContext(t, key), newTestContext(t, key)
	bad := newTestKey(t, AES128GCM)
	bad.Profile = AES256GCM
	if err := receiver.Rekey(bad); err == nil {
		t.Fatal("no error")
	}
	talk(t, sender, receiver, 1, 10)
}

func TestRekeyCarriesTheNewestStreamsOnly(t *testing.T) {
	key := newTestKey(t, AES128CM80)
	sender := newTestContext(t, key)
	b := make([]byte, 300)
	for i := range uint32(100) {
		if _, err := sender.ProtectRTP(b, rtpPacket(i, 9, 20)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sender.ProtectRTP(b, rtpPacket(5, 10, 20)); err != nil {
		t.Fatal(err)
	}
	if err := sender.Rekey(newTestKey(t, AES128CM80)); err != nil {
		t.Fatal(err)
	}
	states := sender.AppendState(nil)
	if len(states) != maxCarried+1 || states[0].SSRC != 5 || states[1].SSRC != 100-maxCarried {
		t.Errorf("carried %d, first %d and %d", len(states), states[0].SSRC, states[1].SSRC)
	}
}
