package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testHost is a machine with two addresses, one environment variable and a few files.
func testHost() Host {
	own := []netip.Addr{netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("2001:db8::10"), netip.MustParseAddr("127.0.0.1")}
	files := map[string]string{"/etc/217.secret": "from-a-file\nsecond line\n", "etc/218.secret": "beside\r\n", "/etc/empty": "\nx",
		"/music/a.wav": "", "etc/b.wav": "", "/music/c.mp3": ""}
	return Host{
		Bind: func(a netip.Addr) error {
			for _, o := range own {
				if a == o || a.IsUnspecified() {
					return nil
				}
			}
			return fmt.Errorf("bind: %w", syscall.EADDRNOTAVAIL)
		},
		Addresses: func() []netip.Addr { return own },
		LookupEnv: func(name string) (string, bool) {
			value, ok := map[string]string{"PASSWORD_217": "from-the-environment", "EMPTY": ""}[name]
			return value, ok
		},
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := files[name]; ok {
				return []byte(text), nil
			}
			return nil, &os.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
		},
		HasFile: func(name string) error {
			if _, ok := files[name]; ok {
				return nil
			}
			return &os.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
		},
	}
}

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("etc/sidetone.yaml", []byte(text), testHost())
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return c
}

func TestAnEmptyFileIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "sip:\nmedia:\nstations:\n"} {
		c, err := Parse("sidetone.yaml", []byte(text), testHost())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !reflect.DeepEqual(c, Default()) {
			t.Errorf("%q is not the default", text)
		}
	}
}

func TestWhatIsSaidReplacesTheDefaultAndNothingElse(t *testing.T) {
	c := mustParse(t, `
sip: {expires: 5m, whitelist: {networks: [192.168.1.255, 10.1.2.3, "2001:db8::/32"]}}
media:
  interfaces:
    - {address: 192.168.1.10, advertise: 203.0.113.5, ports: 30000-30099}
    - {address: "2001:db8::10"}
  batch_window: 0
  jitter:
    normal: 80ms
stations:
  - {tel: "217", user_id: s217, password: "${PASSWORD_217}"}
  - {tel: "218", user_id: s218, password: "file:218.secret"}
  - {tel: "219", user_id: s219, password: "file:/etc/217.secret", srtp: off, music: ""}
conference:
  rooms: [{number: "700"}]
api: {listen: "0.0.0.0:8080", token: "sesame-open"}
store: {dir: var}
`)
	want := Default()
	want.SIP.Expires = 5 * time.Minute
	want.SIP.Whitelist.Networks = prefixes("192.168.1.0/24", "10.1.2.3/32", "2001:db8::/32")
	want.Media.Interfaces = []Interface{
		{Name: "lan", Address: netip.MustParseAddr("192.168.1.10"), Advertise: netip.MustParseAddr("203.0.113.5"), Ports: PortRange{30000, 30099}},
		{Name: "lan", Address: netip.MustParseAddr("2001:db8::10"), Ports: PortRange{20000, 29999}},
	}
	want.Media.BatchWindow = 0
	want.Media.Jitter.Normal = 80 * time.Millisecond
	want.Stations = []Station{NewStation("217", "s217", "from-the-environment"), NewStation("218", "s218", "beside"), NewStation("219", "s219", "from-a-file")}
	want.Stations[2].SRTP, want.Stations[2].Music = "off", ""
	want.Conference.Rooms = []Room{{Number: "700", Members: 32, Tones: true, Record: "on_demand"}}
	want.API = API{Listen: "0.0.0.0:8080", Token: NewSecret("sesame-open")}
	want.Store.Dir = "etc/var"
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

// TestSampleIsTheDefault holds the shipped sample to the code: read, it is Default; it has every key;
// and its commented examples, uncommented, are read too and have every key of their entries.
func TestSampleIsTheDefault(t *testing.T) {
	r := newReport("sidetone.sample.yaml")
	c := &Config{}
	decode(r, parseTree(r, Sample()), reflect.ValueOf(c).Elem(), "")
	if err := r.err(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, Default()) {
		t.Errorf("the sample is\n%+v\nthe default is\n%+v", c, Default())
	}
	if _, err := Parse("sidetone.sample.yaml", Sample(), testHost()); err != nil {
		t.Error(err)
	}
	missing := func(r *report, v reflect.Value) {
		walk(v, "", "", func(_ reflect.Value, path string, _ reflect.StructTag) {
			if _, ok := r.places[path]; !ok {
				t.Errorf("the sample has no %s", path)
			}
		})
	}
	missing(r, reflect.ValueOf(c).Elem())

	examples := []struct {
		name  string
		empty any // the list of the default
		want  any // the entry of the example
	}{
		{"stations", []Station{}, NewStation("217", "s217", "file:217.secret")},
		{"groups", []Group{}, func() Group { g := newGroup(); g.Number, g.Members = "500", []string{"217", "218"}; return g }()},
		{"trunks", []Trunk{}, func() Trunk { t := newTrunk(); t.Name, t.Access = "carrier", "9"; return t }()},
		{"rooms", []Room{}, func() Room { r := newRoom(); r.Number = "700"; return r }()},
	}
	for _, e := range examples {
		r := newReport("example of " + e.name)
		list := reflect.New(reflect.TypeOf(e.empty)).Elem()
		holder := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "L", Type: list.Type(), Tag: reflect.StructTag(`yaml:"` + e.name + `"`)}})).Elem()
		decode(r, parseTree(r, []byte(uncomment(t, e.name))), holder, "")
		if err := r.err(); err != nil {
			t.Error(err)
			continue
		}
		if got := holder.Field(0); got.Len() != 1 || !reflect.DeepEqual(got.Index(0).Interface(), e.want) {
			t.Errorf("%s: the example is\n%+v\nthe default would be\n%+v", e.name, got, e.want)
		}
		missing(r, holder)
	}
}

// uncomment returns the example that begins with the comment "# name:".
func uncomment(t *testing.T, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(Sample()), "\n# "+name+":\n")
	if !ok {
		t.Fatalf("the sample has no example of %s", name)
	}
	text := name + ":\n"
	for line := range strings.Lines(rest) {
		body, commented := strings.CutPrefix(line, "# ")
		if !commented {
			break
		}
		text += body
	}
	return text
}

func TestGenerated(t *testing.T) {
	for _, machine := range []string{"192.168.1.10", "127.0.0.1", "2001:db8::10"} {
		text, accounts := Generate(netip.MustParseAddr(machine), 5)
		c, err := Parse("sidetone.yaml", text, testHost())
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
		if got := c.Media.Interfaces[0].Address.String(); got != machine {
			t.Errorf("address %s, want %s", got, machine)
		}
		if _, l, err := ParseListen(c.SIP.Listen[0], "udp"); err != nil || l.Addr().Is4() != c.Media.Interfaces[0].Address.Is4() {
			t.Errorf("listens on %s for %s", c.SIP.Listen[0], machine)
		}
		if !contained(netip.PrefixFrom(c.Media.Interfaces[0].Address, c.Media.Interfaces[0].Address.BitLen()), c.SIP.Whitelist.Networks) {
			t.Errorf("%s is not in its own white list %v", machine, c.SIP.Whitelist.Networks)
		}
		if len(c.SIP.Whitelist.Networks) < len(Default().SIP.Whitelist.Networks) {
			t.Errorf("the white list lacks the private networks: %v", c.SIP.Whitelist.Networks)
		}
		if len(accounts) != 5 || len(c.Stations) != 5 {
			t.Fatalf("%d accounts, %d stations", len(accounts), len(c.Stations))
		}
		seen := map[string]bool{}
		for i, a := range accounts {
			if want := NewStation(fmt.Sprint(217+i), a.UserID, a.Password); !reflect.DeepEqual(c.Stations[i], want) {
				t.Errorf("station %+v, account %+v", c.Stations[i], a)
			}
			if seen[a.Password] {
				t.Error("two stations have one password")
			}
			seen[a.Password] = true
		}
	}
}

func TestLoadNamesTheFileThatIsMissing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none.yaml")
	_, err := Load(name)
	if err == nil || err.Error() != name+": no such file or directory" {
		t.Errorf("error %v", err)
	}
}

func TestCheckAgainstThisMachine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sidetone.yaml")
	text, _ := Generate(MachineAddress(), 3)
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if faults := Check(name); faults != nil {
		t.Errorf("a generated file has faults: %q", faults)
	}
	if err := os.WriteFile(name, []byte("media: {interfaces: [{address: 192.0.2.77}]}\nlog: {level: loud}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	faults := Check(name)
	if len(faults) != 2 || !strings.HasPrefix(faults[0], name+":1:32: media.interfaces[0].address: 192.0.2.77 is not an address of this machine (it has ") {
		t.Errorf("faults %q", faults)
	}
}
