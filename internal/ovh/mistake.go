package ovh

import (
	"fmt"
	"strings"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

// A mistake is a value that does not fit its type.
type mistake struct {
	place, name, value, expected, typ string
}

// mistaken notes the first wrong value.
func (d *decoder) mistaken(p *plan, value string) {
	if d.wrong != nil {
		return
	}
	m := &mistake{place: d.place, name: d.where(""), value: cut(value), expected: expected(p), typ: p.typ.Name}
	if strings.IndexByte(value, 0) >= 0 {
		m.expected = "without the character U+0000"
	}
	if p.typ.Name == "password" {
		m.value = "…"
	}
	if m.name == "" {
		m.name = "(body)"
	}
	d.wrong = m
}

// expected describes a type to whoever sent something else.
func expected(p *plan) string {
	switch p.typ.Kind {
	case schema.List:
		return "an array: put the values in square brackets, also a single one"
	case schema.Map, schema.Object:
		return "an object in braces"
	case schema.Enum:
		return "one of " + strings.Join(p.typ.Model.Enum, ", ")
	}
	return expectations[p.typ.Name]
}

func (m *mistake) err() error {
	text := fmt.Sprintf("%s parameter %s isn't formated correctly", m.place, m.name)
	cause := fmt.Sprintf("it is '%s' and must be %s (type %s)", m.value, m.expected, m.typ)
	// This one answer of OVH is known word by word.
	if strings.HasPrefix(m.name, "accessRules") {
		return sms.Errorf(sms.Invalid, "Body parameter accessRules isn't formated correctly").
			With("parameter", m.name).With("value", m.value).With("expected", m.expected).With("cause", m.name+": "+cause)
	}
	return sms.Errorf(sms.Invalid, "%s: %s", text, cause).
		With("parameter", m.name).With("value", m.value).With("expected", m.expected)
}

func notDescribed(names []string, b *binding) error {
	return sms.Errorf(sms.Invalid, "Received not described parameters: (%s) while calling %s",
		strings.Join(names, ", "), callee(b.op, b.collection)).With("cause", b.known())
}

func missing(names, all []string) error {
	noun := "parameter"
	if len(names) > 1 {
		noun = "parameters"
	}
	return sms.Errorf(sms.Invalid, "Missing required %s: %s", noun, strings.Join(names, ", ")).
		With("cause", strings.Join(all, "; "))
}

func badBody(err error) error {
	return sms.Errorf(sms.Invalid, "The body is not the JSON object that was expected: %v", err).
		With("cause", "parameters of a POST or PUT are the members of one JSON object in the body")
}

func badQuery(err error) error {
	return sms.Errorf(sms.Invalid, "The query is not percent-encoded correctly: %v", err)
}
