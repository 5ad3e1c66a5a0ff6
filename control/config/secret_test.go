package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	yaml "github.com/goccy/go-yaml"
)

const hidden = "correct horse"

func TestSecretIsNeverShown(t *testing.T) {
	c := Default()
	c.Stations = []Station{NewStation("217", "s217", hidden)}
	c.API.Token = NewSecret(hidden)
	type wrapped struct{ inner Station }

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p"} {
		for _, value := range []any{NewSecret(hidden), c.Stations[0], c, *c, wrapped{c.Stations[0]}, &wrapped{c.Stations[0]}, []Secret{NewSecret(hidden)}} {
			shown := fmt.Sprintf(verb, value)
			if strings.Contains(shown, hidden) || strings.Contains(strings.ToLower(shown), fmt.Sprintf("%x", hidden)) {
				t.Errorf("%s of %T shows it: %s", verb, value, shown)
			}
		}
	}
	j, err := json.Marshal(c)
	if err != nil || bytes.Contains(j, []byte(hidden)) || !bytes.Contains(j, []byte(redacted)) {
		t.Errorf("JSON: %v %s", err, j)
	}
	y, err := yaml.Marshal(c.Stations[0])
	if err != nil || bytes.Contains(y, []byte(hidden)) || !bytes.Contains(y, []byte(redacted)) {
		t.Errorf("YAML: %v %s", err, y)
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "password", c.API.Token, "station", c.Stations[0], "config", c)
	}
	if strings.Contains(log.String(), hidden) {
		t.Errorf("log: %s", log.String())
	}
}

// The expected digests are those of the example in RFC 7616 section 3.9.1, by way of its responses.
func TestHA1(t *testing.T) {
	s := NewStation("1", "Mufasa", "Circle of Life")
	want := HA1{MD5: "3d78807defe7de2157e2b0b6573a855f", SHA256: "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"}
	if got := s.HA1("http-auth@example.org"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
