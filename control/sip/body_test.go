package sip

import (
	"strings"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// What RFC 2046 and RFC 5621 let a body be, and what is none.
func TestDescriptionIsFoundInABody(t *testing.T) {
	const want = "v=0\r\ns=-\r\n"
	parts := func(boundary string, parts ...string) string {
		var b strings.Builder
		b.WriteString("preamble\r\n")
		for _, p := range parts {
			b.WriteString("--" + boundary + "\r\n" + p + "\r\n")
		}
		return b.String() + "--" + boundary + "--\r\n"
	}
	part := func(kind, body string) string { return "Content-Type: " + kind + "\r\n\r\n" + body }
	described, isup := part("application/SDP; charset=x", want), part("application/ISUP;version=itu-t92+", "\x00\x01")
	many := make([]string, maxParts)
	for i := range many {
		many[i] = isup
	}
	deep := func(n int) string {
		body := described
		for i := range n {
			b := strings.Repeat("c", i+1)
			body = part("multipart/mixed;boundary="+b, parts(b, body))
		}
		return body
	}
	for name, c := range map[string]struct {
		kind, body string
		found      bool
	}{
		"itself":                 {"application/sdp", want, true},
		"without a type":         {"", want, true},
		"last of two":            {"multipart/mixed;boundary=b", parts("b", isup, described), true},
		"first, quoted boundary": {`Multipart/Mixed; boundary="a b"`, parts("a b", described, isup), true},
		"in a part of parts":     {"multipart/mixed;boundary=a", parts("a", part("multipart/alternative;boundary=b", parts("b", isup, described))), true},
		"nowhere":                {"multipart/mixed;boundary=b", parts("b", isup), false},
		"something else":         {"application/isup", want, false},
		"no boundary":            {"multipart/mixed", parts("b", described), false},
		"another boundary":       {"multipart/mixed;boundary=c", parts("b", described), false},
		"cut off":                {"multipart/mixed;boundary=b", parts("b", described)[:60], false},
		"too many before it":     {"multipart/mixed;boundary=b", parts("b", append(many, described)...), false},
		"as deep as may be":      {"multipart/mixed;boundary=b", parts("b", deep(maxDepth-1)), true},
		"too deep":               {"multipart/mixed;boundary=b", parts("b", deep(maxDepth)), false},
	} {
		req := gosip.NewRequest(gosip.INVITE, gosip.Uri{Host: "example.org"})
		if c.kind != "" {
			req.AppendHeader(gosip.NewHeader("Content-Type", c.kind))
		}
		req.SetBody([]byte(c.body))
		if got := sdp(req); string(got) == want != c.found || !c.found && got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}
