package bencode

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDecode(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want string // encoded again, keys sorted
		rest string
	}{
		"ping":               {in: "d7:command4:pinge", want: "d7:command4:pinge"},
		"unsorted keys":      {in: "d3:sdp1:x7:command4:pinge", want: "d7:command4:ping3:sdp1:xe"},
		"nested":             {in: "d1:al1:bd1:ci-7eeee", want: "d1:al1:bd1:ci-7eeee"},
		"empty":              {in: "d0:0:1:ale1:bdee", want: "d0:0:1:ale1:bdee"},
		"bytes":              {in: "3:\x00\xff:", want: "3:\x00\xff:"},
		"rest":               {in: "i12ee\n", want: "i12e", rest: "e\n"},
		"leading zeros":      {in: "004:ping", want: "4:ping"},
		"smallest integer":   {in: "i-9223372036854775808e", want: "i-9223372036854775808e"},
		"the same key again": {in: "d1:ai1e1:ai2ee", want: "d1:ai1e1:ai2ee"},
	} {
		t.Run(name, func(t *testing.T) {
			v, rest, err := Decode(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(Append(nil, v)); got != tc.want || rest != tc.rest {
				t.Errorf("got %q rest %q, want %q rest %q", got, rest, tc.want, tc.rest)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want error
	}{
		"empty":                   {"", ErrSyntax},
		"cut string":              {"d7:command4:pin", ErrSyntax},
		"no end":                  {"d7:command4:ping", ErrSyntax},
		"length beyond the text":  {"99999999999999999999:x", ErrSyntax},
		"length of all the text":  {"9:12345678", ErrSyntax},
		"length only":             {"4", ErrSyntax},
		"integer as key":          {"di1e1:ae", ErrSyntax},
		"key without value":       {"d1:ae", ErrSyntax},
		"integer overflow":        {"i9223372036854775808e", ErrSyntax},
		"plus sign":               {"i+1e", ErrSyntax},
		"no digits":               {"ie", ErrSyntax},
		"endless integer":         {"i" + strings.Repeat("1", 60000), ErrSyntax},
		"not bencode":             {"hello", ErrSyntax},
		"negative length":         {"-1:a", ErrSyntax},
		"deep lists":              {strings.Repeat("l", 60000), ErrLimit},
		"deep dictionaries":       {strings.Repeat("d1:a", 15000), ErrLimit},
		"too many values":         {"l" + strings.Repeat("0:", MaxValues) + "e", ErrLimit},
		"too many empty lists":    {"l" + strings.Repeat("le", MaxValues) + "e", ErrLimit},
		"one level too many":      {strings.Repeat("l", MaxDepth+1) + strings.Repeat("e", MaxDepth+1), ErrLimit},
		"list closed as a string": {"l5:e", ErrSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			if v, _, err := Decode(tc.in); !errors.Is(err, tc.want) {
				t.Errorf("got %v, %v; want %v", v, err, tc.want)
			}
		})
	}
}

// A malformed message must cost next to nothing: neither time nor memory.
func TestMalformedIsCheap(t *testing.T) {
	for _, in := range []string{"d7:command4:pin", "d" + strings.Repeat("9", 60000) + ":", strings.Repeat("l", 60000)} {
		best := time.Hour
		for range 20 {
			start := time.Now()
			if _, _, err := Decode(in); err == nil {
				t.Fatal("accepted")
			}
			best = min(best, time.Since(start))
		}
		if best > time.Millisecond {
			t.Errorf("%.20q took %v at best", in, best)
		}
		if n := testing.AllocsPerRun(10, func() { _, _, _ = Decode(in) }); n > 20 {
			t.Errorf("%.20q took %v allocations", in, n)
		}
	}
}

func TestAccess(t *testing.T) {
	v, _, err := Decode("d3:onei1e3:two1:24:listl1:ai5ee3:onei9e4:dictd1:k1:vee")
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := v.Get("one").Int(); !ok || n != 9 {
		t.Errorf("the last of two keys: %v %v", n, ok)
	}
	if n, ok := v.Get("two").Int(); !ok || n != 2 {
		t.Errorf("a number in a string: %v %v", n, ok)
	}
	if s, ok := v.Get("one").Text(); !ok || s != "9" {
		t.Errorf("an integer as text: %q %v", s, ok)
	}
	if got := v.Get("list").Items(); len(got) != 2 {
		t.Errorf("list %v", got)
	}
	if got := v.Get("two").Items(); len(got) != 1 {
		t.Errorf("a string is a list of itself: %v", got)
	}
	if v.Get("none").Kind() != Absent || v.Get("two").Get("x").Kind() != Absent {
		t.Error("a missing key is not absent")
	}
	if _, ok := v.Get("dict").Text(); ok {
		t.Error("a dictionary has text")
	}
	if _, ok := v.Get("list").Int(); ok {
		t.Error("a list is a number")
	}
	var keys []string
	for k := range v.Pairs() {
		keys = append(keys, k)
	}
	if got := strings.Join(keys, " "); got != "one two list one dict" || v.Len() != 5 || v.Get("list").Len() != 2 {
		t.Errorf("keys %q", got)
	}
}

// value draws any value.
func value(t *rapid.T, depth int) Value {
	kinds := 4
	if depth >= MaxDepth-1 {
		kinds = 2
	}
	switch rapid.IntRange(1, kinds).Draw(t, "kind") {
	case 1:
		return NewString(string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "text")))
	case 2:
		return NewInteger(rapid.Int64().Draw(t, "number"))
	case 3:
		v := NewList()
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			v.Append(value(t, depth+1))
		}
		return v
	default:
		v := NewDict()
		for range rapid.IntRange(0, 4).Draw(t, "keys") {
			v.Set(rapid.String().Draw(t, "key"), value(t, depth+1))
		}
		return v
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wrote := string(Append(nil, value(t, 0)))
		v, rest, err := Decode(wrote)
		if errors.Is(err, ErrLimit) {
			t.Skip("more values than a message may have")
		}
		if err != nil || rest != "" {
			t.Fatalf("%q: %v, rest %q", wrote, err, rest)
		}
		if again := string(Append(nil, v)); again != wrote {
			t.Fatalf("%q became %q", wrote, again)
		}
	})
}

func FuzzBencode(f *testing.F) {
	for _, seed := range []string{
		"d7:command4:pinge", "d7:command4:pin", "i-1e", "l1:ali2eee", "d1:ad1:bd1:clee", "0:", "le", "de", "i9223372036854775807e",
		"d8:supportsl10:load limite3:sdp3:v=07:call-id1:a8:from-tag1:b7:command5:offere", "99999999999999999999:",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, rest, err := Decode(s)
		if err != nil {
			return
		}
		if !strings.HasSuffix(s, rest) {
			t.Fatal("the rest is no suffix")
		}
		wrote := Append(nil, v)
		again, left, err := Decode(string(wrote))
		if err != nil || left != "" || string(Append(nil, again)) != string(wrote) {
			t.Fatalf("%q is not stable: %v", wrote, err)
		}
	})
}

var offer = "d8:supportsl10:load limite3:sdp129:" + strings.Repeat("x", 129) + "7:replacel6:origin18:session-connectione7:call-id17:1-31109@127.0.0.113:received-froml3:IP49:127.0.0.1e8:from-tag15:31109SIPpTag0017:command5:offere"

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Decode(offer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	v, _, err := Decode(offer)
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], v)
	}
}
