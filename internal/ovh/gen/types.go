package main

import (
	"strings"

	"ramier/internal/ovh/schema"
)

// maxConstants keeps lists of countries out of the constants.
const maxConstants = 50

func (g *generator) model(name string, answered, asked bool) {
	m := g.schema.Models(name)[name]
	switch {
	case m.Generics != nil:
		return // its instances are written where they are used
	case m.Enum != nil:
		if answered || asked {
			g.enum(name, m)
		}
		return
	}
	if answered {
		g.answer(name, m)
	}
	if asked {
		g.body(name, m)
	}
}

func (g *generator) enum(name string, m *schema.Model) {
	typ := typeName(name)
	g.claim(typ, name)
	base := map[string]string{"string": "string", "long": "int64"}[m.EnumType]
	g.printf("\n// %s is %s: %s.\ntype %s %s\n", typ, name, lower(m.Description), typ, base)
	if len(m.Enum) > maxConstants {
		return
	}
	g.printf("\nconst (\n")
	for _, value := range m.Enum {
		constant := typ + goName(value)
		g.claim(constant, name+" "+value)
		if base == "string" {
			g.printf("%s %s = %q\n", constant, typ, value)
		} else {
			g.printf("%s %s = %s\n", constant, typ, value)
		}
	}
	g.printf(")\n")
}

// answer writes the model as it stands in answers.
func (g *generator) answer(name string, m *schema.Model) {
	typ := typeName(name)
	g.claim(typ, name)
	g.printf("\n// %s is %s: %s.\ntype %s struct {\n", typ, name, lower(m.Description), typ)
	for _, prop := range m.Names() {
		p := m.Properties[prop]
		if p.WriteOnly {
			continue
		}
		t := g.goType(p.Type, "")
		if p.CanBeNull {
			t = "*" + t
		}
		g.printf("%s %s `json:%q` // %s\n", goName(prop), t, prop, p.Description)
	}
	g.printf("}\n")
}

// body writes the model as it stands in requests, in which everything may be absent.
func (g *generator) body(name string, m *schema.Model) {
	typ := typeName(name) + "Body"
	g.claim(typ, name)
	g.printf("\n// %s is %s in a request; what is absent stays nil.\ntype %s struct {\n", typ, name, typ)
	for _, prop := range m.Names() {
		p := m.Properties[prop]
		if !m.Writable(prop) {
			continue
		}
		g.printf("%s %s `json:%q`\n", goName(prop), g.field(p.Type, p.Required, p.CanBeNull), prop)
	}
	g.printf("}\n")
}

// operation writes the parameters of an operation.
func (g *generator) operation(op *schema.Operation) {
	typ := operationName(op) + "In"
	g.claim(typ, op.String())
	g.printf("\n// %s is what %s takes.\ntype %s struct {\n", typ, op, typ)
	for _, p := range op.Parameters {
		name, tag := goName(p.Name), p.Name
		if tag == "" {
			name, tag = "Body", "(body)"
		}
		g.printf("%s %s `json:%q`\n", name, g.field(p.DataType, p.Required, false), tag)
	}
	g.printf("}\n")
}

// field gives the Go type of something that a request may hold.
func (g *generator) field(expr string, required, canBeNull bool) string {
	t := g.goType(expr, "Body")
	switch {
	case required:
		return t
	case canBeNull:
		return "nullable[" + t + "]"
	case collection(expr):
		return t // nil tells absence
	}
	return "*" + t
}

func collection(expr string) bool {
	return strings.HasSuffix(expr, "[]") || strings.HasPrefix(expr, "map[")
}

// goType gives the Go type of a type expression; suffix is put behind the names of objects.
func (g *generator) goType(expr, suffix string) string {
	t, err := g.schema.Type(expr)
	if err != nil {
		g.err = err
		return "any"
	}
	switch t.Kind {
	case schema.List:
		return "[]" + g.goType(t.Elem.Name, suffix)
	case schema.Map:
		return "map[string]" + g.goType(t.Elem.Name, suffix)
	case schema.Object:
		return g.instance(expr, t, suffix)
	case schema.Enum:
		return typeName(expr)
	}
	switch expr {
	case "void":
		return "void"
	case "long":
		return "int64"
	case "double":
		return "float64"
	case "boolean":
		return "bool"
	case "datetime":
		return "datetime"
	}
	return "string"
}

// instance names the Go type of an object, and writes that of a generic model with an argument when it is met first.
func (g *generator) instance(expr string, t *schema.Type, suffix string) string {
	name := typeName(expr)
	if !strings.Contains(expr, "<") || g.names[name+suffix] != "" {
		return name + suffix
	}
	rest := g.out.Len()
	if suffix == "" {
		g.answer(expr, t.Model)
	} else {
		g.body(expr, t.Model)
	}
	g.later = append(g.later, string(g.out.Bytes()[rest:])) // it was met in the middle of another type
	g.out.Truncate(rest)
	return name + suffix
}
