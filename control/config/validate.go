package config

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Validate checks a configuration that was made by hand against this machine, as Load does one that
// was read. The error is nil or Errors.
func (c *Config) Validate() error {
	r := newReport("")
	validate(r, c, ThisHost())
	return r.err()
}

// validate reports every value that is out of its bounds, does not fit another or this machine, or
// turns on what this version cannot do.
func validate(r *report, c *Config, host Host) {
	walk(reflect.ValueOf(c).Elem(), "", "", func(v reflect.Value, path string, tag reflect.StructTag) {
		checkTag(r, v, path, tag)
	})
	checkSIP(r, c, host)
	checkTLS(r, c, host)
	checkMedia(r, c, host)
	checkStations(r, c)
	checkNumbers(r, c)
	checkTrunks(r, c)
	checkServices(r, c, host)
	checkUnsupported(r, c)
}

// checkTag checks a value against its field's oneof, min and max, and texts for control characters.
func checkTag(r *report, v reflect.Value, path string, tag reflect.StructTag) {
	switch value := v.Interface().(type) {
	case string:
		if one, ok := tag.Lookup("oneof"); ok {
			words := strings.Fields(one)
			for _, w := range words {
				if w == value {
					return
				}
			}
			r.add(path, "wants %s, found %q%s", alternatives(words), value, suggestion(value, words))
		} else if hasControl(value) {
			r.add(path, "holds a control character")
		}
	case Secret:
		if hasControl(value.Reveal()) {
			r.add(path, "holds a control character")
		}
	case time.Duration:
		low, high := tag.Get("min"), tag.Get("max")
		lowest, _ := time.ParseDuration(low)
		highest, _ := time.ParseDuration(high)
		if high != "" && (value < lowest || value > highest) {
			r.add(path, "%s is out of range, %s to %s", value, low, high)
		}
	case int:
		low, high := tag.Get("min"), tag.Get("max")
		lowest, _ := strconv.Atoi(low)
		highest, _ := strconv.Atoi(high)
		if high != "" && (value < lowest || value > highest) {
			r.add(path, "%d is out of range, %s to %s", value, low, high)
		}
	}
}

// alternatives is "a", "a or b", "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// entry is the path of one entry of a list.
func entry(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
