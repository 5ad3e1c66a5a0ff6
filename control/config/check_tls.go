package config

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// checkTLS checks the certificate files, and that they are there when something is to be served with them.
func checkTLS(r *report, c *Config, host Host) {
	t := &c.SIP.TLS
	for i, l := range c.SIP.Listen {
		if strings.HasPrefix(l, "tls:") && t.Certificate == "" {
			r.add(entry("sip.listen", i), "wants a certificate: set sip.tls.certificate and sip.tls.key")
		}
	}
	if t.Certificate == "" {
		for _, f := range []struct {
			key string
			set bool
		}{{"key", t.Key != ""}, {"client_ca", t.ClientCA != ""}, {"mutual", t.Mutual}, {"validate_any_certificate", t.ValidateAnyCertificate}} {
			if f.set {
				r.add("sip.tls."+f.key, "is of no use without sip.tls.certificate")
			}
		}
		return
	}
	checkPair(r, t, host)
	switch {
	case t.ClientCA != "":
		pem, err := host.ReadFile(t.ClientCA)
		if err != nil {
			r.add("sip.tls.client_ca", "%s: %s", t.ClientCA, reason(err))
		} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			r.add("sip.tls.client_ca", "%s holds no certificate (PEM)", t.ClientCA)
		}
	case t.Mutual && !t.ValidateAnyCertificate:
		r.add("sip.tls.mutual", "wants sip.tls.client_ca, whose certificates phones must have, or validate_any_certificate: true")
	}
}

// checkPair checks that certificate and key can be read and belong together.
func checkPair(r *report, t *TLS, host Host) {
	if t.Key == "" {
		r.add("sip.tls.key", "is missing; sip.tls.certificate wants one")
		return
	}
	certificate, err := host.ReadFile(t.Certificate)
	if err != nil {
		r.add("sip.tls.certificate", "%s: %s", t.Certificate, reason(err))
	}
	key, keyErr := host.ReadFile(t.Key)
	if keyErr != nil {
		r.add("sip.tls.key", "%s: %s", t.Key, reason(keyErr))
	}
	if err != nil || keyErr != nil {
		return
	}
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		r.add("sip.tls.certificate", "%s and %s: %s", t.Certificate, t.Key, strings.TrimPrefix(err.Error(), "tls: "))
	}
}
