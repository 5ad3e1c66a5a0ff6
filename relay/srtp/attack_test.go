package srtp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// forge makes the n-th forged packet, out of a real one or of nothing.
func forge(random *rand.Rand, n int, real []byte, ssrc uint32) []byte {
	p := bytes.Clone(real)
	switch n % 6 {
	case 0: // noise behind a plausible header
		for i := 12; i < len(p); i++ {
			p[i] = byte(random.Uint32())
		}
		binary.BigEndian.PutUint16(p[2:], uint16(random.Uint32()))
	case 1: // another sequence number
		binary.BigEndian.PutUint16(p[2:], binary.BigEndian.Uint16(p[2:])+uint16(1+random.IntN(0xffff)))
	case 2: // one bit of payload or tag
		bit := 12*8 + random.IntN((len(p)-12)*8)
		p[bit/8] ^= 1 << (bit % 8)
	case 3: // one bit of timestamp or payload type
		p[[]int{1, 4, 5, 6, 7}[random.IntN(5)]] ^= 1 << random.IntN(8)
	case 4: // another SSRC
		binary.BigEndian.PutUint32(p[8:], ssrc+1+uint32(random.IntN(1<<20)))
	case 5: // cut short
		p = p[:12+random.IntN(len(p)-12)]
	}
	return p
}

// A call under attack: the victim's packets, 100,000 forged ones, 10,000 replayed. None but the
// victim's gets through, each is counted for what it is, and the state is as without attack.
func TestForgedAndReplayedPacketsAreCountedAndDoNoHarm(t *testing.T) {
	const (
		ssrc            = 0xabcd1234
		packets         = 2000
		forgedPerPacket = 50
		replays         = 10000
		first           = 65000 // wraps under attack
	)
	for _, p := range []Profile{AES128CM80, AES128GCM} {
		t.Run(p.String(), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			key := newTestKey(t, p)
			sender, victim, quiet := newTestContext(t, key), newTestContext(t, key), newTestContext(t, key)
			var recorded [][]byte
			counts := map[error]int{}
			out := make([]byte, 300)
			for i := range packets {
				plain := rtpPacket(ssrc, uint16(first+i), 40)
				protected := make([]byte, 300)
				n, err := sender.ProtectRTP(protected, plain)
				if err != nil {
					t.Fatal(err)
				}
				protected = protected[:n]
				recorded = append(recorded, protected)
				for j := range forgedPerPacket {
					_, err := victim.UnprotectRTP(out, forge(random, i*forgedPerPacket+j, protected, ssrc))
					counts[err]++
				}
				n, err = victim.UnprotectRTP(out, protected)
				if err != nil || !bytes.Equal(out[:n], plain) {
					t.Fatalf("packet %d under attack: %v", i, err)
				}
				if _, err = quiet.UnprotectRTP(out, protected); err != nil {
					t.Fatal(err)
				}
			}
			forged := packets * forgedPerPacket
			if counts[nil] != 0 || counts[ErrAuth]+counts[ErrShort] != forged {
				t.Errorf("forged packets: %v, want %d of ErrAuth and ErrShort", counts, forged)
			}
			clear(counts)
			for range replays {
				_, err := victim.UnprotectRTP(out, recorded[random.IntN(len(recorded))])
				counts[err]++
			}
			if counts[ErrReplay] != replays {
				t.Errorf("replayed packets: %v, want %d of ErrReplay", counts, replays)
			}
			if got, want := victim.AppendState(nil), quiet.AppendState(nil); !slices.Equal(got, want) {
				t.Errorf("state after the attack\n%+v, without\n%+v", got, want)
			}
		})
	}
}

func TestForgedAndReplayedRTCPIsCountedAndDoesNoHarm(t *testing.T) {
	for _, p := range Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			key := newTestKey(t, p)
			sender, victim := newTestContext(t, key), newTestContext(t, key)
			out := make([]byte, 300)
			replays, forged := 0, 0
			for range 200 {
				protected := make([]byte, 300)
				n, err := sender.ProtectRTCP(protected, rtcpPacket(77))
				if err != nil {
					t.Fatal(err)
				}
				protected = protected[:n]
				for range 10 {
					bad := bytes.Clone(protected)
					bit := 8 + random.IntN(len(bad)*8-8)
					bad[bit/8] ^= 1 << (bit % 8)
					if _, err := victim.UnprotectRTCP(out, bad); err == ErrAuth {
						forged++
					}
				}
				if _, err := victim.UnprotectRTCP(out, protected); err != nil {
					t.Fatal(err)
				}
				if _, err := victim.UnprotectRTCP(out, protected); err == ErrReplay {
					replays++
				}
			}
			if forged != 2000 || replays != 200 {
				t.Errorf("forged %d of 2000, replayed %d of 200", forged, replays)
			}
			state := victim.AppendState(nil)
			if len(state) != 1 || state[0].RTCPIndex != 200 {
				t.Errorf("state %+v, want one SSRC at index 200", state)
			}
		})
	}
}

// Nobody without the key makes state, so nobody can push out any or use up the room.
func TestForgedSSRCsMakeNoState(t *testing.T) {
	victim := newTestContext(t, newTestKey(t, AES128GCM))
	out := make([]byte, 300)
	for i := range uint32(5000) {
		if _, err := victim.UnprotectRTP(out, rtpPacket(i, 1, 60)); err != ErrAuth {
			t.Fatal(err)
		}
		if _, err := victim.UnprotectRTCP(out, append(rtcpPacket(i), make([]byte, 20)...)); err != ErrAuth {
			t.Fatal(err)
		}
	}
	if n := len(victim.AppendState(nil)); n != 0 {
		t.Errorf("%d streams", n)
	}
}

// Under one key no SSRC is forgotten: the first one's packets are replays for good.
func TestStreamsAreLimitedAndNoneIsForgotten(t *testing.T) {
	for _, p := range []Profile{AES128CM80, AES128GCM} {
		key := newTestKey(t, p)
		sender, receiver := newTestContext(t, key), newTestContext(t, key)
		out := make([]byte, 300)
		var firstPacket []byte
		for i := range uint32(MaxStreams) {
			protected := make([]byte, 300)
			n, err := sender.ProtectRTP(protected, rtpPacket(i, 9, 20))
			if err != nil {
				t.Fatalf("SSRC %d: %v", i, err)
			}
			if firstPacket == nil {
				firstPacket = protected[:n]
			}
			if _, err = receiver.UnprotectRTP(out, protected[:n]); err != nil {
				t.Fatalf("SSRC %d: %v", i, err)
			}
		}
		if _, err := receiver.UnprotectRTP(out, firstPacket); err != ErrReplay {
			t.Errorf("replay of the first SSRC: %v", err)
		}
		if _, err := sender.ProtectRTP(out, rtpPacket(1<<30, 9, 20)); err != ErrTooManyStreams {
			t.Errorf("one SSRC more: %v", err)
		}
		other := protectAt(t, key, 1<<30, 9)
		if _, err := receiver.UnprotectRTP(out, other); err != ErrTooManyStreams {
			t.Errorf("one SSRC more to receive: %v", err)
		}
		n, err := sender.ProtectRTP(out, rtpPacket(3, 10, 20))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = receiver.UnprotectRTP(out, out[:n]); err != nil {
			t.Errorf("a known SSRC at the limit: %v", err)
		}
		next := newTestKey(t, p)
		if err := receiver.Rekey(next); err != nil {
			t.Fatal(err)
		}
		if _, err := receiver.UnprotectRTP(out, protectAt(t, next, 1<<30, 9)); err != nil {
			t.Errorf("a new SSRC under a new key: %v", err)
		}
	}
}

func TestTooSmallABufferIsRefusedWithoutHarm(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		sender, receiver := newTestContext(t, k), newTestContext(t, k)
		plain, report := rtpPacket(1, 1, 20), rtcpPacket(1)
		rtp, rtcp := make([]byte, 300), make([]byte, 300)
		if _, err := sender.ProtectRTP(rtp[:len(plain)+k.Profile.TagLen()+len(k.MKI)-1], plain); err != ErrBuffer {
			t.Errorf("ProtectRTP: %v", err)
		}
		if _, err := sender.ProtectRTCP(rtcp[:len(report)+k.Profile.RTCPTagLen()+len(k.MKI)+3], report); err != ErrBuffer {
			t.Errorf("ProtectRTCP: %v", err)
		}
		n, err := sender.ProtectRTP(rtp, plain)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := receiver.UnprotectRTP(make([]byte, len(plain)-1), rtp[:n]); err != ErrBuffer {
			t.Errorf("UnprotectRTP: %v", err)
		}
		if _, err := receiver.UnprotectRTP(make([]byte, len(plain)), rtp[:n]); err != nil {
			t.Errorf("UnprotectRTP with just enough: %v", err)
		}
		if n, err = sender.ProtectRTCP(rtcp, report); err != nil {
			t.Fatal(err)
		}
		if _, err := receiver.UnprotectRTCP(make([]byte, len(report)-1), rtcp[:n]); err != ErrBuffer {
			t.Errorf("UnprotectRTCP: %v", err)
		}
		if _, err := receiver.UnprotectRTCP(make([]byte, len(report)), rtcp[:n]); err != nil {
			t.Errorf("UnprotectRTCP with just enough: %v", err)
		}
	})
}

func TestAnotherMKIIsRefused(t *testing.T) {
	for _, p := range Profiles() {
		key := newTestKey(t, p)
		key.MKI = []byte{1, 2}
		sender := newTestContext(t, key)
		key.MKI = []byte{1, 3}
		receiver := newTestContext(t, key)
		b := make([]byte, 300)
		n, _ := sender.ProtectRTP(b, rtpPacket(1, 1, 20))
		if _, err := receiver.UnprotectRTP(b, b[:n]); err != ErrMKI {
			t.Errorf("%v RTP: %v", p, err)
		}
		n, _ = sender.ProtectRTCP(b, rtcpPacket(1))
		if _, err := receiver.UnprotectRTCP(b, b[:n]); err != ErrMKI {
			t.Errorf("%v RTCP: %v", p, err)
		}
	}
}

// Some phones announce an MKI in SDP and send none.
func TestAnMKIThatDoesNotComeIsNotMissed(t *testing.T) {
	for _, p := range Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			key := newTestKey(t, p)
			sender := newTestContext(t, key)
			key.MKI = []byte{0, 0, 0, 1}
			receiver := newTestContext(t, key)
			talk(t, sender, receiver, 65500, 65600)
			b := make([]byte, 300)
			n, _ := sender.ProtectRTCP(b, rtcpPacket(1))
			if n, err := receiver.UnprotectRTCP(b, b[:n]); err != nil || !bytes.Equal(b[:n], rtcpPacket(1)) {
				t.Errorf("RTCP: %x, %v", b[:n], err)
			}
			if _, err := receiver.UnprotectRTP(b, protectAt(t, key, 1, 65700)); err != nil {
				t.Errorf("with the MKI: %v", err)
			}
		})
	}
}

func TestWhatIsNoPacketIsRefused(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		c := newTestContext(t, k)
		b := make([]byte, 300)
		truncated := rtpPacket(1, 1, 3)
		truncated[0] |= 0x10 // an extension that is not there
		wrongVersion := rtpPacket(1, 1, 60)
		wrongVersion[0] = 0x40
		for name, packet := range map[string][]byte{"empty": {}, "one byte": {0x80}, "short header": rtpPacket(1, 1, 0)[:11], "no extension": truncated, "version": wrongVersion} {
			if _, err := c.ProtectRTP(b, packet); err != ErrShort {
				t.Errorf("%s: ProtectRTP: %v", name, err)
			}
			if _, err := c.UnprotectRTP(b, packet); err != ErrShort {
				t.Errorf("%s: UnprotectRTP: %v", name, err)
			}
		}
		for name, packet := range map[string][]byte{"empty": {}, "short header": rtcpPacket(1)[:7], "version": wrongVersion} {
			if _, err := c.ProtectRTCP(b, packet); err != ErrShort {
				t.Errorf("%s: ProtectRTCP: %v", name, err)
			}
			if _, err := c.UnprotectRTCP(b, packet); err != ErrShort {
				t.Errorf("%s: UnprotectRTCP: %v", name, err)
			}
		}
		if _, err := c.UnprotectRTP(b, rtpPacket(1, 1, k.Profile.TagLen()-1)); err != ErrShort {
			t.Errorf("no room for the tag: %v", err)
		}
		if _, err := c.UnprotectRTCP(b, rtcpPacket(1)[:8+k.Profile.RTCPTagLen()+3]); err != ErrShort {
			t.Errorf("no room for index and tag: %v", err)
		}
	})
}
