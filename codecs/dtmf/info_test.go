package dtmf

import (
	"errors"
	"testing"
	"time"
)

func TestParseInfo(t *testing.T) {
	tests := []struct {
		name, contentType, body string
		want                    Press
	}{
		{"relay", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Press{'5', 160 * time.Millisecond}},
		{"spaces and small letters", "Application/DTMF-Relay; charset=utf-8", "signal= a\nduration = 250\n", Press{'A', 250 * time.Millisecond}},
		{"duration first", "application/dtmf-relay", "Duration=90\r\nSignal=#\r\n", Press{'#', 90 * time.Millisecond}},
		{"star as its code", "application/dtmf-relay", "Signal=10\r\n", Press{Key: '*'}},
		{"flash", "application/dtmf-relay", "Signal=16\r\n", Press{Key: Flash}},
		{"no duration that makes sense", "application/dtmf-relay", "Signal=1\r\nDuration=long", Press{Key: '1'}},
		{"the key alone", "application/dtmf", "7", Press{Key: '7'}},
		{"the key alone on a line", "application/dtmf", "\r\n*\r\n", Press{Key: '*'}},
		{"relay's form as plain", "application/dtmf", "Signal=0\r\nDuration=100", Press{'0', 100 * time.Millisecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseInfo(tt.contentType, []byte(tt.body))
			if err != nil || got != tt.want {
				t.Errorf("%+v %v, want %+v", got, err, tt.want)
			}
		})
	}
	for _, tt := range [][2]string{
		{"application/sdp", "v=0"}, {"application/dtmf", ""}, {"application/dtmf", "x"}, {"application/dtmf-relay", "Signal=17"},
		{"application/dtmf-relay", "Duration=100"}, {"application/dtmf-relay", "Signal=55555555555555555555"},
	} {
		if p, err := ParseInfo(tt[0], []byte(tt[1])); !errors.Is(err, ErrInfo) {
			t.Errorf("%q of %s: %+v %v", tt[1], tt[0], p, err)
		}
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add(ContentRelay, "Signal=5\r\nDuration=160\r\n")
	f.Add(ContentPlain, "*")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		p, err := ParseInfo(contentType, []byte(body))
		if err != nil {
			return
		}
		again, err := ParseInfo(p.Info())
		if err != nil || again.Key != p.Key || again.Duration != p.Length() {
			t.Errorf("%+v is written as %+v, %v", p, again, err)
		}
	})
}
