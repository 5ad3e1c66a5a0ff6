package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Threshold is what a value must not exceed, or reach. Key is a ratio's, or a server's: "p99@100k",
// "sidetone.p50_us@10k", "peer.capacity".
type Threshold struct {
	Key     string
	Limit   float64
	AtLeast bool // else at most
}

// ParseThreshold reads KEY=VALUE.
func ParseThreshold(text string, atLeast bool) (Threshold, error) {
	key, value, ok := strings.Cut(text, "=")
	limit, err := strconv.ParseFloat(value, 64)
	if !ok || key == "" || err != nil || math.IsNaN(limit) || math.IsInf(limit, 0) {
		return Threshold{}, fmt.Errorf("%q is not KEY=VALUE", text)
	}
	return Threshold{key, limit, atLeast}, nil
}

// Verdict is what became of a threshold.
type Verdict struct {
	Key   string   `json:"key"`
	Max   *float64 `json:"max,omitempty"`
	Min   *float64 `json:"min,omitempty"`
	Value *float64 `json:"value"` // null when it was not measured, which is a failure
	OK    bool     `json:"ok"`
}

// Value returns what a key of a threshold stands for.
func (r *Report) Value(key string) (float64, bool) {
	from, name, found := strings.Cut(key, ".")
	values := map[string]map[string]float64{"sidetone": r.Sidetone, "peer": r.Peer, "ratio": r.Ratio}[from]
	if !found || values == nil {
		values, name = r.Ratio, key
	}
	v, ok := values[name]
	return v, ok
}

// Judge holds the report against thresholds, notes the verdicts and says whether all hold. A value that was not
// measured does not.
func (r *Report) Judge(thresholds []Threshold) bool {
	for _, t := range thresholds {
		v := Verdict{Key: t.Key}
		value, measured := r.Value(t.Key)
		if measured {
			v.Value = &value
		}
		if t.AtLeast {
			v.Min, v.OK = &t.Limit, measured && value >= t.Limit
		} else {
			v.Max, v.OK = &t.Limit, measured && value <= t.Limit
		}
		r.Thresholds = append(r.Thresholds, v)
	}
	return !slices.ContainsFunc(r.Thresholds, func(v Verdict) bool { return !v.OK })
}

// String says it in a line.
func (v Verdict) String() string {
	limit, sign := v.Max, "at most"
	if v.Min != nil {
		limit, sign = v.Min, "at least"
	}
	found := "was not measured"
	if v.Value != nil {
		found = "is " + number(*v.Value)
	}
	word := "FAILED"
	if v.OK {
		word = "ok"
	}
	return fmt.Sprintf("%-6s %s %s, wanted %s %s", word, v.Key, found, sign, number(*limit))
}
