package srtp

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"testing"

	pion "github.com/pion/srtp/v2"
)

// pionProfiles are pion's names for ours.
var pionProfiles = map[Profile]pion.ProtectionProfile{
	AES128CM80: pion.ProtectionProfileAes128CmHmacSha1_80,
	AES128CM32: pion.ProtectionProfileAes128CmHmacSha1_32,
	AES256CM80: pion.ProtectionProfileAes256CmHmacSha1_80,
	AES256CM32: pion.ProtectionProfileAes256CmHmacSha1_32,
	AES128GCM:  pion.ProtectionProfileAeadAes128Gcm,
	AES256GCM:  pion.ProtectionProfileAeadAes256Gcm,
}

func newTestKey(t testing.TB, p Profile) Key {
	t.Helper()
	k, err := NewKey(p, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newTestContext(t testing.TB, k Key) *Context {
	t.Helper()
	c, err := New(k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newPion(t testing.TB, k Key, opts ...pion.ContextOption) *pion.Context {
	t.Helper()
	if len(k.MKI) > 0 {
		opts = append(opts, pion.MasterKeyIndicator(k.MKI))
	}
	c, err := pion.CreateContext(k.Master, k.Salt, pionProfiles[k.Profile], opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rtpPacket makes a packet whose payload tells its SSRC and number.
func rtpPacket(ssrc uint32, seq uint16, payload int) []byte {
	p := make([]byte, 12+payload)
	p[0], p[1] = 0x80, 0
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	for i := range payload {
		p[12+i] = byte(int(seq)*7 + i)
	}
	return p
}

// rtcpPacket makes a receiver report with one block.
func rtcpPacket(ssrc uint32) []byte {
	p := make([]byte, 32)
	p[0], p[1], p[3] = 0x81, 201, 7
	binary.BigEndian.PutUint32(p[4:], ssrc)
	for i := 8; i < len(p); i++ {
		p[i] = byte(i)
	}
	return p
}

// shapes are packets with everything that may stand before and in a payload.
func shapes() [][]byte {
	var all [][]byte
	seq := uint16(1000)
	for _, payload := range []int{0, 1, 15, 16, 17, 127, 128, 129, 160, 1300} {
		all = append(all, rtpPacket(7, seq, payload))
		seq++
	}
	csrc := rtpPacket(7, seq, 8+160)
	csrc[0] |= 2
	extension := rtpPacket(7, seq+1, 12+160)
	extension[0] |= 0x10
	copy(extension[12:], []byte{0xbe, 0xde, 0, 2, 0x10, 0xff, 0x21, 1, 2, 0, 0, 0})
	padding := rtpPacket(7, seq+2, 160)
	padding[0] |= 0x20
	padding[len(padding)-1] = 4
	return append(all, csrc, extension, padding)
}

func eachProfile(t *testing.T, f func(t *testing.T, k Key)) {
	for _, p := range Profiles() {
		t.Run(p.String(), func(t *testing.T) { f(t, newTestKey(t, p)) })
		t.Run(p.String()+" with MKI", func(t *testing.T) {
			k := newTestKey(t, p)
			k.MKI = []byte{0, 0, 1, 2}
			f(t, k)
		})
	}
}

func TestRTPIsWhatPionMakesAndReads(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		ours, theirs := newTestContext(t, k), newPion(t, k)
		oursBack, theirsBack := newTestContext(t, k), newPion(t, k)
		for i, packet := range shapes() {
			want, err := theirs.EncryptRTP(nil, packet, nil)
			if err != nil {
				t.Fatal(err)
			}
			dst := make([]byte, len(packet)+Overhead)
			source := packet
			if i%2 == 0 { // in place
				source = dst[:copy(dst, packet)]
			}
			n, err := ours.ProtectRTP(dst, source)
			if err != nil || !bytes.Equal(dst[:n], want) {
				t.Fatalf("packet %d: protected %x, %v\npion %x", i, dst[:n], err, want)
			}
			back, err := theirsBack.DecryptRTP(nil, dst[:n], nil)
			if err != nil || !bytes.Equal(back, packet) {
				t.Fatalf("packet %d: pion got %x, %v", i, back, err)
			}
			source = dst[:n]
			if i%2 == 1 { // apart
				dst = make([]byte, len(packet))
			}
			n, err = oursBack.UnprotectRTP(dst, source)
			if err != nil || !bytes.Equal(dst[:n], packet) {
				t.Fatalf("packet %d: unprotected %x, %v\nwant %x", i, dst[:n], err, packet)
			}
		}
	})
}

func TestRTCPIsWhatPionMakesAndReads(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		ours, theirs := newTestContext(t, k), newPion(t, k)
		oursBack, theirsBack := newTestContext(t, k), newPion(t, k)
		for i := range 6 {
			packet := rtcpPacket(uint32(1 + i%2))
			want, err := theirs.EncryptRTCP(nil, packet, nil)
			if err != nil {
				t.Fatal(err)
			}
			dst := make([]byte, len(packet)+Overhead)
			source := packet
			if i%3 == 0 {
				source = dst[:copy(dst, packet)]
			}
			n, err := ours.ProtectRTCP(dst, source)
			if err != nil || !bytes.Equal(dst[:n], want) {
				t.Fatalf("packet %d: protected %x, %v\npion %x", i, dst[:n], err, want)
			}
			back, err := theirsBack.DecryptRTCP(nil, dst[:n], nil)
			if err != nil || !bytes.Equal(back, packet) {
				t.Fatalf("packet %d: pion got %x, %v", i, back, err)
			}
			source = dst[:n]
			if i%3 == 1 {
				dst = make([]byte, len(packet))
			}
			n, err = oursBack.UnprotectRTCP(dst, source)
			if err != nil || !bytes.Equal(dst[:n], packet) {
				t.Fatalf("packet %d: unprotected %x, %v\nwant %x", i, dst[:n], err, packet)
			}
		}
	})
}

func TestUnencryptedRTCPOfPionIsRead(t *testing.T) {
	eachProfile(t, func(t *testing.T, k Key) {
		theirs, ours := newPion(t, k, pion.SRTCPNoEncryption()), newTestContext(t, k)
		for i := range 3 {
			packet := rtcpPacket(9)
			protected, err := theirs.EncryptRTCP(nil, packet, nil)
			if err != nil {
				t.Fatal(err)
			}
			dst := make([]byte, len(packet))
			if n, err := ours.UnprotectRTCP(dst, protected); err != nil || !bytes.Equal(dst[:n], packet) {
				t.Fatalf("packet %d: %x, %v", i, dst[:n], err)
			}
		}
	})
}

func ExampleContext() {
	key, _ := NewKey(AES128CM80, rand.Reader)
	sender, _ := New(key)
	receiver, _ := New(key)

	buffer := make([]byte, 1500)
	n := copy(buffer, rtpPacket(1, 1, 160))
	n, _ = sender.ProtectRTP(buffer, buffer[:n])
	fmt.Println(n)
	n, err := receiver.UnprotectRTP(buffer, buffer[:n])
	fmt.Println(n, err)
	// Output:
	// 182
	// 172 <nil>
}
