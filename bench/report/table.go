package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is the report for people: a row for each key, then the ratios that belong to no row, the verdicts and the
// warnings.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", r.Name)
	switch {
	case len(r.Peer) == 0:
		fmt.Fprintf(&b, "sidetone %s alone", r.Env.Sidetone)
	case len(r.Sidetone) == 0:
		fmt.Fprintf(&b, "%s alone", r.Env.Peer)
	default:
		fmt.Fprintf(&b, "sidetone %s against %s", r.Env.Sidetone, r.Env.Peer)
	}
	fmt.Fprintf(&b, ", median of %d, one core each for server and generator\n", r.Env.Rounds)
	fmt.Fprintf(&b, "%s, %d cores, kernel %s, sockets %s, %s", r.Env.CPU, r.Env.Cores, r.Env.Kernel, r.Env.Sockets, r.Env.Network)
	if r.Env.Awake {
		b.WriteString(", cores kept awake")
	}
	b.WriteString("\n\n")

	rows := [][]string{{"", "sidetone", "peer", "ratio"}}
	inRows := map[string]bool{}
	for _, key := range r.keys {
		ratio := RatioKey(key)
		_, own := r.Sidetone[key]
		_, theirs := r.Peer[key]
		inRows[ratio] = inRows[ratio] || own && theirs
		title := ratio
		if u := unit(key); u != "" {
			title += " (" + u + ")"
		}
		row := []string{title, cell(r.Sidetone, key), cell(r.Peer, key), "-"}
		if own && theirs {
			row[3] = cell(r.Ratio, ratio)
		}
		rows = append(rows, row)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Ratio)) {
		if !inRows[key] {
			rows = append(rows, []string{key, "", "", number(r.Ratio[key])})
		}
	}
	writeColumns(&b, rows)

	if len(r.Thresholds) > 0 {
		b.WriteString("\n")
	}
	for _, v := range r.Thresholds {
		fmt.Fprintln(&b, v)
	}
	if len(r.Warnings) > 0 {
		b.WriteString("\n")
	}
	for _, warning := range r.Warnings {
		fmt.Fprintln(&b, "warning:", warning)
	}
	return b.String()
}

// writeColumns writes rows of equally many cells, the first column from the left and the others from the right.
func writeColumns(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range rows {
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == 0 {
				b.WriteString(c + pad)
			} else {
				b.WriteString("  " + pad + c)
			}
		}
		b.WriteString("\n")
	}
}

// cell is a value, or a dash where there is none.
func cell(values map[string]float64, key string) string {
	if v, ok := values[key]; ok {
		return number(v)
	}
	return "-"
}

// number writes a value as people read it: no exponent, groups of three.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	whole, fraction, has := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		return sign + whole + "." + fraction
	}
	return sign + whole
}
