package sip

import "testing"

func request(referTo string) *Request {
	return &Request{Method: "REFER", header: func(name string) string {
		if name == "refer-to" {
			return referTo
		}
		return ""
	}}
}

func TestParseRefer(t *testing.T) {
	rep := &Replaces{CallID: "425928@bobster.example.org", ToTag: "7743", FromTag: "6472"}
	for v, want := range map[string]Refer{
		"sip:219@10.0.0.1":                         {Target: "219"},
		"<sip:219@10.0.0.1:5060;transport=tcp>":    {Target: "219"},
		`"Carol, \"C\" <x>" <sip:219@10.0.0.1>;a`:  {Target: "219"},
		"<tel:+4930123;phone-context=example.org>": {Target: "+4930123"},
		"<sip:219@h;method=INVITE>":                {Target: "219"},
		"<sip:219@h;method=BYE>":                   {Target: "219", Bye: true},
		"<sip:%2A97@h>":                            {Target: "*97"},
		"<sip:219@h?Replaces=425928%40bobster.example.org%3Bto-tag%3D7743%3Bfrom-tag%3D6472>":                              {Target: "219", Replaces: rep},
		"<sip:219@h?Require=replaces&replaces=425928%40bobster.example.org%3bfrom-tag%3d6472%3bto-tag%3d7743&Subject=x+y>": {Target: "219", Replaces: rep},
	} {
		got, err := ParseRefer(request(v))
		if err != nil || got.Target != want.Target || got.Bye != want.Bye || (got.Replaces == nil) != (want.Replaces == nil) || got.Replaces != nil && *got.Replaces != *want.Replaces {
			t.Errorf("%s: %+v %v", v, got, err)
		}
	}
	for _, v := range []string{
		"", "219", "<sip:219@h", "<http://h/219>", "<sip:@h>", "<sip:h>", "<sip:219@h;method=SUBSCRIBE>", "<sip:2%0d%0aX:19@h>", "<sip:2%2219@h>",
		"<sip:219@h?Replaces=x>", "<sip:219@h?Replaces=x%3Bto-tag%3D1>", "<sip:219@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2%0d%0aVia: x>", "<sip:219@h?Replaces=%zz>",
	} {
		if got, err := ParseRefer(request(v)); err == nil {
			t.Errorf("%q was taken for %+v", v, got)
		}
	}
}

func FuzzParseRefer(f *testing.F) {
	for _, v := range []string{
		"<sip:219@h?Replaces=425928%40bobster.example.org%3Bto-tag%3D7743%3Bfrom-tag%3D6472>", `"a" <sip:219@h;method=INVITE>`, "tel:1", "<sip:%zz@h>", "",
	} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		r, err := ParseRefer(request(v))
		if err != nil {
			return
		}
		if r.Replaces == nil && !dialable(r.Target) {
			t.Fatalf("%q gives the target %q", v, r.Target)
		}
		if r.Replaces != nil && (r.Replaces.CallID == "" || r.Replaces.ToTag == "" || r.Replaces.FromTag == "") {
			t.Fatalf("%q gives %+v", v, *r.Replaces)
		}
	})
}
