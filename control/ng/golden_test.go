package ng

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sidetone/control/ng/bencode"
)

var (
	times     = regexp.MustCompile(`("(?:created|last packet)"):\d+`)
	unixTimes = regexp.MustCompile(`(7:created|11:last signal|11:last packet)i\d+e`)
)

var update = flag.Bool("update", false, "write the expected replies anew")

// TestGolden plays the scripts of testdata/golden. A script has blocks: "=== offer" and the like hold a
// request, "key: value" a line with lists and dictionaries as in JSON, and a description after an
// empty line; "=== reply" what comes back; "=== legs" what the relay was told until then.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(text); got != want {
				t.Errorf("played:\n%s\nwanted:\n%s\n%s", got, want, firstDifference(got, want))
			}
		})
	}
}

// play returns the script as it would have to be for every reply to be right.
func play(t *testing.T, script string) string {
	c := newClient(t, nil)
	var out strings.Builder
	blocks := strings.Split("\n"+script, "\n=== ")
	out.WriteString(strings.TrimPrefix(blocks[0], "\n"))
	for _, b := range blocks[1:] {
		name, body, _ := strings.Cut(b, "\n")
		if name == "reply" || name == "legs" {
			continue
		}
		if out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "=== %s\n%s\n", name, strings.TrimRight(body, "\n"))
		request := readRequest(t, name, body)
		fmt.Fprintf(&out, "=== reply\n%s", show(c.ask(request)))
		out.WriteString("=== legs\n")
		for _, l := range c.relay.open() {
			if id, _ := request.Get("call-id").Text(); strings.HasPrefix(l.cfg.ID, id+"/") {
				fmt.Fprintln(&out, strings.ReplaceAll(l.String(), id+"/", ""))
			}
		}
	}
	return out.String()
}

// readRequest reads one block.
func readRequest(t *testing.T, command, body string) bencode.Value {
	v := bencode.NewDict()
	v.SetString("command", command)
	head, sdp, hasSDP := strings.Cut(body, "\n\n")
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			t.Fatalf("no key: value: %q", line)
		}
		if strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") {
			parsed, err := decodeJSON(value)
			if err != nil {
				t.Fatalf("%q: %v", value, err)
			}
			v.Set(key, parsed)
			continue
		}
		v.SetString(key, value)
	}
	if hasSDP {
		v.SetString("sdp", strings.ReplaceAll(strings.TrimRight(sdp, "\n")+"\n", "\n", "\r\n"))
	}
	return v
}

// show writes a reply the way requests are written.
func show(v bencode.Value) string {
	var b strings.Builder
	sdp := ""
	for key, value := range v.Pairs() {
		switch {
		case key == "sdp":
			sdp, _ = value.Text()
		case key == "created", key == "last signal":
			fmt.Fprintf(&b, "%s: now\n", key)
		case value.Kind() == bencode.String:
			text, _ := value.Text()
			fmt.Fprintf(&b, "%s: %s\n", key, text)
		default:
			fmt.Fprintf(&b, "%s: %s\n", key, times.ReplaceAll(appendJSON(nil, value), []byte("$1:now")))
		}
	}
	if sdp != "" {
		fmt.Fprintf(&b, "\n%s", strings.ReplaceAll(sdp, "\r\n", "\n"))
	}
	return b.String()
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d: got %q, want %q", i+1, g[i], w[i])
		}
	}
	return "one is longer"
}
