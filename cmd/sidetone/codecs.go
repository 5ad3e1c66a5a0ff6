package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"sidetone/codecs"
)

type codecsCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run is for kong.
func (c codecsCmd) Run(o output) error {
	abilities := codecs.Abilities(codecs.FindLibraries())
	if c.JSON {
		return writeCodecsJSON(o, abilities)
	}
	return writeCodecs(o, abilities)
}

// codecRow is a codec in JSON.
type codecRow struct {
	Codec       string   `json:"codec"`
	ClockRate   int      `json:"clock_rate"`
	SampleRate  int      `json:"sample_rate,omitempty"`
	Encode      bool     `json:"encode"`
	Decode      bool     `json:"decode"`
	PassThrough bool     `json:"pass_through"`
	Encoder     string   `json:"encoder,omitempty"`
	Decoder     string   `json:"decoder,omitempty"`
	Missing     []string `json:"missing,omitempty"`
}

func writeCodecsJSON(o output, abilities []codecs.Ability) error {
	rows := []codecRow{}
	for _, a := range abilities {
		rows = append(rows, codecRow{a.Format.String(), a.Format.ClockRate, a.SampleRate, a.Encode, a.Decode, true,
			a.Encoder, a.Decoder, a.Missing})
	}
	e := json.NewEncoder(o.out)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"codecs": rows})
}

func writeCodecs(o output, abilities []codecs.Ability) error {
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CODEC\tENCODE\tDECODE\tPASS\tBY")
	more := []string{}
	for _, a := range abilities {
		by := a.Encoder
		switch {
		case a.Encoder != a.Decoder && a.Encoder == "":
			by = a.Decoder
		case a.Encoder != a.Decoder:
			by = a.Encoder + " and " + a.Decoder
		case by == "" && len(a.Missing) == 0:
			by = "built in, no audio"
		case by == "":
			by = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\tyes\t%s\n", a.Format, yes(a.Encode), yes(a.Decode), by)
		for _, m := range a.Missing {
			more = append(more, fmt.Sprintf("%s\t%s\n", a.Format, m))
		}
	}
	if len(more) > 0 {
		fmt.Fprintf(table, "\nWhat is missing:\n%s", strings.Join(more, ""))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(o.out, "\nAny other codec is passed through between two phones that share it.")
	return err
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "-"
}
