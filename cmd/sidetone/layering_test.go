package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is our own import path and root where its tree lies, seen from here.
const (
	module = "sidetone"
	root   = "../.."
)

// anyOfOurs lets a package import everything of ours but bench and cmd.
const anyOfOurs = "*"

// mayImport says what each package may import of ours, in the order of the way up: leaves first. The
// entry with the longest name counts; "x/..." is every package below x. Test files are free, except
// that nothing but bench and cmd sees bench.
var mayImport = []struct {
	pkg     string
	imports []string
}{
	{"jitter", nil},
	{"relay/rtp", nil},
	{"relay/port", nil},
	{"relay/stun", nil},
	{"relay/udp", nil},
	{"relay/udp/...", []string{"relay/udp"}},
	{"relay/srtp", []string{"relay/rtp"}},
	{"relay/quality", []string{"relay/rtp"}},
	{"relay/fastpath", []string{"relay/rtp"}},
	{"relay", []string{"relay/..."}},
	{"codecs/pcm", nil},
	{"codecs/clib", nil},
	{"codecs/...", []string{"codecs/pcm", "codecs/clib"}},
	{"codecs", []string{"codecs/..."}},
	{"mixer/tone", []string{"codecs/pcm"}},
	{"mixer/moh", []string{"codecs/pcm", "codecs/g711", "codecs/opus", "codecs/vorbis"}},
	{"mixer/record", []string{"codecs/pcm"}},
	{"mixer/receive", []string{"jitter", "codecs", "codecs/...", "relay/rtp"}},
	{"mixer", []string{"mixer/...", "jitter", "codecs", "codecs/...", "relay/rtp"}},
	{"control/sdp", nil},
	{"control/cdr", nil},
	{"control/store", nil},
	{"control/metrics", nil},
	{"control/api", nil},
	{"control/config", []string{"mixer/tone"}},
	{"control/sip", []string{"control/sdp"}},
	{"control/...", []string{anyOfOurs}},
	{"control", []string{anyOfOurs}},
	{"bench/...", []string{anyOfOurs, "bench/..."}},
	{"cmd/...", []string{anyOfOurs, "bench/...", "cmd/..."}},
}

// media are the trees on the way of a packet. What they reach, directly or not, holds none of these.
var (
	media    = []string{"relay", "mixer", "jitter", "codecs"}
	unwanted = []string{"net/http", "github.com/emiago/sipgo", "github.com/nats-io", "github.com/goccy/go-yaml", "log/syslog", "expvar"}
)

// topLevel is all that may lie at the root, besides names that begin with a dot and what .gitignore names.
var topLevel = []string{"relay", "mixer", "jitter", "codecs", "control", "bench", "cmd", "packaging",
	"go.mod", "go.sum", "README.md", "LICENSE", "Makefile"}

// pkg is one directory with Go files.
type pkg struct {
	path    string // below the module: "relay/rtp"
	hasDoc  bool
	imports map[string][]string // import path -> files that are built into the program
	tests   map[string][]string // import path -> test files
	files   map[string]*ast.File
}

// tree parses every Go file of the module, whatever its build tags.
func tree(t *testing.T) map[string]*pkg {
	t.Helper()
	pkgs := map[string]*pkg{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); base == "testdata" || base != ".." && strings.HasPrefix(base, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		p := pkgs[dir]
		if p == nil {
			p = &pkg{path: dir, imports: map[string][]string{}, tests: map[string][]string{}, files: map[string]*ast.File{}}
			pkgs[dir] = p
		}
		into := p.imports
		if strings.HasSuffix(name, "_test.go") {
			into = p.tests
		} else {
			p.files[path.Join(dir, d.Name())] = file
			p.hasDoc = p.hasDoc || d.Name() == "doc.go" && file.Doc != nil
		}
		for _, i := range file.Imports {
			what, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			into[what] = append(into[what], d.Name())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < 5 || pkgs["control/config"] == nil {
		t.Fatalf("found %d packages only; is %s the root?", len(pkgs), root)
	}
	return pkgs
}

// matches reports whether the package is the one named, or below it with "/...".
func matches(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, below+"/")
	}
	return pattern == pkg
}

// allowed returns the imports of the table's nearest entry.
func allowed(pkg string) (imports []string, known bool) {
	nearest := ""
	for _, rule := range mayImport {
		if matches(rule.pkg, pkg) && len(rule.pkg) > len(nearest) {
			nearest, imports, known = rule.pkg, rule.imports, true
		}
	}
	return imports, known
}

func within(imported string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		if a == anyOfOurs {
			return !matches("bench/...", imported) && !matches("cmd/...", imported)
		}
		return matches(a, imported)
	})
}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range tree(t) {
		may, known := allowed(p.path)
		if !known {
			t.Errorf("%s is not in the table of who may import whom", p.path)
			continue
		}
		for what, files := range p.imports {
			ours, isOurs := strings.CutPrefix(what, module+"/")
			if isOurs && !within(ours, may) {
				t.Errorf("%s imports %s (%s); it may import %q", p.path, ours, strings.Join(files, ", "), may)
			}
		}
		for what, files := range p.tests {
			ours, isOurs := strings.CutPrefix(what, module+"/")
			if isOurs && matches("bench/...", ours) && !matches("bench/...", p.path) && !matches("cmd/...", p.path) {
				t.Errorf("the tests of %s import %s (%s)", p.path, ours, strings.Join(files, ", "))
			}
		}
	}
}

// TestTheTableCanForbid tries the rules of ARCHITECTURE.md on imports that are not there.
func TestTheTableCanForbid(t *testing.T) {
	for _, tt := range []struct {
		pkg, imported string
		want          bool
	}{
		{"relay", "relay/udp", true},
		{"relay", "mixer", false},
		{"relay", "codecs", false},
		{"relay", "control/sdp", false},
		{"relay/rtp", "relay/port", false},
		{"relay/srtp", "relay/rtp", true},
		{"relay/srtp", "relay", false},
		{"relay/udp", "relay/rtp", false},
		{"relay/udp/udptest", "relay/udp", true},
		{"mixer", "relay", false},
		{"mixer", "relay/rtp", true},
		{"mixer", "relay/udp", false},
		{"mixer", "mixer/receive", true},
		{"mixer/receive", "mixer", false},
		{"jitter", "codecs", false},
		{"codecs/g711", "codecs", false},
		{"codecs", "mixer", false},
		{"control/sip", "relay", false},
		{"control/call", "mixer", true},
		{"control/call", "bench/phone", false},
		{"bench/phone", "bench/audio", true},
		{"bench/phone", "cmd/sidetone", false},
		{"cmd/sidetone", "bench/phone", true},
	} {
		may, known := allowed(tt.pkg)
		if got := known && within(tt.imported, may); got != tt.want {
			t.Errorf("%s importing %s: allowed %v, want %v", tt.pkg, tt.imported, got, tt.want)
		}
	}
}

func TestMediaReachesNoServersAndLogs(t *testing.T) {
	for _, top := range media {
		cmd := exec.Command("go", "list", "-deps", "./"+top+"/...")
		cmd.Dir = root
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list %s: %v\n%s", top, err, stderr.String())
		}
		deps := strings.Fields(string(out))
		if !slices.ContainsFunc(deps, func(d string) bool { return strings.HasPrefix(d, module+"/"+top) }) {
			t.Fatalf("go list found nothing of %s", top)
		}
		for _, dep := range deps {
			for _, u := range unwanted {
				if dep == u || strings.HasPrefix(dep, u+"/") {
					t.Errorf("%s reaches %s", top, dep)
				}
			}
		}
	}
	for _, p := range tree(t) {
		if !slices.Contains(media, strings.Split(p.path, "/")[0]) {
			continue
		}
		if files, ok := p.imports["log"]; ok {
			t.Errorf("%s imports log (%s); a *slog.Logger is injected", p.path, strings.Join(files, ", "))
		}
		for name, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && isLogHandler(s) {
					t.Errorf("%s uses slog.%s; a *slog.Logger is injected", name, s.Sel.Name)
				}
				return true
			})
		}
	}
}

// isLogHandler tells the names of log/slog that choose where logs go, or write to the default.
func isLogHandler(s *ast.SelectorExpr) bool {
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "slog" && slices.Contains([]string{"NewTextHandler", "NewJSONHandler", "Default", "SetDefault",
		"Debug", "Info", "Warn", "Error", "Log"}, s.Sel.Name)
}

func TestEveryPackageHasItsDoc(t *testing.T) {
	for _, p := range tree(t) {
		if len(p.files) > 0 && !p.hasDoc && !matches("cmd/...", p.path) {
			t.Errorf("%s has no doc.go with a package comment", p.path)
		}
	}
}

func TestTopLevel(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	ignored := strings.Fields(string(text))
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, e := range entries {
		found[e.Name()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		is := func(pattern string) bool {
			ok, _ := path.Match(strings.Trim(pattern, "/"), name)
			return ok
		}
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) && !slices.ContainsFunc(ignored, is) {
			t.Errorf("%s has no place at the top level", name)
		}
	}
	for _, name := range []string{"go.mod", "LICENSE", "Makefile", ".ci"} {
		if !found[name] {
			t.Errorf("%s is missing at the top level", name)
		}
	}
}
