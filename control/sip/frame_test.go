package sip

import (
	"slices"
	"strings"
	"testing"
)

// cut feeds a stream in pieces of n bytes and returns the messages, the pings and whether framing was lost.
func cut(stream []byte, n int) (msgs []string, pings int, lost bool) {
	var f framer
	for len(stream) > 0 {
		n := min(n, len(stream))
		f.write(stream[:n])
		stream = stream[n:]
		for {
			msg, p, err := f.next()
			pings += p
			if err != nil {
				return msgs, pings, true
			}
			if msg == nil {
				break
			}
			msgs = append(msgs, string(msg))
		}
	}
	return msgs, pings, false
}

func TestFramer(t *testing.T) {
	const a, b = "A\r\nContent-Length: 3\r\n\r\nxyz", "B\r\nl:0\r\n\r\n"
	for _, tt := range []struct {
		in    string
		want  []string
		pings int
		lost  bool
	}{
		{a + b + a, []string{a, b, a}, 0, false},
		{"\r\n\r\n" + a + "\r\n\r\n\r\n\r\n" + b + "\r\n" + a, []string{a, b, a}, 3, false},
		{"\r\n\r\n\r\n" + b, []string{b}, 1, false},
		{a[:len(a)-1], nil, 0, false},
		{"A\r\n\r\n" + b, []string{"A\r\n\r\n", b}, 0, false},
		{"A\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", nil, 0, true},
		{"A\r\nContent-Length: x\r\n\r\n", nil, 0, true},
		{"A\r\nContent-Length: 99999999999\r\n\r\n", nil, 0, true},
		{"A\r\nContent-Length: 70000\r\n\r\n", nil, 0, true},
		{strings.Repeat("x", maxMessage+2), nil, 0, true},
	} {
		for _, n := range []int{1, 2, 3, 1000, 1 << 20} {
			msgs, pings, lost := cut([]byte(tt.in), n)
			if !slices.Equal(msgs, tt.want) || pings != tt.pings || lost != tt.lost {
				t.Errorf("%.40q by %d: %q, %d pings, lost %v", tt.in, n, msgs, pings, lost)
			}
		}
	}
}

// FuzzFramer: how TCP cuts the stream changes nothing.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("\r\n\r\nA\r\nContent-Length: 3\r\n\r\nxyzB\r\nl:0\r\n\r\n\r\n"), uint8(1))
	f.Add([]byte("\r\nA\r\nl: -1\r\n\r\n"), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		msgs, pings, lost := cut(b, len(b)+1)
		small, smallPings, smallLost := cut(b, int(n)+1)
		if !slices.Equal(msgs, small) || pings != smallPings || lost != smallLost {
			t.Errorf("whole: %q %d %v, by %d: %q %d %v", msgs, pings, lost, n, small, smallPings, smallLost)
		}
	})
}
