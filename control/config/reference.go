package config

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
)

// environment is a secret written ${NAME} and nothing else.
var environment = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// resolveSecrets replaces each secret written ${NAME} by the environment's, and each written
// file:PATH by the first line of the file, a relative path being in the folder of the configuration.
func resolveSecrets(r *report, c *Config, folder string, host Host) {
	walk(reflect.ValueOf(c).Elem(), "", "", func(v reflect.Value, path string, _ reflect.StructTag) {
		s, ok := v.Addr().Interface().(*Secret)
		if !ok || s.Empty() {
			return
		}
		text := s.Reveal()
		if m := environment.FindStringSubmatch(text); m != nil {
			value, set := host.LookupEnv(m[1])
			switch {
			case !set:
				r.add(path, "the environment variable %s is not set", m[1])
			case value == "":
				r.add(path, "the environment variable %s is empty", m[1])
			}
			*s = NewSecret(value)
		} else if name, ok := strings.CutPrefix(text, "file:"); ok {
			b, err := host.ReadFile(inFolder(folder, name))
			line, _, _ := strings.Cut(string(b), "\n")
			line = strings.TrimSuffix(line, "\r")
			switch {
			case err != nil:
				r.add(path, "the secret file %s: %s", name, reason(err))
			case line == "":
				r.add(path, "the secret file %s is empty", name)
			}
			*s = NewSecret(line)
		}
	})
}

// resolvePaths makes the relative file names of the configuration usable from where we run.
func resolvePaths(c *Config, folder string) {
	c.Store.Dir = inFolder(folder, c.Store.Dir)
	for _, p := range []*string{&c.SIP.TLS.Certificate, &c.SIP.TLS.Key, &c.SIP.TLS.ClientCA} {
		*p = inFolder(folder, *p)
	}
	for i := range c.Media.Music {
		for j := range c.Media.Music[i].Files {
			f := &c.Media.Music[i].Files[j]
			*f = inFolder(folder, *f)
		}
	}
}

// inFolder places a relative name; "" stays "".
func inFolder(folder, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(folder, name)
}

// walk visits every value that is written as one word, with its path and the tags of its field.
func walk(v reflect.Value, path string, tag reflect.StructTag, visit func(reflect.Value, string, reflect.StructTag)) {
	switch {
	case isScalar(v.Type()):
		visit(v, path, tag)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), entry(path, i), tag, visit)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if name := f.Tag.Get("yaml"); name != "" {
				walk(v.Field(i), join(path, name), f.Tag, visit)
			}
		}
	}
}
