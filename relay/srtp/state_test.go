package srtp

import (
	"encoding/json"
	"slices"
	"testing"
)

// Both ends are ended and restored from what was stored, in the second cycle of the sequence
// numbers: the call goes on, and what came before is a replay.
func TestACallGoesOnAfterARestart(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		sender, receiver := newTestContext(t, k), newTestContext(t, k)
		talk(t, sender, receiver, 65500, 65600)
		report := make([]byte, 300)
		n, err := sender.ProtectRTCP(report, rtcpPacket(1))
		if err != nil {
			t.Fatal(err)
		}
		report = report[:n]
		if _, err = receiver.UnprotectRTCP(make([]byte, 300), report); err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal([][]StreamState{sender.AppendState(nil), receiver.AppendState(nil)})
		if err != nil {
			t.Fatal(err)
		}
		// What the snapshot does not know of any more.
		talk(t, sender, receiver, 65600, 65610)

		var states [2][]StreamState
		if err := json.Unmarshal(stored, &states); err != nil {
			t.Fatal(err)
		}
		restored, err := Restore(k, states[1])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(restored.AppendState(nil), states[1]) {
			t.Errorf("restored %+v, stored %+v", restored.AppendState(nil), states[1])
		}
		restoredSender, err := RestoreSender(k, states[0])
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 300)
		if _, err := restored.UnprotectRTP(b, protectAt(t, k, 1, 65590)); err != ErrReplay {
			t.Errorf("replay: %v", err)
		}
		if _, err := restored.UnprotectRTCP(b, report); err != ErrReplay {
			t.Errorf("RTCP replay: %v", err)
		}
		talk(t, restoredSender, restored, 65610, 65700)
		if n, err = restoredSender.ProtectRTCP(b, rtcpPacket(1)); err != nil {
			t.Fatal(err)
		}
		if _, err = restored.UnprotectRTCP(b, b[:n]); err != nil {
			t.Errorf("RTCP after the restart: %v", err)
		}
		if got := restoredSender.AppendState(nil)[0].RTCPIndex; got != 1+restoreGap+1 {
			t.Errorf("SRTCP index %d, want %d", got, 1+restoreGap+1)
		}
	})
}

func TestRestoreKeepsThatAROCIsAHint(t *testing.T) {
	before, after := newTestKey(t, AES128GCM), newTestKey(t, AES128GCM)
	sender, receiver := newTestContext(t, before), newTestContext(t, before)
	talk(t, sender, receiver, 65500, 65600)
	if err := receiver.Rekey(after); err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(after, receiver.AppendState(nil))
	if err != nil {
		t.Fatal(err)
	}
	talk(t, newTestContext(t, after), restored, 65600, 65610) // from ROC 0
}

func TestRestoreRefusesStatesThatCannotBe(t *testing.T) {
	key := newTestKey(t, AES128CM80)
	for name, states := range map[string][]StreamState{
		"RTP index":  {{SSRC: 1, HasRTP: true, Index: 1 << 48}},
		"RTCP index": {{SSRC: 1, HasRTCP: true, RTCPIndex: 1 << 31}},
		"twice":      {{SSRC: 1}, {SSRC: 1}},
		"too many":   make([]StreamState, MaxStreams+1),
	} {
		for i := range states {
			if name == "too many" {
				states[i].SSRC = uint32(i)
			}
		}
		if _, err := Restore(key, states); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Restore(Key{}, nil); err == nil {
		t.Error("no key: no error")
	}
}
