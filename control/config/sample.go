package config

import _ "embed"

//go:embed sidetone.sample.yaml
var sample []byte

// Sample is the text of a configuration with every key at its default and what it does.
func Sample() []byte { return append([]byte(nil), sample...) }
