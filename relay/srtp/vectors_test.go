package srtp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 3711 B.3 and RFC 6188 7.2 to 7.4.
func TestDeriveGivesTheSessionKeysOfTheRFCs(t *testing.T) {
	const (
		master128 = "E1F97A0D3E018BE0D64FA32C06DE4139"
		salt128   = "0EC675AD498AFEEBB6960B3AABE6"
		master256 = "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6"
		salt256   = "3b04803de51ee7c96423ab5b78d2"
	)
	for _, tt := range []struct {
		name, master, salt string
		label              label
		want               string
	}{
		{"128 key", master128, salt128, labelRTPKey, "C61E7A93744F39EE10734AFE3FF7A087"},
		{"128 salt", master128, salt128, labelRTPSalt, "30CBBC08863D8C85D49DB34A9AE1"},
		{"128 auth", master128, salt128, labelRTPAuth, `CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
			E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25 6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`},
		{"256 key", master256, salt256, labelRTPKey, "5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4"},
		{"256 salt", master256, salt256, labelRTPSalt, "fa31791685ca444a9e07c6c64e93"},
		{"256 auth", master256, salt256, labelRTPAuth, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := unhex(t, tt.want)
			got := make([]byte, len(want))
			kdf, err := newKDF(unhex(t, tt.master), unhex(t, tt.salt))
			if err != nil {
				t.Fatal(err)
			}
			kdf.derive(got, tt.label)
			if !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

// RFC 3711 B.2 and RFC 6188 7.1: 0xff02 blocks of keystream, of which the first and the
// last three are given. Both keystreams must give them, in one piece and entered late.
func TestKeystreamIsThatOfTheRFCs(t *testing.T) {
	const counter = "F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"
	for _, tt := range []struct{ name, key, first, last string }{
		{
			"AES-128", "2B7E151628AED2A6ABF7158809CF4F3C",
			"E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0",
			"EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44",
		},
		{
			"AES-256", "57f82fe3613fd170a85ec93c40b1f092 2ec4cb0dc025b58272147cc438944a98",
			"92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31",
			"cea518c90fd91ced9cbb18c078a54711 3dbc4814f4da5f00a08772b63c6a046d 6eb246913062a16891433e97dd01a57f",
		},
	} {
		block, err := aes.NewCipher(unhex(t, tt.key))
		if err != nil {
			t.Fatal(err)
		}
		for name, ks := range map[string]keystream{
			"reference": newBlockCTR(block, unhex(t, counter)),
			"in use":    newKeystream(block, unhex(t, counter)),
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				all := make([]byte, 0xff02*16)
				ks.XORKeyStreamAt(all, all, 0)
				if first := unhex(t, tt.first); !bytes.Equal(all[:48], first) {
					t.Errorf("first blocks %x, want %x", all[:48], first)
				}
				last := unhex(t, tt.last)
				if at := 0xfeff * 16; !bytes.Equal(all[at:], last) {
					t.Errorf("last blocks %x, want %x", all[at:], last)
				}
				late := make([]byte, 48)
				ks.XORKeyStreamAt(late, late, 0xfeff*16)
				if !bytes.Equal(late, last) {
					t.Errorf("entered late %x, want %x", late, last)
				}
			})
		}
	}
}

// The fast keystream must be the one in use where Go has assembly for it; should a Go
// release hide it better, this tells.
func TestKeystreamInUseIsTheFastOne(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if ks, slow := newKeystream(block, make([]byte, 16)).(*blockCTR); slow {
		t.Errorf("newKeystream fell back to %T", ks)
	}
}

func TestKeystreamUnwrapsOnlyWhatItKnows(t *testing.T) {
	for name, stream := range map[string]cipher.Stream{
		"pointer":    &struct{ cipher.Stream }{},
		"two fields": twoFields{},
		"other":      struct{ *otherStream }{&otherStream{}},
	} {
		if _, ok := unwrapKeystream(stream); ok {
			t.Errorf("%s: unwrapped", name)
		}
	}
}

type twoFields struct {
	cipher.Stream
	_ *int
}

type otherStream struct{}

func (otherStream) XORKeyStream(_, _ []byte) {}

func TestMACIsHMACSHA1(t *testing.T) {
	key := unhex(t, "000102030405060708090a0b0c0d0e0f10111213")
	m := newMAC()
	k := m.key(key)
	for n := range 300 {
		message := bytes.Repeat([]byte{byte(n)}, n)
		for _, extra := range [][]byte{nil, {1, 2, 3, 4}} {
			h := hmac.New(sha1.New, key)
			h.Write(message)
			h.Write(extra)
			if got, want := m.sum(&k, message, extra), h.Sum(nil); !bytes.Equal(got, want) {
				t.Fatalf("%d+%d bytes: %x, want %x", n, len(extra), got, want)
			}
		}
	}
}

// galoisOf makes the cipher from session keys, as RFC 7714's vectors give them.
func galoisOf(t *testing.T, key, salt []byte) *galois {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return &galois{rtp: aead, rtpSalt: [12]byte(salt), rtcp: aead, rtcpSalt: [12]byte(salt)}
}

// RFC 7714 16 and 17.
func TestGCMPacketsAreThoseOfTheRFC(t *testing.T) {
	const (
		salt = "517569642070726f2071756f"
		rtp  = `8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
			69736120 696e2070 61727465 73207472 6573`
		rtcp = `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
			deadbeef deadbeef deadbeef deadbeef deadbeef`
		word = 0x5d4
	)
	for _, tt := range []struct{ name, key, srtp, srtcp, tagged string }{
		{
			"AEAD_AES_128_GCM", "000102030405060708090a0b0c0d0e0f",
			`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
			0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
			`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
			c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
			`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
			deadbeef deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4`,
		},
		{
			"AEAD_AES_256_GCM", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			`8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238
			9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
			`81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50
			a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
			`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
			deadbeef deadbeef deadbeef deadbeef deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := ParseProfile(tt.name)
			if !ok {
				t.Fatal("unknown suite")
			}
			makeContext := func() *Context {
				return &Context{current: &session{tagLen: p.TagLen(), rtcpTag: p.RTCPTagLen(), gcm: galoisOf(t, unhex(t, tt.key), unhex(t, salt))}}
			}
			out := make([]byte, 200)

			n, err := makeContext().ProtectRTP(out, unhex(t, rtp))
			if want := unhex(t, tt.srtp); err != nil || !bytes.Equal(out[:n], want) {
				t.Errorf("SRTP %x, %v\nwant %x", out[:n], err, want)
			}
			n, err = makeContext().UnprotectRTP(out, unhex(t, tt.srtp))
			if want := unhex(t, rtp); err != nil || !bytes.Equal(out[:n], want) {
				t.Errorf("RTP %x, %v\nwant %x", out[:n], err, want)
			}

			sender := makeContext()
			st, _ := sender.current.add(0x4d617273)
			st.rtcpIndex = word - 1
			n, err = sender.ProtectRTCP(out, unhex(t, rtcp))
			if want := unhex(t, tt.srtcp); err != nil || !bytes.Equal(out[:n], want) {
				t.Errorf("SRTCP %x, %v\nwant %x", out[:n], err, want)
			}
			for name, packet := range map[string]string{"encrypted": tt.srtcp, "tagged only": tt.tagged} {
				n, err = makeContext().UnprotectRTCP(out, unhex(t, packet))
				if want := unhex(t, rtcp); err != nil || !bytes.Equal(out[:n], want) {
					t.Errorf("RTCP, %s: %x, %v\nwant %x", name, out[:n], err, want)
				}
				changed := unhex(t, packet)
				changed[20] ^= 1
				if _, err = makeContext().UnprotectRTCP(out, changed); err != ErrAuth {
					t.Errorf("RTCP, %s, changed: %v, want ErrAuth", name, err)
				}
			}
		})
	}
}
