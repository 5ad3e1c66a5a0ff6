package sip

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// tlsLook is how often the files of a certificate are looked at for a change, at most.
const tlsLook = time.Second

// TLSFiles say where certificates are and whose are believed. Files are PEM.
type TLSFiles struct {
	Certificate, Key string
	// ClientCA are the authorities that peers' certificates are checked against; for servers we connect to, besides
	// the system's.
	ClientCA string
	// Mutual asks phones for a certificate and lets nobody in without.
	Mutual bool
	// ValidateAny takes every certificate unchecked, of phones and of servers.
	ValidateAny bool
}

// Certificates serve TLS (1.2 and newer, Go's choice of suites) from files, and follow when these change: the next
// connection gets the new ones, running ones stay. New files that cannot be used are logged and the old ones kept.
// Safe for concurrent use.
type Certificates struct {
	files TLSFiles
	log   *slog.Logger

	mu     sync.Mutex // guards the following
	now    *certificates
	stamps [3]stamp
	looked time.Time
}

// certificates are the files read.
type certificates struct {
	own    tls.Certificate
	roots  *x509.CertPool // of clients; nil when there is no ClientCA
	server *tls.Config
}

// stamp tells whether a file has changed.
type stamp struct {
	at   time.Time
	size int64
}

// LoadTLS reads the files; the error names the one that is wrong.
func LoadTLS(f TLSFiles, log *slog.Logger) (*Certificates, error) {
	c := &Certificates{files: f, log: log}
	if log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	var err error
	c.stamps = c.look()
	if c.now, err = c.load(); err != nil {
		return nil, err
	}
	c.looked = time.Now()
	if leaf := c.now.own.Leaf; leaf != nil && time.Now().After(leaf.NotAfter) {
		c.log.Warn("the TLS certificate has expired", "file", f.Certificate, "since", leaf.NotAfter)
	}
	return c, nil
}

func (c *Certificates) look() (s [3]stamp) {
	for i, name := range []string{c.files.Certificate, c.files.Key, c.files.ClientCA} {
		if info, err := os.Stat(name); name != "" && err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (c *Certificates) load() (*certificates, error) {
	own, err := tls.LoadX509KeyPair(c.files.Certificate, c.files.Key)
	if err != nil {
		return nil, fmt.Errorf("tls certificate %s: %w", c.files.Certificate, err)
	}
	out := &certificates{own: own}
	if c.files.ClientCA != "" {
		pem, err := os.ReadFile(c.files.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("tls client_ca: %w", err)
		}
		out.roots = x509.NewCertPool()
		if !out.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls client_ca %s: no certificate in it", c.files.ClientCA)
		}
	}
	out.server = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientCAs: out.roots}
	switch {
	case c.files.Mutual && c.files.ValidateAny:
		out.server.ClientAuth = tls.RequireAnyClientCert
	case c.files.Mutual && out.roots == nil:
		return nil, errors.New("tls: mutual wants client_ca or validate_any_certificate")
	case c.files.Mutual:
		out.server.ClientAuth = tls.RequireAndVerifyClientCert
	case out.roots != nil && !c.files.ValidateAny:
		out.server.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return out, nil
}

// current returns what to use now, read anew when the files have changed.
func (c *Certificates) current() *certificates {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < tlsLook {
		return c.now
	}
	c.looked = time.Now()
	stamps := c.look()
	if stamps == c.stamps {
		return c.now
	}
	c.stamps = stamps
	next, err := c.load()
	if err != nil {
		c.log.Warn("changed TLS files cannot be used; the old ones stay", "err", err)
		return c.now
	}
	c.log.Info("TLS certificate read again", "file", c.files.Certificate, "until", next.own.Leaf.NotAfter)
	c.now = next
	return c.now
}

// Server is Config.TLS.
func (c *Certificates) Server() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current().server, nil },
	}
}

// Client is Config.TLSClient: the peer's certificate must be for the name, by an authority of the system's or of
// ClientCA, unless any is good.
func (c *Certificates) Client(name string) *tls.Config {
	now := c.current()
	out := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: name, Certificates: []tls.Certificate{now.own}, InsecureSkipVerify: c.files.ValidateAny,
	}
	if now.roots != nil {
		if system, err := x509.SystemCertPool(); err == nil {
			out.RootCAs = system
		} else {
			out.RootCAs = x509.NewCertPool()
		}
		if pem, err := os.ReadFile(c.files.ClientCA); err == nil {
			out.RootCAs.AppendCertsFromPEM(pem)
		}
	}
	return out
}
