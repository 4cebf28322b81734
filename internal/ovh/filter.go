package ovh

import (
	"cmp"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// A filter is one condition of X-Pagination-Filter: "status:eq=enable", "sender:like=%25shop%25", "ptt:in=3,4".
type filter struct {
	field, op string
	values    []string
	not       bool
}

// operators are the comparisons by name. A leading n turns one around; ne and neq are spellings of "not eq".
var operators = map[string]func(c int) bool{
	"eq": func(c int) bool { return c == 0 },
	"gt": func(c int) bool { return c > 0 },
	"ge": func(c int) bool { return c >= 0 },
	"lt": func(c int) bool { return c < 0 },
	"le": func(c int) bool { return c <= 0 },
}

func parseFilter(text string) (filter, error) {
	rawField, condition, ok := strings.Cut(text, ":")
	op, rawValue, ok2 := strings.Cut(condition, "=")
	name, err := url.PathUnescape(rawField)
	if !ok || !ok2 || err != nil {
		return filter{}, sms.Errorf(sms.Invalid, "Header X-Pagination-Filter: %q is not of the form field:eq=value", cut(text))
	}
	f := filter{field: name, op: strings.ToLower(op)}
	switch f.op {
	case "ne", "neq":
		f.op, f.not = "eq", true
	case "nin", "nlike", "ngt", "nge", "nlt", "nle":
		f.op, f.not = f.op[1:], true
	}
	raw := []string{rawValue}
	if f.op == "in" {
		raw = strings.Split(rawValue, ",")
	} else if f.op != "like" && operators[f.op] == nil {
		return f, sms.Errorf(sms.Invalid, "Header X-Pagination-Filter: there is no comparison %q; there are eq, ne, in, nin, like, nlike, gt, ge, lt, le", cut(op))
	}
	for _, r := range raw {
		value, err := url.PathUnescape(r)
		if err != nil {
			return f, sms.Errorf(sms.Invalid, "Header X-Pagination-Filter: %q is not percent-encoded correctly", cut(r))
		}
		f.values = append(f.values, value)
	}
	return f, nil
}

// test makes the condition as a function of an object.
func (f filter) test(get func(reflect.Value) reflect.Value) (func(reflect.Value) bool, error) {
	holds := func(v reflect.Value) bool {
		switch f.op {
		case "like":
			return like(plainText(v), f.values[0])
		case "in":
			return slices.ContainsFunc(f.values, func(value string) bool { return against(v, value) == 0 })
		}
		return operators[f.op](against(v, f.values[0]))
	}
	return func(object reflect.Value) bool {
		v := get(object)
		if !v.IsValid() { // null equals nothing
			return f.not
		}
		return holds(v) != f.not
	}, nil
}

// getter finds a field by its name on the wire, like "smsResponse.responseType".
func getter(typ reflect.Type, name string) (func(reflect.Value) reflect.Value, error) {
	var steps []int
	t := typ
	for part := range strings.SplitSeq(name, ".") {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil, sms.Errorf(sms.Invalid, "The objects of this list have no field %q", cut(name))
		}
		i := slices.Index(tags(t), part)
		if i < 0 {
			return nil, sms.Errorf(sms.Invalid, "The objects of this list have no field %q, but %s", cut(name), strings.Join(tags(t), ", "))
		}
		steps, t = append(steps, i), t.Field(i).Type
	}
	return func(v reflect.Value) reflect.Value {
		for _, i := range steps {
			if v = indirect(v); !v.IsValid() {
				return v
			}
			v = v.Field(i)
		}
		return indirect(v)
	}, nil
}

// indirect follows pointers; nil gives the zero Value.
func indirect(v reflect.Value) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// compare orders two values of a field; null comes first.
func compare(a, b reflect.Value) int {
	if !a.IsValid() || !b.IsValid() {
		return cmp.Compare(presence(a), presence(b))
	}
	switch a.Kind() {
	case reflect.Int64:
		return cmp.Compare(a.Int(), b.Int())
	case reflect.Float64:
		return cmp.Compare(a.Float(), b.Float())
	case reflect.Struct:
		from, ok := reflect.TypeAssert[datetime](a)
		to, _ := reflect.TypeAssert[datetime](b)
		if ok {
			return from.Compare(to.Time)
		}
	}
	return strings.Compare(plainText(a), plainText(b))
}

func presence(v reflect.Value) int {
	if v.IsValid() {
		return 1
	}
	return 0
}

// against compares a value with the text of a filter, as what it is: a number, a moment or a text.
func against(v reflect.Value, text string) int {
	switch v.Kind() {
	case reflect.Int64, reflect.Float64:
		if want, err := strconv.ParseFloat(text, 64); err == nil {
			have, _ := strconv.ParseFloat(plainText(v), 64)
			return cmp.Compare(have, want)
		}
	case reflect.Struct:
		if have, ok := reflect.TypeAssert[datetime](v); ok {
			if want, ok := parseDatetime(text, paris); ok {
				return have.Truncate(time.Second).Compare(want.Time)
			}
		}
	}
	return strings.Compare(plainText(v), text)
}

// plainText gives a value as filters see it.
func plainText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Struct:
		if d, ok := reflect.TypeAssert[datetime](v); ok {
			return d.In(paris).Format(time.RFC3339)
		}
	}
	return ""
}

// like matches a pattern in which % stands for any characters, without regard to case.
func like(text, pattern string) bool {
	parts := strings.Split(strings.ToLower(pattern), "%")
	text = strings.ToLower(text)
	if len(parts) == 1 {
		return text == parts[0]
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}
