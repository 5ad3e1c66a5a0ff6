package srtp

import (
	"bytes"
	"testing"
)

// fixedKey is the same in every run, so that a found input stays one.
func fixedKey(p Profile) Key {
	b := make([]byte, p.KeyLen()+p.SaltLen())
	for i := range b {
		b[i] = byte(i * 11)
	}
	return keyFrom(p, b)
}

func fuzzUnprotect(f *testing.F, protect, unprotect func(c *Context, dst, packet []byte) (int, error), plain []byte) {
	for i, p := range Profiles() {
		c, err := New(fixedKey(p))
		if err != nil {
			f.Fatal(err)
		}
		b := make([]byte, 300)
		n, err := protect(c, b, plain)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), false, b[:n])
		f.Add(byte(i), true, b[:n-1])
		f.Add(byte(i), true, plain)
		f.Add(byte(i), true, plain[:9])
	}
	f.Fuzz(func(t *testing.T, which byte, twoKeys bool, packet []byte) {
		profile := Profiles()[int(which)%len(Profiles())]
		c := newTestContext(t, fixedKey(profile))
		if which&0x80 != 0 {
			k := fixedKey(profile)
			k.MKI = []byte{1, 2}
			c = newTestContext(t, k)
		}
		if twoKeys {
			c.current.authenticated = 1
			if err := c.Rekey(fixedKey(AES256GCM)); err != nil {
				t.Fatal(err)
			}
		}
		dst, original := make([]byte, len(packet)), bytes.Clone(packet)
		n, err := unprotect(c, dst, packet)
		if err == nil && n > len(packet) {
			t.Fatalf("%d bytes out of %d", n, len(packet))
		}
		if err != nil && len(c.AppendState(nil)) != 0 {
			t.Fatalf("state after %v", err)
		}
		if !bytes.Equal(packet, original) {
			t.Fatal("packet changed")
		}
		if err != nil {
			return
		}
		inPlace := bytes.Clone(original)
		fresh := newTestContext(t, fixedKey(profile))
		if m, err := unprotect(fresh, inPlace, inPlace); err == nil && (m != n || !bytes.Equal(inPlace[:m], dst[:n])) {
			t.Fatalf("in place %x, apart %x", inPlace[:m], dst[:n])
		}
		if _, err := unprotect(c, dst, packet); err != ErrReplay {
			t.Fatalf("again: %v", err)
		}
	})
}

func FuzzUnprotectRTP(f *testing.F) {
	fuzzUnprotect(f, (*Context).ProtectRTP, (*Context).UnprotectRTP, rtpPacket(1, 1, 20))
}

func FuzzUnprotectRTCP(f *testing.F) {
	fuzzUnprotect(f, (*Context).ProtectRTCP, (*Context).UnprotectRTCP, rtcpPacket(1))
}

// FuzzProtectRTP sends what the network gave: it must be refused or come back as it was.
func FuzzProtectRTP(f *testing.F) {
	for _, p := range shapes() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, p := range []Profile{AES128CM80, AES128GCM} {
			sender, receiver := newTestContext(t, fixedKey(p)), newTestContext(t, fixedKey(p))
			b := make([]byte, len(packet)+Overhead)
			n, err := sender.ProtectRTP(b, packet)
			if err != nil {
				continue
			}
			if n, err = receiver.UnprotectRTP(b, b[:n]); err != nil || !bytes.Equal(b[:n], packet) {
				t.Fatalf("%v: %x, %v, want %x", p, b[:n], err, packet)
			}
		}
	})
}

// FuzzSDES holds that what is parsed and usable can be written and parsed again.
func FuzzSDES(f *testing.F) {
	for _, line := range sdesLines {
		f.Add(line.in)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := ParseCrypto(line)
		if err != nil || c.Usable() != nil {
			return
		}
		again, err := ParseCrypto(c.Line())
		if err != nil {
			t.Fatalf("written line: %v", err)
		}
		if again.Line() != c.Line() || again.Usable() != nil {
			t.Fatal("the line changed")
		}
		if _, err := New(c.Key); err != nil {
			t.Fatal(err)
		}
	})
}
