package schema

import (
	"fmt"
	"strings"
)

// Kind is what a type is made of.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota // one of Scalars
	List               // JSON array of Elem
	Map                // JSON object from any name to Elem
	Enum               // one of Model.Enum
	Object             // Model.Properties
	Void               // nothing; JSON null
)

// Scalars are the plain types.
var Scalars = map[string]bool{
	"string": true, "text": true, "password": true, "long": true, "double": true, "boolean": true,
	"datetime": true, "date": true, "duration": true, "uuid": true, "ip": true, "ipBlock": true,
	"phoneNumber": true, "internationalPhoneNumber": true,
}

// A Type is a type expression such as "long", "sms.Batch[]" or "map[string]string", resolved.
type Type struct {
	Name  string // as written
	Kind  Kind
	Elem  *Type  // of a List or Map
	Model *Model // of an Enum or Object
}

// Type resolves a type expression.
func (s *Schema) Type(expr string) (*Type, error) {
	t := &Type{Name: expr}
	elem := ""
	switch {
	case strings.HasSuffix(expr, "[]"):
		t.Kind, elem = List, strings.TrimSuffix(expr, "[]")
	case strings.HasPrefix(expr, "[]"):
		t.Kind, elem = List, strings.TrimPrefix(expr, "[]")
	case strings.HasPrefix(expr, "map[string]"):
		t.Kind, elem = Map, strings.TrimPrefix(expr, "map[string]")
	case expr == "void":
		t.Kind = Void
	case Scalars[expr]:
	default:
		if t.Model = s.model(expr); t.Model == nil {
			return nil, fmt.Errorf("type %q is not described", expr)
		}
		if t.Kind = Object; t.Model.Enum != nil {
			t.Kind = Enum
		}
	}
	if t.Kind != List && t.Kind != Map {
		return t, nil
	}
	var err error
	t.Elem, err = s.Type(elem)
	return t, err
}

// model finds a model; "complexType.SafeKeyValue<string>" is the generic one with its argument put in.
func (s *Schema) model(name string) *Model {
	base, arg, generic := strings.Cut(strings.TrimSuffix(name, ">"), "<")
	if !generic {
		return s.models[name]
	}
	pattern := s.models[base+"<T>"]
	if _, err := s.Type(arg); err != nil || pattern == nil || !strings.HasSuffix(name, ">") {
		return nil
	}
	m := *pattern
	m.Generics, m.Properties = nil, map[string]*Property{}
	for prop, p := range pattern.Properties {
		filled := *p
		if filled.Type == "T" {
			filled.Type, filled.FullType = arg, arg
		}
		m.Properties[prop] = &filled
	}
	return &m
}

// Leaf gives the name of the model or scalar at the bottom of a type expression.
func Leaf(expr string) string {
	for {
		trimmed := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(expr, "map[string]"), "[]"), "[]")
		if trimmed == expr {
			return expr
		}
		expr = trimmed
	}
}

// Served is a document as it is given out: only the operations that keep says yes to, with all models they lead to,
// below the base path.
func (s *Schema) Served(doc *Document, basePath string, keep func(*Operation) bool) *Document {
	out := *doc
	out.BasePath, out.APIs, out.Models = basePath, []*API{}, map[string]*Model{}
	for _, api := range doc.APIs {
		kept := API{Path: api.Path, Description: api.Description}
		for _, op := range api.Operations {
			if !keep(op) {
				continue
			}
			kept.Operations = append(kept.Operations, op)
			s.collect(out.Models, op.ResponseType)
			for _, p := range op.Parameters {
				s.collect(out.Models, p.DataType)
			}
		}
		if kept.Operations != nil {
			out.APIs = append(out.APIs, &kept)
		}
	}
	return &out
}

// collect adds the models that a type leads to.
func (s *Schema) collect(into map[string]*Model, expr string) {
	name := Leaf(expr)
	if base, arg, generic := strings.Cut(strings.TrimSuffix(name, ">"), "<"); generic {
		s.collect(into, arg)
		name = base + "<T>"
	}
	m := s.models[name]
	if m == nil || into[name] != nil {
		return
	}
	into[name] = m
	for _, p := range m.Properties {
		s.collect(into, p.Type)
	}
}

// Models gives, by name, the models that the types lead to.
func (s *Schema) Models(exprs ...string) map[string]*Model {
	found := map[string]*Model{}
	for _, expr := range exprs {
		s.collect(found, expr)
	}
	return found
}
