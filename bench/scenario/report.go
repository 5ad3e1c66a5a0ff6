package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sidetone/bench/phone"
)

// Check is one thing that was to be shown, and what was measured.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Measured string `json:"measured"`
}

// Matrix is who heard whom: DB[listener][talker] in dBFS, in the order of Parties.
type Matrix struct {
	Parties []string    `json:"parties"`
	DB      [][]float64 `json:"db"`
}

// Delay sums up measured delays, in milliseconds.
type Delay struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func summarise(d []time.Duration) Delay {
	ms := func(q float64) float64 { return float64(phone.Percentile(d, q).Microseconds()) / 1000 }
	return Delay{N: len(d), P50: ms(0.5), P95: ms(0.95), P99: ms(0.99), Max: ms(1)}
}

func (d Delay) String() string {
	return fmt.Sprintf("p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, max %.2f ms of %d", d.P50, d.P95, d.P99, d.Max, d.N)
}

// Report is what Demo found.
type Report struct {
	Schema     int     `json:"schema"` // 1
	Checks     []Check `json:"checks"`
	Passed     int     `json:"passed"`
	Failed     int     `json:"failed"`
	Heard      *Matrix `json:"heard,omitempty"`        // in the conference
	RelayDelay *Delay  `json:"relay_delay,omitempty"`  // phone to phone through the relay
	MouthToEar *Delay  `json:"mouth_to_ear,omitempty"` // in the conference
	Seconds    float64 `json:"seconds"`
}

// Text renders the report for people: the checks, then the matrix.
func (r Report) Text() string {
	var b strings.Builder
	width := 0
	for _, c := range r.Checks {
		width = max(width, len([]rune(c.Name)))
	}
	for _, c := range r.Checks {
		mark := "ok  "
		if !c.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %-*s  %s\n", mark, width, c.Name, c.Measured)
	}
	if r.Heard != nil {
		b.WriteString("\n" + r.Heard.Text())
	}
	fmt.Fprintf(&b, "\n%d passed, %d failed, %.1f s\n", r.Passed, r.Failed, r.Seconds)
	return b.String()
}

// Text renders the matrix: a line for each listener, a column for each talker, the own voice in brackets.
func (m Matrix) Text() string {
	var b strings.Builder
	width := slices.Max(append([]int{8}, lengths(m.Parties)...))
	fmt.Fprintf(&b, "Who heard whom in the conference, in dBFS (own voice in brackets):\n%-*s", width+4, "")
	for _, p := range m.Parties {
		fmt.Fprintf(&b, " %*s", width, p)
	}
	b.WriteString("\n")
	for i, listener := range m.Parties {
		fmt.Fprintf(&b, "  %-*s", width+2, listener)
		for k, level := range m.DB[i] {
			cell := fmt.Sprintf("%.1f", level)
			if i == k {
				cell = "(" + cell + ")"
			}
			fmt.Fprintf(&b, " %*s", width, cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func lengths(s []string) []int {
	var n []int
	for _, v := range s {
		n = append(n, len(v))
	}
	return n
}
