package report

import (
	"encoding/json"
	"slices"
)

// Schema is the version of the JSON object. A field that is added does not change it.
const Schema = 1

// Env is under which circumstances was measured.
type Env struct {
	Started       string `json:"started"` // RFC 3339
	CPU           string `json:"cpu"`
	Cores         int    `json:"cores"`
	Kernel        string `json:"kernel"`
	Go            string `json:"go"`
	Sidetone      string `json:"sidetone"`       // version
	Peer          string `json:"peer"`           // name and version, "none" without one
	Sockets       string `json:"sockets"`        // media.sockets of our configuration
	Network       string `json:"network"`        // "own namespace" or "shared loopback"
	ServerCore    int    `json:"server_core"`    // where the server under test ran
	GeneratorCore int    `json:"generator_core"` // where its packets came from
	Preferred     bool   `json:"preferred"`      // both had precedence over other programs
	Awake         bool   `json:"awake"`          // the cores were kept from halting
	Quick         bool   `json:"quick"`
	Rounds        int    `json:"rounds"`
	WindowMS      int64  `json:"window_ms"` // length of one measurement
	PacketBytes   int    `json:"packet_bytes"`
}

// Report is the result of one bench. Ratio is ours to the peer's; what has no counterpart has no ratio.
type Report struct {
	Schema     int                `json:"schema"`
	Name       string             `json:"name"`
	Env        Env                `json:"env"`
	Sidetone   map[string]float64 `json:"sidetone"`
	Peer       map[string]float64 `json:"peer"`
	Ratio      map[string]float64 `json:"ratio"`
	Warnings   []string           `json:"warnings"`
	Rounds     Rounds             `json:"rounds"`
	Thresholds []Verdict          `json:"thresholds,omitempty"`

	keys []string // in the order of the measurement, for the table
}

// Rounds are the values that the medians were made of.
type Rounds struct {
	Sidetone map[string][]float64 `json:"sidetone"`
	Peer     map[string][]float64 `json:"peer"`
}

// New makes a report of the samples of both servers; either may be empty.
func New(name string, env Env, sidetone, peer Samples, warnings []string) *Report {
	r := &Report{
		Schema: Schema, Name: name, Env: env, Warnings: warnings,
		Sidetone: sidetone.medians(), Peer: peer.medians(), Ratio: map[string]float64{},
		Rounds: Rounds{rounded(sidetone.values), rounded(peer.values)},
		keys:   slices.Clone(sidetone.keys),
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
	for _, key := range peer.keys {
		if !slices.Contains(r.keys, key) {
			r.keys = append(r.keys, key)
		}
	}
	for _, key := range sidetone.keys {
		if theirs := Median(peer.Values(key)); theirs != 0 {
			r.Ratio[RatioKey(key)] = digits(Median(sidetone.Values(key)) / theirs)
		}
	}
	return r
}

func rounded(values map[string][]float64) map[string][]float64 {
	out := map[string][]float64{}
	for key, list := range values {
		for _, v := range list {
			out[key] = append(out[key], digits(v))
		}
	}
	return out
}

// Within adds a ratio of two of our own keys to each other.
func (r *Report) Within(name, key, other string) {
	if divisor := Median(r.Rounds.Sidetone[other]); divisor != 0 {
		r.Ratio[name] = digits(Median(r.Rounds.Sidetone[key]) / divisor)
	}
}

// JSON is the report for programs.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}
