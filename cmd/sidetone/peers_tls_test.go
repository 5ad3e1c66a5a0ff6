package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
	"sidetone/control/config"
)

// certificate writes one for 127.0.0.1, signed by itself, and its key: apart and together.
func certificate(t *testing.T) (cert, key, both string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	check(t, err)
	secret, err := x509.MarshalECPrivateKey(private)
	check(t, err)
	c := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	k := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	dir := t.TempDir()
	cert, key, both = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "both.pem")
	check(t, os.WriteFile(cert, c, 0o600))
	check(t, os.WriteFile(key, k, 0o600))
	check(t, os.WriteFile(both, append(c, k...), 0o600))
	return cert, key, both
}

// TestBaresipsOverTLS lets real phones with certificates register over TLS and call each other with SRTP: the call
// comes down the connection the phone has registered over, and each hears the other through hold and resume.
func TestBaresipsOverTLS(t *testing.T) {
	peer.Need(t, "baresip")
	t.Parallel()
	cert, key, _ := certificate(t)
	shown, _, both := certificate(t)
	o := newOffice(t, 2, func(c *config.Config) {
		stationSRTP("required", "required")(c)
		c.SIP.Listen = append(c.SIP.Listen, "tls:127.0.0.1:0")
		c.SIP.TLS = config.TLS{Certificate: cert, Key: key, ClientCA: shown, Mutual: true}
	})
	var server string
	for _, a := range o.server.SIPAddresses() {
		if rest, ok := strings.CutPrefix(a, "tls:"); ok {
			server = rest
		}
	}
	var p phones
	for i := range 2 {
		b, err := peer.StartBaresip(soon(t), peer.BaresipConfig{
			Server: server, Transport: "tls", Certificate: both, SRTP: mustSRTP,
			Tel: fmt.Sprint(217 + i), UserID: fmt.Sprintf("s%d", 217+i), Password: fmt.Sprintf("secret-%d", 217+i),
			Tone: audio.Voices()[i], Dir: t.TempDir(),
		})
		check(t, err)
		t.Cleanup(func() { b.Close() })
		p = append(p, b)
	}
	for _, b := range p {
		check(t, b.WaitRegistered(soon(t)))
	}
	if table := o.get(t, "/v1/stations"); strings.Count(table, `"protocol":"tls"`) != 2 {
		t.Errorf("stations: %s", table)
	}
	a, b := p[0], p[1]
	check(t, a.Call(soon(t), b.Tel()))
	p.hears(t, a, b)
	p.hears(t, b, a)
	check(t, a.Hold(soon(t)))
	p.hears(t, a)
	check(t, a.Resume(soon(t)))
	p.hears(t, a, b)
	p.hears(t, b, a)
	if got := o.suitesOf(t); got["217"] != baresipSuite || got["218"] != baresipSuite {
		t.Errorf("encrypted by %v", got)
	}
	since := time.Now()
	check(t, b.Hangup(soon(t)))
	_, err := a.WaitEvent(soon(t), since, "CALL_CLOSED")
	check(t, err)
}
