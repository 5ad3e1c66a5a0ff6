package srtp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// key30 is 30 bytes, 0 to 29, in base64.
const key30 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"

// sdesLines are attributes as the RFC and phones write them. want is the line that we would
// write, empty when the line is malformed.
var sdesLines = []struct {
	name, in, want string
	usable         bool
}{
	{"RFC 4568", "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32",
		"1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|1048576|1:32", true},
	{"bare", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, true},
	{"with attribute name", "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "\r\n", "1 AES_CM_128_HMAC_SHA1_32 inline:" + key30, true},
	{"lower case, more blanks", " crypto:01  aes_cm_128_hmac_sha1_80\tINLINE:" + key30 + " ", "1 aes_cm_128_hmac_sha1_80 inline:" + key30, true},
	{"no padding", "2 AES_256_CM_HMAC_SHA1_80 inline:" + strings.Repeat("A", 62), "2 AES_256_CM_HMAC_SHA1_80 inline:" + strings.Repeat("A", 62) + "==", true},
	{"wrong padding", "2 AEAD_AES_128_GCM inline:" + strings.Repeat("A", 38) + "=", "2 AEAD_AES_128_GCM inline:" + strings.Repeat("A", 38) + "==", true},
	{"padded", "2 AEAD_AES_256_GCM inline:" + strings.Repeat("A", 59) + "=", "2 AEAD_AES_256_GCM inline:" + strings.Repeat("A", 59) + "=", true},
	{"URL alphabet", "1 AES_CM_128_HMAC_SHA1_80 inline:--__" + key30[4:], "1 AES_CM_128_HMAC_SHA1_80 inline:++//" + key30[4:], true},
	{"swapped suite name", "1 AES_CM_256_HMAC_SHA1_80 inline:" + strings.Repeat("A", 62), "1 AES_CM_256_HMAC_SHA1_80 inline:" + strings.Repeat("A", 62) + "==", true},
	{"lifetime only", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^48", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|281474976710656", true},
	{"MKI only", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|66051:4", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|66051:4", true},
	{"MKI of zero", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|0:2", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|0:2", true},
	{"ignorable parameters", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=0 WSH=256 -extra=9", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=0 WSH=256 -extra=9", true},

	{"unencrypted", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP", false},
	{"unencrypted RTCP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTCP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTCP", false},
	{"unauthenticated", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNAUTHENTICATED_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNAUTHENTICATED_SRTP", false},
	{"key derivation rate", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=1", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=1", false},
	{"unknown parameter", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " FEC_ORDER=FEC_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " FEC_ORDER=FEC_SRTP", false},
	{"several keys", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:1;inline:" + key30 + "|2:1", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:1", false},
	{"unknown suite", "1 F8_128_HMAC_SHA1_80 inline:" + key30, "1 F8_128_HMAC_SHA1_80 inline:", false},

	{"empty", "", "", false},
	{"two fields", "1 AES_CM_128_HMAC_SHA1_80", "", false},
	{"no tag", "x AES_CM_128_HMAC_SHA1_80 inline:" + key30, "", false},
	{"negative tag", "-1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "", false},
	{"long tag", "1234567890 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "", false},
	{"other method", "1 AES_CM_128_HMAC_SHA1_80 uri:" + key30, "", false},
	{"short key", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30[:36], "", false},
	{"long key", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "AAAA", "", false},
	{"no base64", "1 AES_CM_128_HMAC_SHA1_80 inline:****" + key30[4:], "", false},
	{"four parts", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:1|2:1", "", false},
	{"bad lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^49", "", false},
	{"zero lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|0", "", false},
	{"MKI too big for its length", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|256:1", "", false},
	{"MKI too long", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:129", "", false},
	{"MKI without length", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:", "", false},
	{"MKI without number", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|:1", "", false},
	{"MKI in hex", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|a:1", "", false},
	{"long line", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + strings.Repeat(" ", 1024) + "WSH=64", "", false},
}

func TestParseCrypto(t *testing.T) {
	for _, tt := range sdesLines {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseCrypto(tt.in)
			if tt.want == "" {
				if err == nil {
					t.Fatalf("parsed as %s", c.Line())
				}
				if strings.Contains(err.Error(), key30[4:20]) {
					t.Errorf("the error tells the key: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Line() != tt.want {
				t.Errorf("written %s\nwant    %s", c.Line(), tt.want)
			}
			if err := c.Usable(); (err == nil) != tt.usable {
				t.Errorf("usable: %v, want %v", err, tt.usable)
			}
		})
	}
}

func TestParseCryptoReadsEveryPart(t *testing.T) {
	c, err := ParseCrypto("7 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "|2^31|66051:4 WSH=128")
	if err != nil {
		t.Fatal(err)
	}
	key, _ := base64.StdEncoding.DecodeString(key30)
	if c.Tag != 7 || c.Key.Profile != AES128CM32 || c.Lifetime != 1<<31 || !slices.Equal(c.Params, []string{"WSH=128"}) ||
		!bytes.Equal(c.Key.Master, key[:16]) || !bytes.Equal(c.Key.Salt, key[16:]) || !bytes.Equal(c.Key.MKI, []byte{0, 1, 2, 3}) {
		t.Errorf("parsed %s", c.Line())
	}
}

func TestKeysAreNeverPrinted(t *testing.T) {
	c, err := ParseCrypto("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{c, &c, c.Key, &c.Key, []Crypto{c}, struct{ K Key }{c.Key}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("key", "value", value)
		for _, secret := range []string{key30, "000102", "0 1 2", "0x0, 0x1, 0x2", `\x00\x01`} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%T printed as %s", value, out.String())
			}
		}
	}
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("key", "value", c, "key", c.Key, "list", []Crypto{c}, "struct", struct{ K Key }{c.Key})
	if strings.Contains(out.String(), "AAECAwQF") || strings.Contains(out.String(), "Master") {
		t.Errorf("logged as %s", out.String())
	}
}

func TestMKINumbersAreWrittenAsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mki := rapid.SliceOfN(rapid.Byte(), 1, MaxMKI).Draw(t, "mki")
		again, ok := parseMKI(formatMKI(mki), fmt.Sprint(len(mki)))
		if !ok || !bytes.Equal(again, mki) {
			t.Fatalf("%x written as %s, read as %x", mki, formatMKI(mki), again)
		}
	})
}

// Two parties agree, each of the profiles in turn, and can talk both ways.
func TestOfferAndAnswerGiveContextsThatTalk(t *testing.T) {
	for _, p := range Profiles() {
		offer, err := Offer(Profiles(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for i, c := range offer {
			if c.Tag != uint32(i+1) || c.Usable() != nil {
				t.Fatalf("offered %v", c)
			}
			lines = append(lines, c.Line())
		}

		chosen, err := Select(ParseOffer(lines), []Profile{p})
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		answer, err := chosen.Answer(newTestKey(t, p))
		if err != nil {
			t.Fatal(err)
		}

		received, err := ParseCrypto(answer.Line())
		if err != nil {
			t.Fatal(err)
		}
		local, err := Accept(offer, received)
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		talk(t, newTestContext(t, local.Key), newTestContext(t, chosen.Key), 1, 5)
		talk(t, newTestContext(t, answer.Key), newTestContext(t, received.Key), 1, 5)
	}
}

func TestSelectTakesTheOfferersOrderAndSkipsWhatWeRefuse(t *testing.T) {
	offer := ParseOffer([]string{
		"rubbish",
		"1 F8_128_HMAC_SHA1_80 inline:" + key30,
		"2 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP",
		"3 AES_CM_128_HMAC_SHA1_32 inline:" + key30,
		"4 aes_cm_128_hmac_sha1_80 inline:" + key30,
	})
	for _, tt := range []struct {
		accept []Profile
		tag    uint32
		err    error
	}{
		{[]Profile{AES128CM80, AES128CM32}, 3, nil},
		{[]Profile{AES128CM80}, 4, nil},
		{[]Profile{AES256GCM}, 0, ErrNoCommonSuite},
		{nil, 0, ErrNoCommonSuite},
	} {
		c, err := Select(offer, tt.accept)
		if c.Tag != tt.tag || err != tt.err {
			t.Errorf("accepting %v: %v, %v, want %d, %v", tt.accept, c, err, tt.tag, tt.err)
		}
		if tt.tag == 4 {
			answer, err := c.Answer(newTestKey(t, AES128CM80))
			if err != nil || answer.Suite != "aes_cm_128_hmac_sha1_80" || answer.Tag != 4 {
				t.Errorf("answer %v, %v: want tag and suite as offered", answer, err)
			}
		}
	}
}

func TestAnswerRefusesAKeyOfAnotherProfile(t *testing.T) {
	chosen, err := ParseCrypto("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chosen.Answer(newTestKey(t, AES128CM32)); !errors.Is(err, ErrNoCommonSuite) {
		t.Errorf("other profile: %v", err)
	}
	if _, err := chosen.Answer(Key{}); err == nil {
		t.Error("no key: no error")
	}
}

func TestAcceptFindsTheOfferedLine(t *testing.T) {
	offer, err := Offer([]Profile{AES128CM80, AES128CM32, AES256CM80}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	twice := append(slices.Clone(offer), Crypto{Tag: 4, Suite: AES128CM80.String(), Key: newTestKey(t, AES128CM80)})
	for _, tt := range []struct {
		name   string
		offer  []Crypto
		answer string
		tag    uint32
	}{
		{"by tag", offer, "2 AES_CM_128_HMAC_SHA1_32 inline:" + key30, 2},
		{"by its only suite", offer, "1 AES_CM_128_HMAC_SHA1_32 inline:" + key30, 2},
		{"tag among two of the suite", twice, "4 AES_CM_128_HMAC_SHA1_80 inline:" + key30, 4},
		{"no tag among two of the suite", twice, "9 AES_CM_128_HMAC_SHA1_80 inline:" + key30, 0},
		{"not offered", offer, "1 AEAD_AES_128_GCM inline:" + strings.Repeat("A", 38), 0},
		{"refused parameter", offer, "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNAUTHENTICATED_SRTP", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer, err := ParseCrypto(tt.answer)
			if err != nil {
				t.Fatal(err)
			}
			local, err := Accept(tt.offer, answer)
			if tt.tag == 0 {
				if !errors.Is(err, ErrNoCommonSuite) {
					t.Errorf("accepted %v, %v", local, err)
				}
			} else if err != nil || local.Tag != tt.tag {
				t.Errorf("accepted %v, %v, want tag %d", local, err, tt.tag)
			}
		})
	}
}

func TestParseOfferIsBounded(t *testing.T) {
	lines := slices.Repeat([]string{"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30}, 1000)
	if n := len(ParseOffer(lines)); n != maxCryptoLines {
		t.Errorf("%d lines, want %d", n, maxCryptoLines)
	}
}

func TestNewKeyNeedsRandomnessAndAProfile(t *testing.T) {
	if _, err := NewKey(AES128CM80, iotest.ErrReader(errors.New("dry"))); err == nil {
		t.Error("no randomness: no error")
	}
	if _, err := NewKey(0, rand.Reader); err == nil {
		t.Error("no profile: no error")
	}
	if _, err := Offer([]Profile{99}, rand.Reader); err == nil {
		t.Error("offer of no profile: no error")
	}
}

func TestKeyCheckNamesWhatIsWrong(t *testing.T) {
	good := newTestKey(t, AES128CM80)
	for name, spoil := range map[string]func(*Key){
		"no SRTP profile": func(k *Key) { k.Profile = 0 },
		"master key":      func(k *Key) { k.Master = k.Master[1:] },
		"salt":            func(k *Key) { k.Salt = nil },
		"MKI":             func(k *Key) { k.MKI = make([]byte, MaxMKI+1) },
	} {
		bad := good
		spoil(&bad)
		if _, err := New(bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProfilesAreFoundByEveryName(t *testing.T) {
	for _, p := range Profiles() {
		for _, name := range []string{p.String(), strings.ToLower(p.String())} {
			if got, ok := ParseProfile(name); !ok || got != p {
				t.Errorf("%s: %v, %v", name, got, ok)
			}
		}
		if !p.Valid() || p.KeyLen() == 0 || p.SaltLen() == 0 || p.TagLen() == 0 || p.RTCPTagLen() < 10 {
			t.Errorf("%v: %d %d %d %d", p, p.KeyLen(), p.SaltLen(), p.TagLen(), p.RTCPTagLen())
		}
	}
	for _, name := range []string{"", "NULL", "AES_CM_128_HMAC_SHA1_81"} {
		if p, ok := ParseProfile(name); ok {
			t.Errorf("%q is %v", name, p)
		}
	}
	if none := Profile(0); none.Valid() || none.KeyLen() != 0 || none.String() != "no SRTP profile" {
		t.Errorf("zero profile: %v", none)
	}
}
