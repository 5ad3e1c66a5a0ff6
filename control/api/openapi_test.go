package api

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	yaml "github.com/goccy/go-yaml"
)

// document is as much of OpenAPI 3 as ours uses.
type document struct {
	OpenAPI string `yaml:"openapi"`
	Paths   map[string]map[string]struct {
		Summary    string              `yaml:"summary"`
		Parameters []map[string]any    `yaml:"parameters"`
		Body       map[string]any      `yaml:"requestBody"`
		Security   *[]any              `yaml:"security"`
		Responses  map[string]response `yaml:"responses"`
	} `yaml:"paths"`
	Components struct {
		SecuritySchemes map[string]any      `yaml:"securitySchemes"`
		Responses       map[string]response `yaml:"responses"`
		Schemas         map[string]schema   `yaml:"schemas"`
	} `yaml:"components"`
	Info     map[string]string     `yaml:"info"`
	Security []map[string][]string `yaml:"security"`
}

type response struct {
	Ref         string `yaml:"$ref"`
	Description string `yaml:"description"`
	Content     map[string]struct {
		Schema schema `yaml:"schema"`
	} `yaml:"content"`
}

type schema struct {
	Ref                  string            `yaml:"$ref"`
	Type                 string            `yaml:"type"`
	Format               string            `yaml:"format"`
	Description          string            `yaml:"description"`
	Enum                 []string          `yaml:"enum"`
	Required             []string          `yaml:"required"`
	Properties           map[string]schema `yaml:"properties"`
	Items                *schema           `yaml:"items"`
	AdditionalProperties *schema           `yaml:"additionalProperties"`
}

func openDocument(t *testing.T) document {
	t.Helper()
	var d document
	if err := yaml.UnmarshalWithOptions(openAPI, &d, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return d
}

// bodies are the types that leave the server, by the name of their schema.
var bodies = []any{Stations{}, Station{}, Calls{}, Call{}, Leg{}, Section{}, Traffic{}, Metrics{}, Rooms{}, Trunks{}, Trunk{}, AccessLog{}, Access{}, Room{}, Member{}, Talk{}, Lost{}, Capacity{}, Usage{}, PortUsage{}, Records{}, Health{}, Failure{}, Waiting{}, Settings{}, Recording{}, RoomChange{}, MemberChange{}}

func TestDocumentHasTheRoutes(t *testing.T) {
	d := openDocument(t)
	served := make(map[string]int) // methods of a path
	for _, a := range actions {
		served[a.path]++
	}
	if len(d.Paths) != len(routes)+len(served) {
		t.Errorf("%d paths are described, %d are served", len(d.Paths), len(routes)+len(served))
	}
	for _, a := range actions {
		methods := d.Paths[a.path]
		m, ok := methods[strings.ToLower(a.method)]
		if !ok || len(methods) != served[a.path] || len(m.Parameters) != strings.Count(a.path, "{") {
			t.Errorf("%s: described are %v", a.path, methods)
		}
		for _, code := range []string{"401", "404", "421"} {
			if _, ok := m.Responses[code]; !ok {
				t.Errorf("%s: %s is not described", a.path, code)
			}
		}
	}
	for _, r := range routes {
		methods := d.Paths[r.path]
		get, ok := methods["get"]
		if !ok || len(methods) != 1 {
			t.Errorf("%s: described are %v, served is get", r.path, methods)
			continue
		}
		if open := get.Security != nil && len(*get.Security) == 0; open != r.open {
			t.Errorf("%s: described as open %v, is %v", r.path, open, r.open)
		}
		if _, ok := get.Responses["401"]; ok == r.open {
			t.Errorf("%s: 401 described: %v", r.path, ok)
		}
		for code, resp := range get.Responses {
			if name, ok := strings.CutPrefix(resp.Ref, "#/components/responses/"); ok {
				resp = d.Components.Responses[name]
			}
			if resp.Description == "" || len(resp.Content) != 1 {
				t.Errorf("%s %s: %+v", r.path, code, resp)
			}
			if body, ok := resp.Content["application/json"]; ok {
				if _, known := d.Components.Schemas[strings.TrimPrefix(body.Schema.Ref, "#/components/schemas/")]; !known {
					t.Errorf("%s %s: no schema %q", r.path, code, body.Schema.Ref)
				}
			}
		}
	}
}

// TestDocumentHasTheFields compares every schema with the struct of its name: fields, types, and which
// are always there.
func TestDocumentHasTheFields(t *testing.T) {
	d := openDocument(t)
	if len(d.Components.Schemas) != len(bodies) {
		t.Errorf("%d schemas are described, there are %d types", len(d.Components.Schemas), len(bodies))
	}
	for _, body := range bodies {
		typ := reflect.TypeOf(body)
		s, ok := d.Components.Schemas[typ.Name()]
		if !ok {
			t.Errorf("no schema of %s", typ.Name())
			continue
		}
		var names, required []string
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
			if options == "" {
				required = append(required, name)
			}
			got := s.Properties[name]
			got.Description, got.Enum = "", nil
			if want := schemaOf(f.Type); !reflect.DeepEqual(got, want) {
				t.Errorf("%s.%s is described as %+v, is %+v", typ.Name(), name, got, want)
			}
		}
		if len(s.Properties) != len(names) {
			t.Errorf("%s: %d properties are described, there are %v", typ.Name(), len(s.Properties), names)
		}
		slices.Sort(required)
		if described := slices.Sorted(slices.Values(s.Required)); !slices.Equal(described, required) {
			t.Errorf("%s: required are %v, always there are %v", typ.Name(), described, required)
		}
	}
}

// schemaOf is how a field of the type is described.
func schemaOf(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.AddrPort]():
		return schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.String:
		return schema{Type: "string"}
	case reflect.Bool:
		return schema{Type: "boolean"}
	case reflect.Int, reflect.Uint16:
		return schema{Type: "integer"}
	case reflect.Int64, reflect.Uint64, reflect.Uint32:
		return schema{Type: "integer", Format: "int64"}
	case reflect.Float64:
		return schema{Type: "number"}
	case reflect.Slice:
		items := schemaOf(t.Elem())
		return schema{Type: "array", Items: &items}
	case reflect.Map:
		values := schemaOf(t.Elem())
		return schema{Type: "object", AdditionalProperties: &values}
	case reflect.Struct:
		return schema{Ref: "#/components/schemas/" + t.Name()}
	}
	panic(t.String())
}
