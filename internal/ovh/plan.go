package ovh

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"ramier/internal/ovh/schema"
)

// A plan tells how a value of a schema type is read into a Go value. Plans are made once, when the API starts.
type plan struct {
	typ    *schema.Type
	elem   *plan             // of a list or map
	byName map[string]*field // of an object, aliases included
	fields []*field          // of an object, each once
}

// A field is a parameter or property and the field of the Go struct it goes to.
type field struct {
	name     string
	place    string // Path, Query, Body or Header, for messages
	index    int    // in the struct, -1 for what is read and dropped
	form     form
	required bool
	number   int // among the fields of its object
	about    string
	plan     *plan
}

// form is how a Go field shows that something is absent.
type form uint8

const (
	plain    form = iota // it cannot be, or nil tells it
	pointer              // a nil pointer
	threeWay             // a nullable
)

// A planner makes plans, each type once.
type planner struct {
	schema *schema.Schema
	made   map[planKey]*plan
	seen   map[planKey]bool // answers that were looked at
}

type planKey struct {
	expr string
	typ  reflect.Type
}

// plan makes the plan to read a type of the schema into a Go type, and panics when the one does not fit the other.
func (p *planner) plan(expr string, typ reflect.Type) *plan {
	key := planKey{expr, typ}
	if made := p.made[key]; made != nil {
		return made
	}
	t, err := p.schema.Type(expr)
	if err != nil {
		panic(err)
	}
	made := &plan{typ: t}
	p.made[key] = made
	must(fits(t, typ), "%s does not fit into %s", expr, typ)
	switch t.Kind {
	case schema.List, schema.Map:
		made.elem = p.plan(t.Elem.Name, typ.Elem())
	case schema.Object:
		p.object(made, typ)
	}
	return made
}

func (p *planner) object(made *plan, typ reflect.Type) {
	made.byName = map[string]*field{}
	m := made.typ.Model
	for _, name := range m.Names() {
		prop := m.Properties[name]
		f := &field{name: name, place: "Body", index: -1, required: prop.Required, about: prop.Description}
		if m.Writable(name) {
			p.bind(f, prop.Type, typ)
		} else {
			f.required = false
		}
		made.add(f, prop.Aliases)
	}
}

func (pl *plan) add(f *field, aliases []string) {
	f.number = len(pl.fields)
	must(f.number < 64, "an object has more than 64 properties")
	pl.fields = append(pl.fields, f)
	for _, name := range append([]string{f.name}, aliases...) {
		must(pl.byName[name] == nil, "%s is there twice", name)
		pl.byName[name] = f
	}
}

// bind finds the field of a Go struct that a parameter goes to.
func (p *planner) bind(f *field, expr string, typ reflect.Type) {
	tag := f.name
	if tag == "" {
		tag = "(body)"
	}
	f.index = slices.IndexFunc(tags(typ), func(name string) bool { return name == tag })
	must(f.index >= 0, "%s has no field with the tag json:%q", typ, tag)
	inner := typ.Field(f.index).Type
	switch {
	case inner.Kind() == reflect.Pointer:
		f.form, inner = pointer, inner.Elem()
	case isNullable(inner):
		f.form, inner = threeWay, inner.Field(1).Type.Elem()
	}
	f.plan = p.plan(expr, inner)
}

// tags gives the names of a struct's fields on the wire.
func tags(typ reflect.Type) []string {
	names := make([]string, typ.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(typ.Field(i).Tag.Get("json"), ",")
	}
	return names
}

func isNullable(typ reflect.Type) bool {
	return typ.Kind() == reflect.Struct && strings.HasPrefix(typ.Name(), "nullable[")
}

// answers looks whether a Go type is written as a type of the schema says, and panics when it is not.
func (p *planner) answers(t *schema.Type, typ reflect.Type, where string) {
	key := planKey{t.Name, typ}
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	must(fits(t, typ), "%s answers %s, which is not a %s", where, typ, t.Name)
	switch t.Kind {
	case schema.List, schema.Map:
		p.answers(t.Elem, typ.Elem(), where)
	case schema.Object:
		names := tags(typ)
		for i, name := range names {
			prop := t.Model.Properties[name]
			must(prop != nil && !prop.WriteOnly, "%s: %s.%s is not described", where, t.Name, name)
			inner := typ.Field(i).Type
			if inner.Kind() == reflect.Pointer {
				must(prop.CanBeNull, "%s: %s.%s cannot be null", where, t.Name, name)
				inner = inner.Elem()
			}
			of, err := p.schema.Type(prop.Type)
			must(err == nil, "%v", err)
			p.answers(of, inner, where)
		}
		for name, prop := range t.Model.Properties {
			must(prop.WriteOnly || slices.Contains(names, name), "%s: %s lacks %s.%s", where, typ, t.Name, name)
		}
	}
}

// fits tells whether a Go type can hold a type of the schema, not looking into objects.
func fits(t *schema.Type, typ reflect.Type) bool {
	switch t.Kind {
	case schema.List:
		return typ.Kind() == reflect.Slice && fits(t.Elem, typ.Elem())
	case schema.Map:
		return typ.Kind() == reflect.Map && typ.Key().Kind() == reflect.String && fits(t.Elem, typ.Elem())
	case schema.Object:
		return typ.Kind() == reflect.Struct
	case schema.Void:
		return typ == reflect.TypeFor[void]()
	case schema.Enum:
		return typ.Kind() == map[string]reflect.Kind{"string": reflect.String, "long": reflect.Int64}[t.Model.EnumType]
	}
	switch t.Name {
	case "long":
		return typ.Kind() == reflect.Int64
	case "double":
		return typ.Kind() == reflect.Float64
	case "boolean":
		return typ.Kind() == reflect.Bool
	case "datetime":
		return typ == reflect.TypeFor[datetime]()
	}
	return typ.Kind() == reflect.String
}

// must stops the start of the program: the table of routes and the schema contradict each other.
func must(ok bool, format string, args ...any) {
	if !ok {
		panic("ovh: " + fmt.Sprintf(format, args...))
	}
}
