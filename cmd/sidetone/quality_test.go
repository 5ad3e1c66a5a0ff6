package main

import (
	"encoding/json"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// legsOf returns what the API says of the only call.
func (o *office) legsOf(t *testing.T) map[string]api.Leg {
	t.Helper()
	var calls api.Calls
	if err := json.Unmarshal([]byte(o.get(t, "/v1/calls")), &calls); err != nil || len(calls.Calls) != 1 {
		t.Fatalf("calls: %v %+v", err, calls)
	}
	legs := map[string]api.Leg{}
	for _, l := range calls.Calls[0].Legs {
		legs[l.Tel] = l
	}
	return legs
}

// TestQualityOfACall: between two phones, one over SRTP, loss and round trip are found from what passes through; a tenth
// that one phone leaves out is told by its leg, in the API and in the record, and lowers the opinion.
func TestQualityOfACall(t *testing.T) {
	t.Parallel()
	var dir string
	o := newOffice(t, 2, func(c *config.Config) { dir = c.Store.Dir })
	a := o.phone(t, 0, func(c *phone.Config) { c.SRTP, c.Loss = phone.RequiredSRTP, 0.1 })
	call, back := pair(t, a, o.phone(t, 1, nil))
	eventually(t, "both phones find the round trip through the relay", func() bool {
		return call.Stats().RoundTrip > 0 && back.Stats().RoundTrip > 0
	})
	eventually(t, "the relay finds the round trip of both legs", func() bool {
		legs := o.legsOf(t)
		return legs["217"].RoundTrip > 0 && legs["218"].RoundTrip > 0
	})
	eventually(t, "218 reports what it lacks", func() bool { return o.legsOf(t)["218"].Sent.Lost > 0 })
	legs := o.legsOf(t)
	bad, good := legs["217"], legs["218"]
	if share := float64(bad.Received.Lost) / float64(bad.Received.Packets+bad.Received.Lost); share < 0.05 || share > 0.16 {
		t.Errorf("%.3f of 217's packets lost, want a tenth", share)
	}
	if bad.Received.MOS < 2.5 || bad.Received.MOS > 4 || good.Received.Lost > good.Received.Packets/50 || good.Received.MOS < 4.2 {
		t.Errorf("opinions %v of what lacks a tenth, %v of what is whole (%d lost)", bad.Received.MOS, good.Received.MOS, good.Received.Lost)
	}
	if good.Sent.Lost == 0 || good.Sent.MOS >= 4.2 || good.Sent.MOS == 0 {
		t.Errorf("218 reports %d lost, opinion %v", good.Sent.Lost, good.Sent.MOS)
	}
	if bad.RoundTrip > 1000 || bad.Received.Jitter > 100 {
		t.Errorf("round trip %v ms, jitter %v ms on loopback", bad.RoundTrip, bad.Received.Jitter)
	}
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the record of the call", func() bool { return len(o.records(t, dir)) == 1 })
	for _, l := range o.records(t, dir)[0].Legs {
		lossy := l.Tel == "217"
		if (l.LossPercent > 5) != lossy || (l.PacketsLost > 0) != lossy && l.LossPercent > 2 || l.MOS < 2 || l.RoundTripMS == 0 || l.HeardMOS == 0 {
			t.Errorf("record of %s: %+v", l.Tel, l)
		}
	}
}

// TestReportsFromRoomsAndTones: a phone in a room, alone or not, gets reports of ours about what it sends, with which it finds the
// round trip, over SRTCP where it speaks SRTP; and VoIP metrics, which it asks for: they and its own are shown.
func TestReportsFromRoomsAndTones(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, nil)
	var calls []*phone.Call
	for i, s := range []phone.SRTP{phone.NoSRTP, phone.RequiredSRTP} {
		c, err := o.phone(t, i, func(c *phone.Config) { c.SRTP, c.Metrics, c.Tone = s, true, 440 }).Call(soon(t), "700")
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	for _, c := range calls {
		eventually(t, c.Phone().Tel()+" gets reports and finds the round trip", func() bool {
			s := c.Stats()
			return s.Reports > 1 && s.RoundTrip > 0 && s.RoundTrip < time.Second
		})
		s := c.Stats()
		if s.Unauthentic != 0 || s.ReportedLost > uint32(s.Sent/20) {
			t.Errorf("%s: %+v", c.Phone().Tel(), s)
		}
		m := s.Metrics
		if m == nil || m.LossRate > 12 || m.JBNominal == 0 || m.JBMaximum < m.JBNominal || m.EndSystemDelay < m.JBNominal || m.RFactor < 50 || m.RFactor > 93 ||
			m.MOSCQ < 25 || m.MOSLQ < m.MOSCQ || int8(m.SignalLevel) < -20 || int8(m.SignalLevel) > -8 { // of a tone of -20 dBFS, which has -13.9 dBm0
			t.Errorf("%s is told %+v", c.Phone().Tel(), m)
		}
		eventually(t, "the API shows what "+c.Phone().Tel()+" and we say of each other", func() bool {
			var calls api.Calls
			check(t, json.Unmarshal([]byte(o.get(t, "/v1/calls")), &calls))
			for _, call := range calls.Calls {
				for _, l := range call.Legs {
					ours, theirs := l.Received.Metrics, l.Sent.Metrics
					if l.Tel == c.Phone().Tel() && ours != nil && theirs != nil {
						return ours.Buffer > 0 && ours.MOSCQ > 2 && *ours.R > 50 && theirs.Buffer == 60 && theirs.R == nil && theirs.MOSLQ == 0
					}
				}
			}
			return false
		})
	}
}
