package sip

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// authority signs certificates for 127.0.0.1 and writes them to files.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, true)
	a.write("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

func (a *authority) sign(name string, ca bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<60))
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: ca, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) write(name, kind string, der []byte) string {
	file := filepath.Join(a.dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// issue writes name.pem and name.key.
func (a *authority) issue(name string) TLSFiles {
	a.t.Helper()
	cert, key := a.sign(name, false)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return TLSFiles{Certificate: a.write(name+".pem", "CERTIFICATE", cert.Raw), Key: a.write(name+".key", "EC PRIVATE KEY", der), ClientCA: filepath.Join(a.dir, "ca.pem")}
}

// client is a phone's side: it believes the authority, and shows the certificate of files when they name one.
func (a *authority) client(files TLSFiles) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c := &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
	if files.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
		if err != nil {
			a.t.Fatal(err)
		}
		// Shown whatever authorities the server names, as a phone does that has only the one.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c
}

func serveTLS(t *testing.T, files TLSFiles, c Config) *Stack {
	t.Helper()
	certs, err := LoadTLS(files, c.Logger)
	if err != nil {
		t.Fatal(err)
	}
	c.TLS, c.TLSClient = certs.Server(), certs.Client
	c.Listen = []string{"tls:127.0.0.1:0"}
	return serve(t, c)
}

// tlsPhone connects and says whether the server let it in, with an OPTIONS.
func tlsPhone(t *testing.T, s *Stack, config *tls.Config) (r *raw, err error) {
	t.Helper()
	conn, err := tls.Dial("tcp", s.addr(t, TLS).String(), config)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	r = &raw{t: t, conn: conn}
	text := strings.Replace(r.text(msg{method: "OPTIONS"}), "SIP/2.0/TCP", "SIP/2.0/TLS", 1)
	if _, err := conn.Write([]byte(wire(text))); err != nil {
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err == nil && !bytes.HasPrefix(buf[:n], []byte("SIP/2.0 200")) {
		t.Errorf("got %q", buf[:n])
	}
	return r, err
}

func TestWhoMayConnectByTLS(t *testing.T) {
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	known, unknown := ours.issue("phone"), others.issue("phone")
	for _, tt := range []struct {
		name        string
		mutual, any bool
		noCA        bool
		cert        TLSFiles
		in          bool
	}{
		{"no certificate asked, none shown", false, false, true, TLSFiles{}, true},
		{"known", false, false, false, known, true},
		{"unknown", false, false, false, unknown, false},
		{"unknown, any", false, true, false, unknown, true},
		{"mutual, none", true, false, false, TLSFiles{}, false},
		{"mutual, known", true, false, false, known, true},
		{"mutual, unknown", true, false, false, unknown, false},
		{"mutual, any: unknown", true, true, false, unknown, true},
		{"mutual, any: none", true, true, false, TLSFiles{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := ours.issue("server")
			files.Mutual, files.ValidateAny = tt.mutual, tt.any
			if tt.noCA {
				files.ClientCA = ""
			}
			s := serveTLS(t, files, Config{})
			if _, err := tlsPhone(t, s, ours.client(tt.cert)); (err == nil) != tt.in {
				t.Errorf("let in: %v (%v)", err == nil, err)
			}
		})
	}
	t.Run("TLS 1.1", func(t *testing.T) {
		s := serveTLS(t, ours.issue("server"), Config{})
		old := ours.client(TLSFiles{})
		old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		if _, err := tlsPhone(t, s, old); err == nil {
			t.Error("it was served")
		}
	})
}

// A changed certificate is served to the next connection; one that cannot be read changes nothing.
func TestCertificateIsReadAgain(t *testing.T) {
	a := newAuthority(t, "ca")
	files := a.issue("server")
	var log bytes.Buffer
	certs, err := LoadTLS(files, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	first := certs.current().own.Leaf.SerialNumber
	later := func() *big.Int { // as if a second had passed
		certs.mu.Lock()
		certs.looked = time.Time{}
		certs.mu.Unlock()
		return certs.current().own.Leaf.SerialNumber
	}
	a.issue("server")
	if err := os.Chtimes(files.Certificate, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if certs.current().own.Leaf.SerialNumber.Cmp(first) != 0 {
		t.Error("files are looked at for each connection")
	}
	second := later()
	if second.Cmp(first) == 0 {
		t.Fatal("the old certificate is served")
	}
	if err := os.WriteFile(files.Key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if later().Cmp(second) != 0 || !strings.Contains(log.String(), "cannot be used") {
		t.Errorf("after a broken key, log:\n%s", log.String())
	}
}

func TestTLSFilesThatCannotBeUsed(t *testing.T) {
	a := newAuthority(t, "ca")
	good, other := a.issue("server"), a.issue("other")
	for name, edit := range map[string]func(*TLSFiles){
		"certificate": func(f *TLSFiles) { f.Certificate += ".not" },
		"server.pem":  func(f *TLSFiles) { f.Key = other.Key },
		"client_ca":   func(f *TLSFiles) { f.ClientCA += ".not" },
		"server.key":  func(f *TLSFiles) { f.ClientCA = f.Key },
		"mutual":      func(f *TLSFiles) { f.ClientCA, f.Mutual = "", true },
	} {
		f := good
		edit(&f)
		if _, err := LoadTLS(f, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A phone registers over TLS and is called over that very connection.
func TestTLSConnectionIsReused(t *testing.T) {
	a := newAuthority(t, "ca")
	s := serveTLS(t, a.issue("server"), Config{Accounts: stations{}})
	phone, err := tlsPhone(t, s, a.client(TLSFiles{}))
	if err != nil {
		t.Fatal(err)
	}
	phone.register("217")
	b := s.Registrar().Lookup("217")
	if len(b) != 1 || b[0].Flow.Transport != TLS {
		t.Fatalf("%+v", b)
	}
	actor, ev := newLoop(t), newEvents()
	var d *Dialog
	actor.do(func() {
		d, err = s.Invite(InviteRequest{Target: b[0].Contact, Flow: b[0].Flow, SDP: offer}, actor, ev.notify)
	})
	invite := phone.request(gosip.INVITE)
	if v := invite.Via(); v.Transport != "TLS" {
		t.Errorf("Via %s", v)
	}
	phone.say(reply(invite, 200, "bt", "Contact: <sip:217@127.0.0.1:9;transport=tls>", string(answer)))
	next[Answered](t, ev)
	phone.request(gosip.ACK)
	actor.do(func() { d.Bye("") })
	phone.say(reply(phone.request(gosip.BYE), 200, "", "", ""))
	if n := s.Stats().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
}

// We believe a server only when its certificate is for the name we looked up.
func TestServersAreVerified(t *testing.T) {
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	for _, tt := range []struct {
		name, host string
		files      TLSFiles
		any        bool
		in         bool
	}{
		{"known", "127.0.0.1", ours.issue("server"), false, true},
		{"unknown", "127.0.0.1", others.issue("server"), false, false},
		{"unknown, any", "127.0.0.1", others.issue("server"), true, true},
		{"another name", "carrier.example", ours.issue("server"), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.files.ClientCA = ""
			carrier := serveTLS(t, tt.files, Config{Accounts: stations{}})
			own := ours.issue("own")
			own.ValidateAny = tt.any
			s := serveTLS(t, own, Config{Resolver: zone{hosts: map[string][]string{"carrier.example": {"127.0.0.1"}}}})
			target := carrier.uri(t, TLS, "")
			target.Host = tt.host
			states, stop := registration(t, s, RegistrationConfig{Servers: []gosip.Uri{target}})
			defer stop()
			if st := outcome(t, states); st.Registered != tt.in {
				t.Errorf("%+v", st)
			}
		})
	}
}
