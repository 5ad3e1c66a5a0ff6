// Package config reads sidetone's one configuration file: strict YAML in, one checked value out, and
// for every fault one line that names file, line, column and key.
//
//	sidetone.yaml ── Load (load.go) ── text ─┬─ tree.go   YAML syntax, bounds
//	                                         │
//	      Default (default.go) ─────────────►├─ decode.go keys, unknown ones: suggest.go; places kept by path
//	                                         ├─ scalar.go words: numbers, durations, addresses, networks
//	      Host: bind, environment, files ───►├─ secret.go, reference.go   ${ENV}, file:PATH
//	                                         ├─ validate.go, check_*.go   values, one with another
//	                                         └─ unsupported.go            what this version cannot do
//	                                         │
//	                     *Config ◄───────────┴────────────► Errors (errors.go)
//	                        │
//	   control/call, control/sip, relay, mixer ... take from it what they need, as plain values
//
//	Generate (generate.go)  the text of a first file: accounts with random passwords
//	Sample (sample.go)      every key with its default and what it does; a test holds it to the code
//	Check (load.go)         for `sidetone check FILE`
//
// Only cmd and the control plane import it; nothing here stays open or runs. A *Config is plain data:
// whoever loaded it owns it, and once shared it is not changed. Passwords are kept in Secret, which no
// print, log or JSON shows; the registrar gets Station.HA1 only.
//
// Limits: 1 MiB of text, 64 levels, no anchors, aliases, tags or second documents.
package config
