package config

import (
	"errors"
	"fmt"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a file.
const (
	maxSize  = 1 << 20 // bytes
	maxDepth = 64      // of nesting
)

// parseTree reads YAML and returns its one document, nil when there is none. Only the syntax is
// judged here; the library's messages are used without its excerpt of the source, which may show a
// password.
func parseTree(r *report, text []byte) ast.Node {
	if len(text) > maxSize {
		r.add("", "the file has %d bytes, at most %d are read", len(text), maxSize)
		return nil
	}
	tokens := lexer.Tokenize(string(text))
	if p, fault := tooMuch(tokens); fault != "" {
		r.addAt(p, "", "%s", fault)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // duplicates are reported by decode.go
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			r.addAt(placeOf(syntax.GetToken()), "", "not valid YAML: %s", syntax.GetMessage())
		} else {
			r.add("", "not valid YAML")
		}
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			r.addAt(placeOf(firstToken(doc.Body)), "", "a second document; the file is one")
			return nil
		}
		body = doc.Body
	}
	return body
}

// tooMuch finds what the parser would take time and memory for by its square: brackets or list dashes
// nested deeper than maxDepth, and more documents than one with its end. Lists nested line by line are
// bounded by the indentation that this needs.
func tooMuch(tokens token.Tokens) (position, string) {
	brackets, dashes, line, documents := 0, 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.SequenceEntryType:
			if t.Position.Line != line {
				dashes, line = 0, t.Position.Line
			}
			dashes++
		case token.DocumentHeaderType:
			documents++
		}
		if brackets > maxDepth || dashes > maxDepth {
			return placeOf(t), fmt.Sprintf("nested deeper than %d levels", maxDepth)
		}
		if documents > 2 {
			return placeOf(t), "a second document; the file is one"
		}
	}
	return position{}, ""
}

func placeOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{t.Position.Line, t.Position.Column}
}
