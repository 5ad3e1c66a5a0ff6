package relay_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp/udptest"
)

func newKey(t testing.TB, p srtp.Profile) srtp.Key {
	t.Helper()
	k, err := srtp.NewKey(p, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keys(t testing.TB, receive, send srtp.Key) *relay.Keys {
	t.Helper()
	k, err := relay.NewKeys(receive, send)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// vault is a phone's SRTP: nil contexts speak plain RTP.
type vault struct {
	t       testing.TB
	in, out *srtp.Context
	keys    *relay.Keys // as the relay sees them
}

// newVault makes the SRTP of a phone, plain for no profile.
func newVault(t testing.TB, p srtp.Profile) *vault {
	if !p.Valid() {
		return &vault{t: t}
	}
	return vaultOf(t, newKey(t, p), newKey(t, p))
}

// vaultOf makes it of the keys that the phone and the relay send with.
func vaultOf(t testing.TB, phone, relays srtp.Key) *vault {
	t.Helper()
	v := &vault{t: t, keys: keys(t, phone, relays)}
	var err error
	if v.out, err = srtp.New(phone); err != nil {
		t.Fatal(err)
	}
	if v.in, err = srtp.New(relays); err != nil {
		t.Fatal(err)
	}
	return v
}

// seal encrypts what the phone sends.
func (v *vault) seal(b []byte) []byte {
	if v.out == nil {
		return b
	}
	dst := make([]byte, len(b)+srtp.Overhead)
	protect := v.out.ProtectRTP
	if rtp.IsRTCP(b) {
		protect = v.out.ProtectRTCP
	}
	n, err := protect(dst, b)
	if err != nil {
		v.t.Fatal(err)
	}
	return dst[:n]
}

// open decrypts what the phone gets; nil when that cannot be.
func (v *vault) open(b []byte) []byte {
	if v.in == nil {
		return b
	}
	unprotect := v.in.UnprotectRTP
	if rtp.IsRTCP(b) {
		unprotect = v.in.UnprotectRTCP
	}
	dst := make([]byte, len(b))
	n, err := unprotect(dst, b)
	if err != nil {
		v.t.Logf("%d bytes: %v", len(b), err)
		return nil
	}
	return dst[:n]
}

// secureCall is a call whose phones speak SRTP, or one of them does.
type secureCall struct {
	*call
	va, vb *vault
}

func (b *bench) secureCall(pa, pb srtp.Profile) *secureCall {
	c := &secureCall{call: b.call(), va: newVault(b.t, pa), vb: newVault(b.t, pb)}
	c.agree()
	return c
}

// agree tells both legs the phones' keys.
func (c *secureCall) agree() {
	for _, side := range []struct {
		leg *relay.Leg
		p   *phone
		v   *vault
	}{{c.legA, c.a, c.va}, {c.legB, c.b, c.vb}} {
		r := side.p.remote()
		r.Keys = side.v.keys
		side.leg.SetRemote(r)
	}
}

// say lets A send a packet and returns what B hears: "" for nothing, "?" for what it cannot read.
func (c *secureCall) say(plain []byte) string {
	c.a.rtp.Send(c.legA.LocalRTP(), c.va.seal(bytes.Clone(plain)))
	c.net.Advance(20 * time.Millisecond)
	return c.heardAtB()
}

func (c *secureCall) heardAtB() string {
	b, _, ok := c.b.rtp.Receive()
	if !ok {
		return ""
	}
	if b = c.vb.open(b); b == nil {
		return "?"
	}
	return string(b)
}

func TestBridgesPlainAndSecure(t *testing.T) {
	none := srtp.Profile(0)
	pairs := [][2]srtp.Profile{{none, none}}
	for _, p := range srtp.Profiles() {
		pairs = append(pairs, [2]srtp.Profile{none, p}, [2]srtp.Profile{p, none}, [2]srtp.Profile{p, p}, [2]srtp.Profile{p, srtp.AES256GCM})
	}
	for _, pair := range pairs {
		t.Run(fmt.Sprintf("%v to %v", pair[0], pair[1]), func(t *testing.T) {
			c := start(t, udptest.Config{}, relay.Config{}).secureCall(pair[0], pair[1])
			for range 100 { // the sequence number wraps
				p := c.a.packet()
				if got := c.say(p); got != string(p) {
					t.Fatalf("%q was heard as %q", p, got)
				}
				back := c.b.packet()
				c.b.rtp.Send(c.legB.LocalRTP(), c.vb.seal(bytes.Clone(back)))
				c.net.Advance(20 * time.Millisecond)
				if b, _, ok := c.a.rtp.Receive(); !ok || !bytes.Equal(c.va.open(b), back) {
					t.Fatalf("%q came back as %x", back, b)
				}
			}
			for range 3 {
				c.b.rtcp.Send(c.legB.LocalRTCP(), c.vb.seal(c.b.report()))
				c.net.Advance(20 * time.Millisecond)
				if b, _, ok := c.a.rtcp.Receive(); !ok || !bytes.Equal(c.va.open(b), c.b.report()) {
					t.Fatalf("a report came as %x", b)
				}
			}
			a, b := c.legA.Stats(), c.legB.Stats()
			if a.Received.Packets != 100 || b.Received.Packets != 100 || b.RTCPReceived.Packets != 3 || a.Dropped.Total()+b.Dropped.Total()+a.Unprotected+b.Unprotected != 0 {
				t.Errorf("A %+v\nB %+v", a, b)
			}
			if want := uint64(100 * (172 + pair[0].TagLen())); a.Received.Bytes != want {
				t.Errorf("%d bytes received, want %d as they came", a.Received.Bytes, want)
			}
		})
	}
}

func TestSecureOverMuxedPort(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(srtp.AES128CM80, 0)
	r := c.a.remote()
	r.Keys, r.Mux = c.va.keys, true
	c.legA.SetRemote(r)
	c.say(c.a.packet())
	c.a.rtp.Send(c.legA.LocalRTP(), c.va.seal(c.a.report()))
	c.net.Advance(20 * time.Millisecond)
	if b, _, ok := c.b.rtcp.Receive(); !ok || !bytes.Equal(b, c.a.report()) {
		t.Errorf("the multiplexed report came as %x", b)
	}
	c.b.rtcp.Send(c.legB.LocalRTCP(), c.b.report())
	c.net.Advance(20 * time.Millisecond)
	if b, _, ok := c.a.rtp.Receive(); !ok || !bytes.Equal(c.va.open(b), c.b.report()) {
		t.Errorf("the report for A's RTP port came as %x", b)
	}
}

// TestForgedAndReplayedGoNowhere sends them from the phone's own address, where only the key protects, while the phone
// talks on and its sequence number wraps.
func TestForgedAndReplayedGoNowhere(t *testing.T) {
	for _, p := range []srtp.Profile{srtp.AES128CM80, srtp.AES256GCM} {
		t.Run(p.String(), func(t *testing.T) {
			const real, forged, replayed = 2000, 50, 5 // the last two for each real one
			c := start(t, udptest.Config{}, relay.Config{}).secureCall(p, 0)
			c.a.seq = 65536 - real/2
			seen := [][]byte{c.va.seal(c.a.packet())}
			c.a.rtp.Send(c.legA.LocalRTP(), bytes.Clone(seen[0]))
			c.net.Advance(time.Millisecond)
			if c.heardAtB() == "" {
				t.Fatal("the first packet was lost")
			}
			for i := range real {
				b := c.va.seal(c.a.packet())
				for k := range forged {
					bad := bytes.Clone(b)
					switch k % 5 {
					case 0:
						bad[20] ^= 1 << (k % 8)
					case 1:
						bad[len(bad)-1] ^= 1 << (k % 8)
					case 2:
						bad[2+k%2] += byte(k) // another sequence number, near or far
					case 3:
						bad[8+k%4] ^= 1 // another SSRC
					case 4:
						bad = append(bad[:12:12], make([]byte, 160)...) // as a plain phone would send it
					}
					c.a.rtp.Send(c.legA.LocalRTP(), bad)
				}
				for k := range replayed {
					c.a.rtp.Send(c.legA.LocalRTP(), bytes.Clone(seen[(i*7+k*k)%len(seen)]))
				}
				c.a.rtp.Send(c.legA.LocalRTP(), bytes.Clone(b))
				c.net.Advance(time.Millisecond)
				if c.heardAtB() == "" {
					t.Fatalf("packet %d was lost among its forgeries", i)
				}
				if got := c.heardAtB(); got != "" {
					t.Fatalf("%q passed beside packet %d", got, i)
				}
				if seen = append(seen, b); len(seen) > 300 { // some within the window, some not
					seen = seen[1:]
				}
			}
			c.a.rtp.Send(c.legA.LocalRTP(), []byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xa, 1, 2}) // shorter than a tag
			c.net.Advance(time.Millisecond)
			s := c.legA.Stats()
			if s.Received.Packets != real+1 || s.Dropped[relay.DropAuth] != real*forged || s.Dropped[relay.DropReplay] != real*replayed ||
				s.Dropped[relay.DropMalformed] != 1 || s.Dropped.Total() != real*(forged+replayed)+1 {
				t.Errorf("received %d, drops %v", s.Received.Packets, s.Dropped)
			}
		})
	}
}

// TestSecureThroughLossAndReorder: the sequence number wraps with loss and reordering on both sides of the relay. Nothing that arrives is refused, and what the peer gets it can read.
func TestSecureThroughLossAndReorder(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(srtp.AES128CM80, srtp.AES256GCM)
	c.a.seq = 65536 - 2000
	if c.say(c.a.packet()) == "" {
		t.Fatal("not heard")
	}
	c.net.SetPath(udptest.Config{Delay: 5 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: 0.05, Reorder: 0.05})
	const sent = 4000
	heard := 0
	hear := func() {
		for got := c.heardAtB(); got != ""; got = c.heardAtB() {
			if got == "?" {
				t.Fatal("the peer cannot read what it gets")
			}
			heard++
		}
	}
	for range sent {
		c.a.rtp.Send(c.legA.LocalRTP(), c.va.seal(c.a.packet()))
		c.net.Advance(5 * time.Millisecond)
		hear()
	}
	c.net.Advance(time.Second)
	hear()
	a, b := c.legA.Stats(), c.legB.Stats()
	if a.Dropped.Total() != 0 || b.Unprotected != 0 || float64(heard) < 0.89*sent {
		t.Errorf("%d of %d heard, drops %v, %d unprotected", heard, sent, a.Dropped, b.Unprotected)
	}
}

func TestForgedIsNotLearnedFrom(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{})
	c := b.secureCall(srtp.AES128CM80, 0)
	mallory := b.phone("203.0.113.9:4000", 0xa)
	r := c.a.remote()
	r.Keys, r.BehindNAT = c.va.keys, true
	r.RTP = netip.MustParseAddrPort("192.168.7.7:4000") // of no use
	r.RTCP = netip.MustParseAddrPort("192.168.7.7:4001")
	r.SIPSource = netip.MustParseAddr("10.0.1.1")
	c.legA.SetRemote(r)
	for range 20 {
		mallory.send(c.legA.LocalRTP())
		mallory.rtcp.Send(c.legA.LocalRTCP(), append(mallory.report(), make([]byte, 14)...))
		c.net.Advance(20 * time.Millisecond)
	}
	if s := c.legA.Stats(); s.State != relay.Learning || s.Dropped[relay.DropAuth] != 20 {
		t.Fatalf("after forged packets %v, drops %v", s.State, s.Dropped)
	}
	for range 5 {
		c.say(c.a.packet())
	}
	if s := c.legA.Stats(); s.State != relay.Locked || s.Remote != c.a.rtp.Addr() {
		t.Errorf("the phone: %v on %v", s.State, s.Remote)
	}
	// The phone's own IP address is not enough for its RTCP port either.
	neighbour := b.phone("10.0.1.1:6000", 0xa)
	neighbour.rtcp.Send(c.legA.LocalRTCP(), append(neighbour.report(), make([]byte, 14)...))
	c.net.Advance(20 * time.Millisecond)
	c.a.rtcp.Send(c.legA.LocalRTCP(), c.va.seal(c.a.report()))
	c.net.Advance(20 * time.Millisecond)
	if s := c.legA.Stats(); s.RTCPReceived.Packets != 1 || s.RemoteRTCP != c.a.rtcp.Addr() || s.Dropped[relay.DropAuth] != 21 {
		t.Errorf("RTCP: %d received, remote %v, drops %v", s.RTCPReceived.Packets, s.RemoteRTCP, s.Dropped)
	}
}

func TestRekeyLosesNothing(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(srtp.AES128CM80, srtp.AES128CM80)
	for range 50 {
		c.say(c.a.packet())
	}
	late := c.va.seal(c.a.packet())
	old := c.va
	c.va = newVault(t, srtp.AES256GCM) // another profile too
	c.agree()
	c.agree() // saying it again changes nothing
	c.a.rtp.Send(c.legA.LocalRTP(), late)
	c.net.Advance(20 * time.Millisecond)
	if c.heardAtB() == "" {
		t.Error("what was on its way under the old key was lost")
	}
	for i := range 100 {
		if p := c.a.packet(); c.say(p) != string(p) {
			t.Fatalf("packet %d under the new key was lost", i)
		}
	}
	c.a.rtp.Send(c.legA.LocalRTP(), old.seal(c.a.packet()))
	c.net.Advance(20 * time.Millisecond)
	if got := c.heardAtB(); got != "" {
		t.Errorf("the old key is good for ever: %q", got)
	}
	if s := c.legA.Stats(); s.Dropped[relay.DropAuth] != 1 || s.Dropped.Total() != 1 {
		t.Errorf("drops %v", s.Dropped)
	}
	for i := range 100 {
		back := c.b.packet()
		c.b.rtp.Send(c.legB.LocalRTP(), c.vb.seal(bytes.Clone(back)))
		c.net.Advance(20 * time.Millisecond)
		if b, _, ok := c.a.rtp.Receive(); !ok || !bytes.Equal(c.va.open(b), back) {
			t.Fatalf("packet %d to the re-keyed phone: %x", i, b)
		}
	}
}

func TestPlainInBetweenOpensNoReplay(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(srtp.AES128CM80, srtp.AES128CM80)
	first := c.va.seal(c.a.packet())
	c.a.rtp.Send(c.legA.LocalRTP(), bytes.Clone(first))
	c.net.Advance(20 * time.Millisecond)
	if c.heardAtB() == "" {
		t.Fatal("not heard")
	}
	secure := c.va
	c.va = newVault(t, 0)
	c.agree()
	if p := c.a.packet(); c.say(p) != string(p) {
		t.Fatal("plain was not heard")
	}
	c.va = secure
	c.agree()
	c.a.rtp.Send(c.legA.LocalRTP(), first)
	c.net.Advance(20 * time.Millisecond)
	if got := c.heardAtB(); got != "" {
		t.Errorf("a packet of before was heard again: %q", got)
	}
	if p := c.a.packet(); c.say(p) != string(p) {
		t.Error("the phone was not heard again")
	}
}

func TestSecureCallMoves(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(srtp.AES128CM80, srtp.AES128GCM)
	for i := range 200 {
		if i%10 == 0 {
			if err := c.legA.Move(i / 10 % 2); err != nil {
				t.Fatal(err)
			}
		}
		if p := c.a.packet(); c.say(p) != string(p) {
			t.Fatalf("packet %d was lost", i)
		}
	}
}

func TestSecureLegTransformsAndWrites(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(srtp.AES128CM80, srtp.AES256CM32)
	m := relay.NewPayloadMap()
	m[0] = relay.Action{PayloadType: 8, Transform: invert{}}
	if err := c.legA.SetRoute(relay.Route{To: c.legB, Map: m}); err != nil {
		t.Fatal(err)
	}
	p := c.a.packet()
	got := c.say(p)
	want := bytes.Clone(p)
	rtp.SetPayloadType(want, 8)
	invert{}.Transform(want[12:], p[12:])
	if got != string(want) {
		t.Errorf("%q became %q", p, got)
	}
	own := make([]byte, rtp.HeaderSize+20)
	for i := range 300 { // more than a batch
		rtp.Header{SSRC: 7, SequenceNumber: uint16(i), PayloadType: 8}.Put(own)
		own[12] = byte(i)
		c.Do(c.legB.Shard(), func(*relay.Shard) { c.legB.WriteRTP(own) })
		c.net.Advance(time.Millisecond)
		if c.heardAtB() != string(own) {
			t.Fatalf("our own packet %d was not heard", i)
		}
	}
	if s := c.legB.Stats(); s.Unprotected != 0 || s.Sent.Packets != 301 {
		t.Errorf("%+v", s)
	}
}

func TestSourceThatStartsAgainIsHeard(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(0, srtp.AES128CM80)
	c.a.seq = 26000
	last := uint16(0)
	stream := func(n int) (heard int) {
		for range n {
			got := c.say(c.a.packet())
			if got == "" {
				continue
			}
			if got == "?" {
				t.Fatal("the peer cannot read what it gets")
			}
			heard++
			if seq := rtp.SequenceNumber([]byte(got)); last != 0 && seq != last+1 {
				t.Fatalf("number %d after %d", seq, last)
			} else {
				last = seq
			}
		}
		return heard
	}
	if n := stream(500); n != 500 {
		t.Fatalf("%d heard", n)
	}
	for i, from := range []uint16{900, 1000, 27000, 0, 65000} { // far back, a little back, ahead, and back again
		back := rtp.SeqLess(from, c.a.seq)
		c.a.seq = from
		if back {
			if n := stream(200); n != 197 {
				t.Fatalf("restart %d: %d of 200 heard, want all but three", i, n)
			}
			continue
		}
		last = 0
		if n := stream(200); n != 200 {
			t.Fatalf("jump %d: %d of 200 heard", i, n)
		}
	}
	before := c.legB.Stats().Unprotected
	p := c.a.packet()
	c.say(p)
	for range 10 {
		if got := c.say(p); got != "" { // the network repeats itself
			t.Fatalf("a repeated packet went out: %q", got)
		}
	}
	last++
	if n := stream(10); n != 10 {
		t.Errorf("after repeated packets %d of 10 heard", n)
	}
	if n := c.legB.Stats().Unprotected - before; n != 10 {
		t.Errorf("%d counted, want 10", n)
	}
}

// TestOtherStreamInBetween is hold and resume: a tone has its own SSRC, and the talker goes on when it is over, even
// after so long that its numbers have gone round.
func TestOtherStreamInBetween(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{}).secureCall(0, srtp.AES128CM80)
	c.a.seq = 60000
	for range 20 {
		c.say(c.a.packet())
	}
	tone := make([]byte, rtp.HeaderSize+20)
	for i := range 50 {
		rtp.Header{SSRC: 7, SequenceNumber: uint16(100 + i)}.Put(tone)
		c.Do(c.legB.Shard(), func(*relay.Shard) { c.legB.WriteRTP(tone) })
		c.net.Advance(20 * time.Millisecond)
		if c.heardAtB() != string(tone) {
			t.Fatalf("tone packet %d was not heard", i)
		}
	}
	for name, seq := range map[string]uint16{"soon": 60100, "after one turn less a little": 59900} {
		c.a.seq = seq
		heard := 0
		for range 20 {
			if got := c.say(c.a.packet()); strings.HasSuffix(got, "\x00") {
				heard++
			}
		}
		if heard < 17 {
			t.Errorf("%s: %d of 20 heard", name, heard)
		}
	}
}

func TestKeysAreCheckedAndHidden(t *testing.T) {
	good := newKey(t, srtp.AES128CM80)
	bad := good
	bad.Salt = bad.Salt[:3]
	if _, err := relay.NewKeys(good, bad); err == nil {
		t.Error("a key with a short salt was taken to send with")
	}
	if _, err := relay.NewKeys(srtp.Key{}, good); err == nil {
		t.Error("no key was taken to receive with")
	}
	k := keys(t, good, newKey(t, srtp.AES256GCM))
	for _, text := range []string{fmt.Sprintf("%v", k), fmt.Sprintf("%+v %d %x", k, k, k), fmt.Sprintf("%+v", relay.Remote{Keys: k})} {
		if strings.Contains(text, good.Inline()) || strings.Contains(text, fmt.Sprint(good.Master)) || strings.Contains(text, fmt.Sprintf("%x", good.Master)) {
			t.Errorf("a key was printed: %s", text)
		}
	}
	if in, out := k.Profiles(); in != srtp.AES128CM80 || out != srtp.AES256GCM {
		t.Errorf("profiles %v and %v", in, out)
	}
	if in, out := (*relay.Keys)(nil).Profiles(); in.Valid() || out.Valid() {
		t.Error("plain RTP has a profile")
	}
}
