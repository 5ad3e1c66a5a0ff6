package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestCodecsCommand(t *testing.T) {
	var text, errs bytes.Buffer
	if code := run(t.Context(), []string{"codecs"}, output{out: &text, err: &errs}); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{"CODEC", "PCMA/8000", "G722/8000", "opus/48000/2", "telephone-event/8000", "G729/8000", "passed through"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, text.String())
		}
	}
	var raw bytes.Buffer
	if code := run(t.Context(), []string{"codecs", "--json"}, output{out: &raw, err: &errs}); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var told struct{ Codecs []codecRow }
	if err := json.Unmarshal(raw.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	rows := map[string]codecRow{}
	for _, r := range told.Codecs {
		rows[r.Codec] = r
		if !r.PassThrough || r.Encode != (r.Encoder != "") || !strings.Contains(text.String(), r.Codec) {
			t.Errorf("%+v", r)
		}
	}
	if r := rows["PCMU/8000"]; !r.Encode || !r.Decode || r.Decoder != "built in" {
		t.Errorf("%+v", r)
	}
	if r := rows["G729/8000"]; r.Encode || r.Decode || len(r.Missing) == 0 {
		t.Errorf("%+v", r)
	}
}
