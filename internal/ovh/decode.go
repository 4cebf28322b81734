package ovh

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/ovh/schema"
)

// A decoder reads one request. It goes on after a mistake, so that it can report the most telling one: a syntax error,
// then unknown names, then a wrong value, then what is missing.
type decoder struct {
	scanner
	zone       *time.Location
	op         *schema.Operation
	place      string   // of the parameter being read
	at         []string // where in it: names, and indexes like "[3]"
	unknown    []string
	wrong      *mistake
	missing    []string
	missingAll []string // the same with types
}

// require notes the required fields that were not seen.
func (d *decoder) require(fields []*field, seen uint64) {
	for _, f := range fields {
		if f.required && seen&(1<<f.number) == 0 {
			name := d.where(f.name)
			if f.name == "" {
				name = "body"
			}
			d.missing = append(d.missing, name)
			d.missingAll = append(d.missingAll, name+" ("+f.plan.typ.Name+"): "+f.about)
		}
	}
}

// where gives the name of something in what is being read: "smsResponse.trackingOptions[0].media".
func (d *decoder) where(name string) string {
	var b strings.Builder
	for _, part := range append(d.at[:len(d.at):len(d.at)], name) {
		if b.Len() > 0 && part != "" && part[0] != '[' {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// stranger notes a name that nobody described and skips its value.
func (d *decoder) stranger(name string) bool {
	const most = 20
	if len(d.unknown) < most {
		d.unknown = append(d.unknown, cut(d.where(name)))
	}
	return d.skip()
}

// readQuery reads the parameters of a query.
func (d *decoder) readQuery(b *binding, query string, in reflect.Value, seen *uint64) error {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return badQuery(err)
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return badQuery(err)
		}
		if f := b.query[name]; f != nil {
			d.parameter(f, text([]byte(value)), in, seen)
		} else {
			d.scanner = scanner{text: "0"}
			d.stranger(text([]byte(name)))
		}
	}
	return nil
}

// parameter reads one that came as a text: from the path, the query or a header. The Python client writes null for a
// value that is not there.
func (d *decoder) parameter(f *field, value string, in reflect.Value, seen *uint64) {
	if value == "null" && f.place != "Path" {
		return
	}
	d.place = f.place
	*seen |= 1 << f.number
	target := f.target(in)
	switch p := f.plan; {
	case p.typ.Kind == schema.Scalar || p.typ.Kind == schema.Enum:
		d.enter(f.name)
		d.set(p, value, target)
		d.leave()
	case p.typ.Kind == schema.List && !strings.HasPrefix(value, "["): // a=1&a=2
		target.Grow(1)
		target.SetLen(target.Len() + 1)
		d.enter(f.name)
		d.set(p.elem, value, target.Index(target.Len()-1))
		d.leave()
	default: // JSON within the query
		d.scanner = scanner{text: value}
		d.enter(f.name)
		if !d.value(p, target) || !d.done() {
			d.mistaken(p, value)
		}
		d.leave()
		d.err = nil
	}
}

func (d *decoder) enter(name string) { d.at = append(d.at, name) }
func (d *decoder) leave()            { d.at = d.at[:len(d.at)-1] }

// target gives the place of the field's value in a struct, making it where it is behind a pointer.
func (f *field) target(in reflect.Value) reflect.Value {
	v := in.Field(f.index)
	switch f.form {
	case threeWay:
		v.Field(0).SetBool(true)
		v = v.Field(1)
	case plain:
		return v
	}
	v.Set(reflect.New(v.Type().Elem()))
	return v.Elem()
}

// member reads the value of a name in an object. Null is the same as absent, unless the property can be null.
func (d *decoder) member(f *field, in reflect.Value, seen *uint64) bool {
	if f.index < 0 {
		return d.skip()
	}
	d.place = "Body"
	if d.peek() == 'n' {
		*seen &^= 1 << f.number
		in.Field(f.index).SetZero()
		if f.form == threeWay {
			in.Field(f.index).Field(0).SetBool(true)
		}
		return d.word("null")
	}
	*seen |= 1 << f.number
	if f.name == "" {
		return d.value(f.plan, f.target(in))
	}
	d.enter(f.name)
	defer d.leave()
	return d.value(f.plan, f.target(in))
}

// value reads a JSON value.
func (d *decoder) value(p *plan, v reflect.Value) bool {
	c := d.peek()
	switch p.typ.Kind {
	case schema.List:
		if c == '[' {
			return d.list(p, v)
		}
	case schema.Map:
		if c == '{' {
			return d.dictionary(p, v)
		}
	case schema.Object:
		if c == '{' {
			return d.properties(p, v)
		}
	default:
		return d.scalar(p, v, c)
	}
	return d.mistyped(p)
}

// maxElements is how many values a list may have, so that short ones do not take many times the memory of their text.
const maxElements = 250_000

func (d *decoder) list(p *plan, v reflect.Value) bool {
	if texts, ok := v.Addr().Interface().(*[]string); ok && p.elem.typ.Kind == schema.Scalar {
		*texts = []string{}
		return d.array(func(i int) bool {
			if i == maxElements {
				return d.fail("a list has more than %d values", maxElements)
			}
			if d.peek() == '"' {
				s, ok := d.str()
				if ok && !wellFormed(p.elem.typ.Name, s) {
					d.enter("[" + strconv.Itoa(i) + "]")
					d.mistaken(p.elem, s)
					d.leave()
				}
				*texts = append(*texts, s)
				return ok
			}
			return d.element(p.elem, i, reflect.New(v.Type().Elem()).Elem())
		})
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	return d.array(func(i int) bool {
		if i == maxElements {
			return d.fail("a list has more than %d values", maxElements)
		}
		v.Grow(1)
		v.SetLen(i + 1)
		return d.element(p.elem, i, v.Index(i))
	})
}

func (d *decoder) element(p *plan, i int, v reflect.Value) bool {
	d.enter("[" + strconv.Itoa(i) + "]")
	defer d.leave()
	return d.value(p, v)
}

func (d *decoder) dictionary(p *plan, v reflect.Value) bool {
	v.Set(reflect.MakeMap(v.Type()))
	return d.object(func(name string) bool {
		d.enter(name)
		if !wellFormed("string", name) {
			d.mistaken(p, name)
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		ok := d.value(p.elem, elem)
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), elem)
		d.leave()
		return ok
	})
}

func (d *decoder) properties(p *plan, v reflect.Value) bool {
	var seen uint64
	ok := d.object(func(name string) bool {
		f := p.byName[name]
		if f == nil {
			return d.stranger(name)
		}
		return d.member(f, v, &seen)
	})
	d.require(p.fields, seen)
	return ok
}

// scalar reads a plain value or an enum. Numbers and booleans may come in quotes.
func (d *decoder) scalar(p *plan, v reflect.Value, c byte) bool {
	start := d.pos
	var s string
	var ok bool
	fit := true
	switch {
	case c == '"':
		s, ok = d.str()
	case c == '-' || c >= '0' && c <= '9':
		s, ok = d.number()
		fit = !p.textual()
	case (c == 't' || c == 'f') && p.typ.Name == "boolean":
		if ok = d.word(map[byte]string{'t': "true", 'f': "false"}[c]); ok {
			s = d.text[start:d.pos]
		}
	default:
		return d.mistyped(p)
	}
	switch {
	case !ok:
	case fit:
		d.set(p, s, v)
	default:
		d.mistaken(p, d.text[start:d.pos])
	}
	return ok
}

// textual tells whether the type is one that a JSON number cannot stand for.
func (p *plan) textual() bool {
	if p.typ.Kind == schema.Enum {
		return p.typ.Model.EnumType == "string"
	}
	return textual(p.typ.Name)
}

// set puts the text of a plain value or an enum into v.
func (d *decoder) set(p *plan, s string, v reflect.Value) {
	var ok bool
	if p.typ.Kind == schema.Enum {
		ok = p.setEnum(s, v)
	} else {
		ok = setScalar(p.typ.Name, s, v, d.zone)
	}
	if !ok {
		d.mistaken(p, s)
	}
}

// setEnum puts a value into v when it is one of the enum's.
func (p *plan) setEnum(s string, v reflect.Value) bool {
	if !slices.Contains(p.typ.Model.Enum, s) {
		return false
	}
	if v.Kind() == reflect.Int64 {
		n, _ := parseLong(s)
		v.SetInt(n)
	} else {
		v.SetString(s)
	}
	return true
}

// mistyped notes a JSON value of the wrong kind and skips it.
func (d *decoder) mistyped(p *plan) bool {
	start := d.pos
	ok := d.skip()
	if ok {
		d.mistaken(p, d.text[start:d.pos])
	}
	return ok
}

// verdict gives the most telling mistake as an error, nil when there is none.
func (d *decoder) verdict(b *binding) error {
	switch {
	case d.err != nil:
		return badBody(d.err)
	case d.unknown != nil:
		return notDescribed(d.unknown, b)
	case d.wrong != nil:
		return d.wrong.err()
	case d.missing != nil:
		return missing(d.missing, d.missingAll)
	}
	return nil
}
