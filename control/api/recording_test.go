package api

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRecording(t *testing.T) {
	for _, tt := range []struct {
		path, kind, body string
		code             int
		done             string
	}{
		{"/v1/calls/c-1/recording", "application/json", `{"on":true}`, 204, "c-1 true"},
		{"/v1/calls/c-1/recording", "application/json; charset=utf-8", `{"on":false}`, 204, "c-1 false"},
		{"/v1/rooms/700/recording", "application/json", `{"on":true}`, 204, "700 true"},
		{"/v1/rooms/701/recording", "application/json", `{"on":true}`, 404, ""},
		{"/v1/calls/c-2/recording", "application/json", `{"on":true}`, 409, ""},
		{"/v1/calls/c-3/recording", "application/json", `{"on":true}`, 404, ""},
		{"/v1/calls/c-1/recording", "application/json", `{}`, 400, ""},
		{"/v1/calls/c-1/recording", "application/json", `{"on":"yes"}`, 400, ""},
		{"/v1/calls/c-1/recording", "text/plain", `{"on":true}`, 415, ""},
		{"/v1/calls/c-1/recording", "", `{"on":true}`, 415, ""},
	} {
		var done []string
		r := httptest.NewRequest("POST", tt.path, strings.NewReader(tt.body))
		r.Host = "127.0.0.1:8080"
		r.Header.Set("Content-Type", tt.kind)
		w := httptest.NewRecorder()
		newGuard(fixed{ended: &done}, "", slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != tt.code || strings.Join(done, " ") != tt.done {
			t.Errorf("%s %q %s: %d, did %v", tt.path, tt.kind, tt.body, w.Code, done)
		}
	}
}
