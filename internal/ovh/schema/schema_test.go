package schema

import "testing"

func TestDocumentsHoldTogether(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]*Model{}
	for _, op := range s.Operations {
		s.collect(used, op.ResponseType)
		if op.Description == "" {
			t.Errorf("%s has no description", op)
		}
		for _, p := range op.Parameters {
			s.collect(used, p.DataType)
			if p.Description == "" {
				t.Errorf("%s, parameter %s has no description", op, p.Name)
			}
			if p.FullType != p.DataType {
				t.Errorf("%s, parameter %s: fullType differs from dataType", op, p.Name)
			}
		}
	}
	for _, name := range s.ModelNames() {
		m := s.models[name]
		if m.Description == "" {
			t.Errorf("model %s has no description", name)
		}
		for prop, p := range m.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no description", name, prop)
			}
		}
	}
}

func TestTypeExpressions(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for expr, want := range map[string]Kind{
		"long": Scalar, "void": Void, "string[]": List, "sms.Batch": Object, "sms.PriorityEnum": Enum,
		"map[string]string": Map, "map[string][]iam.resource.TagFilter": Map, "complexType.SafeKeyValue<string>[]": List,
	} {
		got, err := s.Type(expr)
		if err != nil || got.Kind != want {
			t.Errorf("Type(%q) = %+v, %v; want kind %d", expr, got, err, want)
		}
	}
	pair, _ := s.Type("complexType.SafeKeyValue<string>")
	if got := pair.Model.Properties["value"].Type; got != "string" {
		t.Errorf("the argument of a generic model is not put in: value is a %q", got)
	}
	for _, expr := range []string{"", "sms.Nothing", "complexType.SafeKeyValue<sms.Nothing>x", "[]"} {
		if _, err := s.Type(expr); err == nil {
			t.Errorf("Type(%q) should fail", expr)
		}
	}
}
