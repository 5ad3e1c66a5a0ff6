package ng

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sidetone/control/ng/bencode"
)

func TestDecodeJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		in, want string // want in bencode
	}{
		"ping":         {`{"command":"ping"}`, "d7:command4:pinge"},
		"blanks":       {" \r\n{ \"a\" : [ 1 , -2 ] , \"b\" : { } }\n", "d1:ali1ei-2ee1:bdee"},
		"empty":        {`{}`, "de"},
		"escapes":      {`{"a":"\"\\\/\b\f\n\r\t"}`, "d1:a8:\"\\/\b\f\n\r\te"},
		"unicode":      {`{"a":"\u00e9\ud83d\ude00"}`, "d1:a6:\u00e9\U0001F600e"},
		"half a pair":  {`{"a":"\ud83dx"}`, "d1:a4:\uFFFDxe"},
		"other bytes":  {"{\"a\":\"\xe9\"}", "d1:a1:\xe9e"},
		"booleans":     {`{"a":true,"b":false}`, "d1:a3:yes1:b2:noe"},
		"null is left": {`{"a":null,"b":[null,1]}`, "d1:bli1eee"},
		"whole floats": {`{"a":20.0,"b":1e3}`, "d1:ai20e1:bi1000ee"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := decodeJSON(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(bencode.Append(nil, v)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	for _, in := range []string{
		``, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{"a":1]`, `["a",]`, `{"a":1.5}`, `{"a":1e99}`, `{"a":--1}`, `{"a":"x`,
		`{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12zz"}`, "{\"a\":\"\n\"}", `{"a":tru}`, `{} x`, `nothing`, `{"a":"\`, `{"a":"\u`,
	} {
		if v, err := decodeJSON(in); !errors.Is(err, errJSON) {
			t.Errorf("%q: %v, %v", in, v, err)
		}
	}
	for _, in := range []string{strings.Repeat(`[`, 60000), strings.Repeat(`{"a":`, 10000), `[` + strings.Repeat(`1,`, bencode.MaxValues) + `1]`} {
		if _, err := decodeJSON(in); !errors.Is(err, errJSONLimit) {
			t.Errorf("%.20q: %v", in, err)
		}
	}
}

func TestReplyInEitherEncoding(t *testing.T) {
	body := "v=0\r\no=- \\ \"x\" \x01\x1f \u00e9 {[:\r\n"
	for enc, want := range map[encoding]string{
		inBencode: "1 d1:ade1:bli-5e1:{de1:[e6:result2:ok3:sdp" + fmt.Sprint(len(body)) + ":" + body + "e",
		inJSON:    `1 {"a":{},"b":[-5,"{",{},"["],"result":"ok","sdp":"v=0\r\no=- \\ \"x\" \u0001\u001f ` + "\u00e9" + ` {[:\r\n"}`,
	} {
		w := new(reply)
		w.start("1", enc, 0)
		w.described("something else") // forgotten by reset
		w.reset()
		w.dict()
		w.key("a")
		w.dict()
		w.endDict()
		w.key("b")
		w.list()
		w.number(-5)
		w.text("{")
		w.dict()
		w.endDict()
		w.text("[")
		w.endList()
		w.pair("result", "ok")
		w.pair("sdp", body)
		w.endDict()
		if got := string(w.b); got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if enc == inJSON {
			var v map[string]any
			if err := json.Unmarshal(w.b[2:], &v); err != nil || v["sdp"] != body {
				t.Errorf("%v: %v", v, err)
			}
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"command":"ping"}`, `{"a":["\u00e9\ud83d\ude00",1,-2.0,true,null,{}]}`, `{"sdp":"v=0\r\n"}`, `[[[[`, `{"a":"\ud83d"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := decodeJSON(s)
		if err != nil {
			return
		}
		wrote := appendJSON(nil, v)
		again, err := decodeJSON(string(wrote))
		if err != nil {
			t.Fatalf("%q: %v", wrote, err)
		}
		if a, b := bencode.Append(nil, v), bencode.Append(nil, again); string(a) != string(b) {
			t.Fatalf("%q became %q", a, b)
		}
	})
}
