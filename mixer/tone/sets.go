package tone

import (
	"fmt"
	"sort"
	"strings"
)

// Set is the tones of one country.
type Set struct {
	Country string // ISO 3166-1 alpha-2, lower case
	Name    string

	Dial         Cadence
	Ringback     Cadence
	Busy         Cadence
	Congestion   Cadence // "reorder" in North America
	CallWaiting  Cadence
	Confirmation Cadence // has an end
	Information  Cadence // special information tone: the number does not exist
	Hold         Cadence // to a party that is held
}

// HoldTone is the hold tone of every set. ITU-T E.182 asks for one, but what a PBX plays is up to
// the PBX, so this is ours: a major third, 571 and 719 Hz, in two soft beeps every 2.4 s. Both lie
// between the semitones of the musical scale and 15 Hz or more from every national tone, every DTMF
// frequency and every multiple of 50 Hz, so that a recording tells it from music and test tones.
const HoldTone = "571+719/400,0/200,571+719/400,0/1400"

// informationTone is the one E.180 section 9 gives for all networks.
const informationTone = "950/330,1400/330,1800/330,0/1000"

// DefaultCountry is the set used when the config names none.
const DefaultCountry = "us"

// Lookup returns the set of a country by its ISO 3166-1 code, in either case. The error lists
// the countries there are.
func Lookup(country string) (Set, error) {
	code := strings.ToLower(country)
	if code == "uk" {
		code = "gb" // not its ISO code, but what phones call it
	}
	for i := range countries {
		if countries[i].code == code {
			return countries[i].set()
		}
	}
	return Set{}, fmt.Errorf("tones: no set for country %q (there are %s)", country, strings.Join(Countries(), " "))
}

// Countries returns the codes of all sets, sorted.
func Countries() []string {
	codes := make([]string, len(countries))
	for i := range countries {
		codes[i] = countries[i].code
	}
	sort.Strings(codes)
	return codes
}

// set parses one row of the data.
func (c *country) set() (Set, error) {
	s := Set{Country: c.code, Name: c.name}
	confirmation := c.confirmation
	if confirmation == "" {
		confirmation = fmt.Sprintf("!(%s/100,0/100)*3", c.steady)
	}
	for _, t := range []struct {
		to   *Cadence
		text string
	}{
		{&s.Dial, c.dial}, {&s.Ringback, c.ringback}, {&s.Busy, c.busy}, {&s.Congestion, c.congestion},
		{&s.CallWaiting, c.callWaiting}, {&s.Confirmation, confirmation},
		{&s.Information, informationTone}, {&s.Hold, HoldTone},
	} {
		var err error
		if *t.to, err = Parse(t.text); err != nil {
			return Set{}, fmt.Errorf("tones of %s: %w", c.name, err)
		}
	}
	return s, nil
}
