package tone

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func part(f int) Part { return Part{Frequency: f, Level: DefaultLevel} }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []Segment
	}{
		{"350+440", []Segment{{Parts: []Part{part(350), part(440)}}}},
		{"480+620/500,0/500", []Segment{
			{Parts: []Part{part(480), part(620)}, Milliseconds: 500}, {Milliseconds: 500}}},
		{"480+620/500, 0/500", []Segment{
			{Parts: []Part{part(480), part(620)}, Milliseconds: 500}, {Milliseconds: 500}}},
		{"400*25@-10/400,0/200", []Segment{
			{Parts: []Part{{400, 25, -10}}, Milliseconds: 400}, {Milliseconds: 200}}},
		{"!(350@-13/100,0/100)*2,350@3", []Segment{
			{Parts: []Part{{350, 0, -13}}, Milliseconds: 100, Once: true}, {Milliseconds: 100, Once: true},
			{Parts: []Part{{350, 0, -13}}, Milliseconds: 100, Once: true}, {Milliseconds: 100, Once: true},
			{Parts: []Part{{350, 0, 3}}}}},
		{"0", []Segment{{}}},
		{"(0/1)*64", func() (s []Segment) {
			for range 64 {
				s = append(s, Segment{Milliseconds: 1})
			}
			return s
		}()},
	} {
		got, err := Parse(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		} else if !reflect.DeepEqual(got.Segments(), c.want) {
			t.Errorf("%q: %+v, want %+v", c.in, got.Segments(), c.want)
		}
	}
}

func TestParseErrorNamesTheColumn(t *testing.T) {
	for _, c := range []struct {
		in     string
		column int
		reason string
	}{
		{"", 1, "expected a frequency in Hz"},
		{"480+/500", 5, "expected a frequency in Hz"},
		{"480+620/500,", 13, "expected a frequency in Hz"},
		{"480+620/500;0/500", 12, "expected ',' or the end"},
		{"480/500 ,0/500", 8, "expected ',' or the end"},
		{"480/", 5, "expected a duration in milliseconds"},
		{"480/0", 5, "expected a duration in milliseconds from 1 to 60000"},
		{"480/60001", 5, "from 1 to 60000"},
		{"480/99999999999999999999", 5, "from 1 to 60000"},
		{"14/100", 1, "from 15 to 3999"},
		{"4000/100", 1, "from 15 to 3999"},
		{"0480/100", 1, "a number may not begin with 0"},
		{"480@-61", 5, "from -60 to 3"},
		{"480@x", 5, "expected a level"},
		{"480@--3", 6, "expected a level"},
		{"350,440/100", 4, "nothing may follow a segment without a duration"},
		{"(350)*2", 5, "a segment in a group needs a duration"},
		{"(350/100", 9, "expected ',' or ')'"},
		{"((350/1))", 2, "expected a frequency"},
		{"(350/1)*0", 9, "a repeat count from 1 to 64"},
		{"(350/1,0/1)*33", 13, "more than 64 segments"},
		{"(0/1)*64,0/1", 10, "more than 64 segments"},
		{"100+200+300+400+500", 17, "more than 4 frequencies"},
		{"440@-10+440", 9, "the same frequency twice"},
		{" 350", 1, "expected a frequency"},
		{"!!350", 2, "expected a frequency"},
		{"480Hz", 4, "expected ','"},
		{"440\x00", 4, "expected ','"},
		{"+-1", 1, "expected a frequency"},
	} {
		_, err := Parse(c.in)
		var pe *ParseError
		if !errors.As(err, &pe) {
			t.Errorf("%q: error %v, want a *ParseError", c.in, err)
			continue
		}
		if pe.Column != c.column || !strings.Contains(pe.Error(), c.reason) {
			t.Errorf("%q: %v, want column %d: %s", c.in, err, c.column, c.reason)
		}
	}
}

func TestCadenceStringIsReadBackEqual(t *testing.T) {
	for _, in := range []string{"350+440", "!(350+440/100,0/100)*3,350+440", "400*25@-10/400,0/200", "0/10,15@0"} {
		c, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(c.String())
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%q printed as %q: %+v, %v", in, c, again, err)
		}
	}
}

func TestEndless(t *testing.T) {
	for in, want := range map[string]bool{
		"350": true, "!350": true, "350/100": true, "!350/100": false, "!350/100,0/100": true, "!(350/1,0/1)*3": false,
	} {
		c, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if c.Endless() != want {
			t.Errorf("%q: Endless %v, want %v", in, c.Endless(), want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"480+620/500,0/500", "!(350+440/100, 0/100)*3,350+440", "400*25@-10/400,0/200",
		"(0/1)*64", "0", "", "480@-19,620", "((((", "!!", "1*2*3@@//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			var pe *ParseError
			if !errors.As(err, &pe) || pe.Column < 1 || pe.Column > len(s)+1 || !c.IsZero() {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		if n := len(c.segments); n == 0 || n > MaxSegments {
			t.Fatalf("%q: %d segments", s, n)
		}
		again, err := Parse(c.String())
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Fatalf("%q printed as %q is not read back equal: %v", s, c, err)
		}
		g, err := NewGenerator(c, 8000)
		if err != nil {
			t.Fatal(err)
		}
		g.Read(make([]int16, 1000))
	})
}
