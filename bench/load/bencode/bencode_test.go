package bencode

import (
	"reflect"
	"strings"
	"testing"
)

func TestAppend(t *testing.T) {
	got := string(Append(nil, map[string]any{
		"sdp": "v=0\r\n", "command": "offer", "replace": []string{"origin"}, "n": -3, "mixed": []any{1, "x", map[string]any{}},
	}))
	if want := "d7:command5:offer5:mixedli1e1:xdee1:ni-3e7:replacel6:origine3:sdp5:v=0\r\ne"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]any{
		"4:ping": "ping", "0:": "", "i-42e": -42, "le": []any{}, "de": map[string]any{},
		"d1:bi1e1:ali2e1:xee": map[string]any{"b": 1, "a": []any{2, "x"}},
		"d1:ai1e1:ai2ee":      map[string]any{"a": 2},
	} {
		if got, err := Parse(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %#v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "i1", "ie", "ixe", "5:ping", "-1:", "99999999999999999999:x", "l", "d", "d1:a", "di1ei2ee", "4:pingx",
		strings.Repeat("l", maxDepth+2) + strings.Repeat("e", maxDepth+2), "l" + strings.Repeat("0:", maxValues) + "e"} {
		if v, err := Parse(bad); err == nil {
			t.Errorf("%.40q was read as %v", bad, v)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"d7:command4:pinge", "d7:command4:pin", "li1e0:dee", "i-9e", "99999999999999999999:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		wrote := string(Append(nil, v))
		again, err := Parse(wrote)
		if err != nil || !reflect.DeepEqual(v, again) {
			t.Fatalf("%q became %q: %v", text, wrote, err)
		}
	})
}
