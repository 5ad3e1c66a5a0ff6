package report

import (
	"math"
	"slices"
	"strings"
)

// Samples are the values of one server: for each key one a round. The zero value is ready.
type Samples struct {
	keys   []string // in the order in which they first came
	values map[string][]float64
}

// Add notes a value.
func (s *Samples) Add(key string, value float64) {
	if s.values == nil {
		s.values = map[string][]float64{}
	}
	if _, known := s.values[key]; !known {
		s.keys = append(s.keys, key)
	}
	s.values[key] = append(s.values[key], value)
}

// Values returns a key's values in the order of their rounds.
func (s *Samples) Values(key string) []float64 { return s.values[key] }

// medians returns the median of every key.
func (s *Samples) medians() map[string]float64 {
	m := map[string]float64{}
	for key, values := range s.values {
		m[key] = digits(Median(values))
	}
	return m
}

// Median returns the middle of the values, the mean of the two middle ones when there are two, 0 of none.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}

// Spread returns how far apart the greatest and the least value are, as a share of the median.
func Spread(values []float64) float64 {
	m := Median(values)
	if m == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / m
}

// digits rounds to four significant digits.
func digits(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	if scale >= 1 {
		return math.Round(v*scale) / scale
	}
	return math.Round(v*scale) * math.Round(1/scale)
}

// units are the suffixes of names that say in what a value is measured.
var units = []string{"_us", "_bytes", "_percent"}

// RatioKey returns the name of a key's ratio: without its unit.
func RatioKey(key string) string {
	name, load, loaded := strings.Cut(key, "@")
	for _, u := range units {
		name = strings.TrimSuffix(name, u)
	}
	if loaded {
		return name + "@" + load
	}
	return name
}

// unit returns the unit of a key as it is printed.
func unit(key string) string {
	name, _, _ := strings.Cut(key, "@")
	switch {
	case strings.HasSuffix(name, "_us"):
		return "µs"
	case strings.HasSuffix(name, "_bytes"):
		return "bytes"
	case strings.HasSuffix(name, "_percent"):
		return "%"
	}
	return ""
}
