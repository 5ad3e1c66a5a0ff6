package media

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"sidetone/codecs"
	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/srtp"
	"sidetone/relay/udp/udptest"
)

var profile80 = srtp.AES128CM80

// line is an a=crypto line of a fresh key.
func line(t *testing.T, tag uint32, p srtp.Profile) (srtp.Crypto, string) {
	t.Helper()
	k, err := srtp.NewKey(p, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := srtp.Crypto{Tag: tag, Suite: p.String(), Key: k}
	return c, "a=crypto:" + c.Line() + "\r\n"
}

// newLeg opens a leg on a relay in memory.
func newLeg(t *testing.T, s Security) *Leg {
	t.Helper()
	net := udptest.New(udptest.Config{})
	log := slog.New(slog.DiscardHandler)
	addr := netip.MustParseAddr("10.0.0.1")
	interfaces := []relay.Interface{{Name: "lan", Address: addr, FirstPort: 20000, LastPort: 20099}}
	r, err := relay.New(relay.Config{Shards: 1, Network: net, Clock: net.Now, Interfaces: interfaces, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- r.Run(t.Context()) }() // ended by Close
	t.Cleanup(func() { r.Close(); <-done })
	e := New(Config{Relay: r, Set: codecs.Builtin(), Interfaces: interfaces})
	l, err := e.Open(OpenConfig{ID: "leg", Peer: netip.MustParseAddr("10.0.0.9"), Security: s, Shard: -1})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const head = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"

var wanted = Local{Codecs: []sdp.Codec{pcmu, pcma}}

// audio parses a description of ours.
func audio(t *testing.T, b []byte) *sdp.Media {
	t.Helper()
	s, err := sdp.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return s.Audio()
}

func TestWhatIsAnsweredToAnOffer(t *testing.T) {
	_, crypto := line(t, 1, profile80)
	_, gcm := line(t, 7, srtp.AES256GCM)
	unknown := "a=crypto:1 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm\r\n"
	broken := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short\r\n"
	const plain, secure = "m=audio 4000 RTP/AVP 0 8\r\n", "m=audio 4000 RTP/SAVP 0 8\r\n"
	for _, c := range []struct {
		name, offer             string
		off, optional, required string // proto and suite of the answer, or "" for 488
	}{
		{"plain", plain, "RTP/AVP", "RTP/AVP", ""},
		{"SRTP", secure + crypto, "", "RTP/SAVP AES_CM_128_HMAC_SHA1_80", "RTP/SAVP AES_CM_128_HMAC_SHA1_80"},
		{"SRTP with feedback", "m=audio 4000 RTP/SAVPF 0\r\n" + gcm, "", "RTP/SAVPF AEAD_AES_256_GCM", "RTP/SAVPF AEAD_AES_256_GCM"},
		{"the choice", plain + crypto, "RTP/AVP", "RTP/AVP AES_CM_128_HMAC_SHA1_80", "RTP/AVP AES_CM_128_HMAC_SHA1_80"},
		{"its order counts", secure + gcm + crypto, "", "RTP/SAVP AEAD_AES_256_GCM", "RTP/SAVP AEAD_AES_256_GCM"},
		{"a suite of its own first", secure + unknown + crypto, "", "RTP/SAVP AES_CM_128_HMAC_SHA1_80", "RTP/SAVP AES_CM_128_HMAC_SHA1_80"},
		{"suites of its own alone", secure + unknown, "", "", ""},
		{"SRTP without keys", secure, "", "", ""},
		{"a broken key", secure + broken, "", "", ""},
		{"the choice with a broken key", plain + broken, "RTP/AVP", "RTP/AVP", ""},
		{"two sections", plain + strings.Replace(secure, "4000", "4002", 1) + crypto, "RTP/AVP", "RTP/SAVP AES_CM_128_HMAC_SHA1_80", "RTP/SAVP AES_CM_128_HMAC_SHA1_80"},
		{"two sections, the secure one of no use", secure + unknown + plain, "RTP/AVP", "RTP/AVP", ""},
		{"keys in the media path", "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AA\r\n", "", "", ""},
	} {
		for s, want := range map[Security]string{SecurityOff: c.off, SecurityOptional: c.optional, SecurityRequired: c.required} {
			t.Run(c.name+" to "+s.String(), func(t *testing.T) {
				l := newLeg(t, s)
				err := l.SetOffer([]byte(head + c.offer))
				if want == "" {
					if !errors.Is(err, ErrNotAcceptable) {
						t.Fatalf("taken: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				b, err := l.Answer(wanted)
				if err != nil {
					t.Fatal(err)
				}
				m := audio(t, b)
				got := m.Proto
				for _, v := range m.Crypto() {
					got += " " + strings.Fields(v)[1]
				}
				if got != want {
					t.Errorf("answered %s, want %s:\n%s", got, want, b)
				}
				if suite := strings.TrimPrefix(strings.TrimPrefix(want, m.Proto), " "); l.Suite() != suite || (l.remoteSet.Keys != nil) != (suite != "") {
					t.Errorf("suite %q, keys %v", l.Suite(), l.remoteSet.Keys)
				}
			})
		}
	}
}

func TestWhatIsOfferedAndTakenAsAnAnswer(t *testing.T) {
	for _, c := range []struct {
		security Security
		proto    string
		lines    int
	}{{SecurityOff, "RTP/AVP", 0}, {SecurityOptional, "RTP/AVP", 4}, {SecurityRequired, "RTP/SAVP", 4}} {
		t.Run(c.security.String(), func(t *testing.T) {
			m := audio(t, newLeg(t, c.security).Offer(wanted))
			if m.Proto != c.proto || len(m.Crypto()) != c.lines {
				t.Errorf("offered %s with %d lines", m.Proto, len(m.Crypto()))
			}
		})
	}
	answers := []struct {
		name, proto         string
		crypto              func(t *testing.T, offer []srtp.Crypto) string
		off, optional, must string // suite, "-" for plain, "" for refused
	}{
		{"plain", "RTP/AVP", nil, "-", "-", ""},
		{"SRTP", "RTP/SAVP", first, "", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"},
		{"the choice", "RTP/AVP", first, "-", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"},
		{"SRTP without keys", "RTP/SAVP", nil, "", "", ""},
		{"a line that we did not offer", "RTP/SAVP", foreign, "", "", ""},
		{"a line that makes no sense", "RTP/AVP", func(*testing.T, []srtp.Crypto) string { return "a=crypto:1 nonsense\r\n" }, "-", "", ""},
	}
	for _, c := range answers {
		for s, want := range map[Security]string{SecurityOff: c.off, SecurityOptional: c.optional, SecurityRequired: c.must} {
			t.Run(c.name+" from "+s.String(), func(t *testing.T) {
				l := newLeg(t, s)
				offer := srtp.ParseOffer(audio(t, l.Offer(wanted)).Crypto())
				body := head + "m=audio 4000 " + c.proto + " 0\r\n"
				if c.crypto != nil {
					body += c.crypto(t, offer)
				}
				err := l.SetAnswer([]byte(body))
				if want == "" {
					if !errors.Is(err, ErrNotAcceptable) || l.agreed.theirs != nil {
						t.Fatalf("taken: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := l.Suite(); got != strings.TrimPrefix(want, "-") {
					t.Errorf("suite %q, want %q", got, want)
				}
			})
		}
	}
}

// first answers the first line of an offer.
func first(t *testing.T, offer []srtp.Crypto) string {
	if len(offer) == 0 {
		_, text := line(t, 1, profile80)
		return text
	}
	_, text := line(t, offer[0].Tag, offer[0].Key.Profile)
	return text
}

func foreign(t *testing.T, _ []srtp.Crypto) string {
	_, text := line(t, 1, srtp.AES256CM32)
	return text
}

// TestKeysStayWithTheCall: who re-offers repeats the keys, the answer to a re-INVITE too; only the phone's own new
// key, or another suite, changes anything.
func TestKeysStayWithTheCall(t *testing.T) {
	l := newLeg(t, SecurityOptional)
	theirs, crypto := line(t, 4, profile80)
	answer := func(offer string) *sdp.Media {
		t.Helper()
		if err := l.SetOffer([]byte(head + offer)); err != nil {
			t.Fatal(err)
		}
		b, err := l.Answer(wanted)
		if err != nil {
			t.Fatal(err)
		}
		return audio(t, b)
	}
	mine := answer("m=audio 4000 RTP/AVP 0\r\n" + crypto).Crypto()[0]
	keys := l.remoteSet.Keys
	if !strings.HasPrefix(mine, "4 ") {
		t.Errorf("the line %q has not the offer's tag", mine)
	}
	hold := answer("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n" + crypto)
	if got := hold.Crypto()[0]; got != mine || l.remoteSet.Keys != keys {
		t.Error("hold changed a key")
	}
	again := audio(t, l.Offer(wanted))
	if got := again.Crypto(); len(got) != 1 || got[0] != mine || again.Proto != "RTP/AVP" {
		t.Errorf("our re-INVITE offers %d lines over %s", len(got), again.Proto)
	}
	if err := l.SetAnswer([]byte(head + "m=audio 4000 RTP/AVP 0\r\n" + crypto)); err != nil || l.remoteSet.Keys != keys {
		t.Errorf("its answer changed a key: %v", err)
	}

	other, renewed := line(t, 4, profile80)
	if got := answer("m=audio 4000 RTP/AVP 0\r\n" + renewed).Crypto()[0]; got != mine || l.remoteSet.Keys == keys || !l.agreed.peer.Equal(other.Key) {
		t.Error("the phone's new key was not taken, or ours changed")
	}
	keys = l.remoteSet.Keys
	if err := l.SetOffer([]byte(head + "m=audio 4000 RTP/AVP 18\r\n" + crypto)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Answer(wanted); err == nil {
		t.Fatal("a codec that we do not want was answered")
	}
	if l.remoteSet.Keys != keys || !l.agreed.peer.Equal(other.Key) || l.agreed.peer.Equal(theirs.Key) {
		t.Error("an offer that was refused changed the keys")
	}

	_, gcm := line(t, 1, srtp.AES256GCM)
	if got := answer("m=audio 4000 RTP/AVP 0\r\n" + gcm).Crypto()[0]; got == mine || l.Suite() != "AEAD_AES_256_GCM" {
		t.Errorf("another suite: %s", l.Suite())
	}
	if m := answer("m=audio 4000 RTP/AVP 0\r\n"); len(m.Crypto()) != 0 || l.Suite() != "" || l.remoteSet.Keys != nil {
		t.Error("the phone cannot leave SRTP")
	}
	if m := audio(t, l.Offer(wanted)); len(m.Crypto()) != 0 || m.Proto != "RTP/AVP" {
		t.Errorf("a plain call is offered SRTP: %s", m.Proto)
	}
	if got := answer("m=audio 4000 RTP/AVP 0\r\n" + crypto).Crypto()[0]; got == mine {
		t.Error("an old key of ours came back")
	}
}

func TestOfferFitsADatagram(t *testing.T) {
	l := newLeg(t, SecurityRequired)
	offer := l.Offer(Local{Codecs: l.engine.Everything()})
	const headers = 560 // of an INVITE of ours with names, measured with a few to spare
	if n := len(offer) + headers; n > 1300 {
		t.Errorf("an INVITE is about %d bytes, 1300 go safely over UDP (RFC 3261, 18.1.1):\n%s", n, offer)
	}
}

func TestParseSecurity(t *testing.T) {
	for _, s := range []Security{SecurityOff, SecurityOptional, SecurityRequired} {
		if got, err := ParseSecurity(s.String()); err != nil || got != s {
			t.Errorf("%v is read as %v, %v", s, got, err)
		}
	}
	if _, err := ParseSecurity("maybe"); err == nil || !strings.Contains(fmt.Sprint(err), "maybe") {
		t.Errorf("err = %v", err)
	}
}
