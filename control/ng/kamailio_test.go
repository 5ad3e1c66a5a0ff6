package ng

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestKamailio plays what Kamailio 5.6.3 and its rtpengine module sent for two calls, one with every flag
// that its script language has; the lines are Go strings, > to us and < from us.
func TestKamailio(t *testing.T) {
	const file = "testdata/kamailio.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, nil)
	var got strings.Builder
	for line := range strings.Lines(string(text)) {
		quoted, ok := strings.CutPrefix(strings.TrimSpace(line), "> ")
		if !ok {
			continue
		}
		message, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		reply := c.raw(message)
		c.parsed(reply)
		got.WriteString(line + "< " + strconv.Quote(unixTimes.ReplaceAllString(reply, "$1")) + "\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got.String() != string(text) && !*update {
		t.Errorf("got\n%s\nwant\n%s", got.String(), text)
	}
}
