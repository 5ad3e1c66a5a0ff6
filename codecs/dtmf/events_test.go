package dtmf

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// packet is one of telephone-event as it is on the wire.
type packet struct {
	timestamp uint32
	marker    bool
	payload   [EventSize]byte
}

// send makes the packets of a press that begins at a timestamp.
func send(p Press, timestamp uint32) (all []packet) {
	s := NewSender(p, 8000, 20*time.Millisecond)
	for !s.Done() {
		var next packet
		var offset uint32
		offset, next.marker = s.Next(next.payload[:])
		next.timestamp = timestamp + offset
		all = append(all, next)
	}
	return all
}

func TestSenderEndsWithThreePackets(t *testing.T) {
	all := send(Press{Key: '5', Duration: 100 * time.Millisecond}, 1000)
	if len(all) != 7 {
		t.Fatalf("%d packets, want 5 of 20 ms and the last twice more", len(all))
	}
	for i, p := range all {
		e, _ := ParseEvent(p.payload[:])
		want := Event{Code: 5, End: i >= 4, Volume: volume, Duration: uint16(min(i+1, 5) * 160)}
		if e != want || p.timestamp != 1000 || p.marker != (i == 0) {
			t.Errorf("packet %d: %+v at %d marker %v, want %+v", i, e, p.timestamp, p.marker, want)
		}
	}
}

func TestSenderSplitsALongPress(t *testing.T) {
	all := send(Press{Key: '*', Duration: 10 * time.Second}, 0)
	var total uint32
	for i, p := range all {
		e, _ := ParseEvent(p.payload[:])
		end := p.timestamp + uint32(e.Duration)
		if end < total || end > total+2*160 {
			t.Fatalf("packet %d covers up to %d after %d", i, end, total)
		}
		total = end
		if p.timestamp%segment != 0 || p.marker != (i == 0) || e.End != (i >= len(all)-endings) {
			t.Fatalf("packet %d: %+v at %d, marker %v", i, e, p.timestamp, p.marker)
		}
	}
	if total != 80000 {
		t.Errorf("10 s are %d units", total)
	}
	var r Receiver
	if got := receive(&r, 1, all); got != "*" {
		t.Errorf("received %q", got)
	}
}

func receive(r *Receiver, ssrc uint32, all []packet) (keys string) {
	for _, p := range all {
		if press, ok := r.Receive(ssrc, p.timestamp, p.marker, p.payload[:]); ok {
			keys += string(press.Key)
		}
	}
	return keys
}

// Whatever is lost of each event but one packet, and however packets are doubled and late, each key is heard once.
func TestReceiverHearsEachKeyOnce(t *testing.T) {
	const keys = "1223334444*#ABCD!0"
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var line []packet
		for i, k := range []byte(keys) {
			event := send(Press{Key: k, Duration: time.Duration(60+random.IntN(200)) * time.Millisecond}, uint32(i)*4000-20000)
			kept := slices.DeleteFunc(slices.Clone(event), func(packet) bool { return random.IntN(3) == 0 })
			if len(kept) == 0 {
				kept = event[len(event)-1:]
			}
			line = append(line, kept...)
			for range random.IntN(3) {
				line = append(line, kept[random.IntN(len(kept))])
			}
		}
		for i := len(line) - 1; i > 0; i-- { // late by up to two packets, within what belongs together
			if j := i - random.IntN(3); j >= 0 && line[j].timestamp == line[i].timestamp {
				line[i], line[j] = line[j], line[i]
			}
		}
		var r Receiver
		if got := receive(&r, 7, line); got != keys {
			t.Fatalf("seed %d: heard %q", seed, got)
		}
	}
}

func TestReceiverAtTheEdges(t *testing.T) {
	one := send(Press{Key: '1', Duration: 100 * time.Millisecond}, 800)
	two := send(Press{Key: '2', Duration: 100 * time.Millisecond}, 4000)
	climbing := slices.Clone(one) // a phone that counts the timestamp up within an event
	for i := range climbing {
		e, _ := ParseEvent(climbing[i].payload[:])
		climbing[i].timestamp = 800 + uint32(e.Duration)
	}
	tests := []struct {
		name  string
		line  []packet
		other []packet // from another source
		keys  string
	}{
		{"a packet of the first after the second began", slices.Concat(one[:3], two[:1], one[3:], two[1:]), nil, "12"},
		{"an event that arrives whole after the next", slices.Concat(two, one), nil, "21"},
		{"only an end packet", one[len(one)-1:], nil, "1"},
		{"a timestamp that climbs within the event", climbing, nil, "1"},
		{"the same event from a new source", one, one, "11"},
		{"an event that is no key", []packet{{payload: [4]byte{32, 10, 0, 160}}}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Receiver
			if got := receive(&r, 1, tt.line) + receive(&r, 2, tt.other); got != tt.keys {
				t.Errorf("heard %q, want %q", got, tt.keys)
			}
		})
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add([]byte{1, 10, 0, 160, 1, 138, 3, 32}, uint32(5))
	f.Add([]byte{}, uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, timestamp uint32) {
		var r Receiver
		presses := 0
		for i := 0; i+EventSize <= len(b); i += EventSize {
			p, ok := r.Receive(1, timestamp+uint32(b[i])<<8, b[i]&1 != 0, b[i:i+EventSize])
			if _, valid := Code(p.Key); ok && !valid {
				t.Fatalf("key %q", p.Key)
			}
			again, twice := r.Receive(1, timestamp+uint32(b[i])<<8, b[i]&1 != 0, b[i:i+EventSize])
			if twice {
				t.Fatalf("the same packet twice is a press: %+v", again)
			}
			presses++
		}
		r.Receive(1, timestamp, false, b)
	})
}

func TestReceiverAndSenderNoAllocs(t *testing.T) {
	var r Receiver
	var b [EventSize]byte
	timestamp := uint32(0)
	if n := testing.AllocsPerRun(1000, func() {
		s := NewSender(Press{Key: '7'}, 8000, 20*time.Millisecond)
		timestamp += 4000
		for !s.Done() {
			s.Next(b[:])
			r.Receive(1, timestamp, false, b[:])
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkReceiver(b *testing.B) {
	b.ReportAllocs()
	var r Receiver
	payload := [EventSize]byte{5, 10, 0, 160}
	for i := range b.N {
		r.Receive(1, uint32(i/10)*1600, i%10 == 0, payload[:])
	}
}
