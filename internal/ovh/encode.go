package ovh

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An encoder writes answers. It differs from encoding/json in what OVH's clients need: an empty list is [] even when it
// is nil, nothing is escaped for HTML, and moments are in the zone of the API.
type encoder struct {
	out  []byte
	zone *time.Location
}

// An encoding writes values of one Go type. Encodings are made once, when the API starts.
type encoding func(e *encoder, v reflect.Value)

// An encodings makes the encoding of each type once, so that types may contain themselves.
type encodings map[reflect.Type]*encoding

func (es encodings) of(typ reflect.Type) encoding {
	if made := es[typ]; made != nil {
		return func(e *encoder, v reflect.Value) { (*made)(e, v) }
	}
	made := new(encoding)
	es[typ] = made
	*made = es.make(typ)
	return *made
}

func (es encodings) make(typ reflect.Type) encoding {
	switch typ {
	case reflect.TypeFor[datetime]():
		return func(e *encoder, v reflect.Value) {
			t, _ := reflect.TypeAssert[time.Time](v.Field(0))
			e.moment(t)
		}
	case reflect.TypeFor[void]():
		return func(e *encoder, v reflect.Value) { e.raw("null") }
	}
	switch typ.Kind() {
	case reflect.String:
		return func(e *encoder, v reflect.Value) { e.text(v.String()) }
	case reflect.Int64, reflect.Int:
		return func(e *encoder, v reflect.Value) { e.out = strconv.AppendInt(e.out, v.Int(), 10) }
	case reflect.Float64:
		return func(e *encoder, v reflect.Value) { e.float(v.Float()) }
	case reflect.Bool:
		return func(e *encoder, v reflect.Value) { e.out = strconv.AppendBool(e.out, v.Bool()) }
	case reflect.Pointer:
		return es.pointer(typ)
	case reflect.Slice:
		return es.list(typ)
	case reflect.Map:
		return es.dictionary(typ)
	case reflect.Struct:
		return es.object(typ)
	}
	return func(e *encoder, v reflect.Value) {
		data, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err)
		}
		e.out = append(e.out, data...)
	}
}

func (es encodings) pointer(typ reflect.Type) encoding {
	inner := es.of(typ.Elem())
	return func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.raw("null")
			return
		}
		inner(e, v.Elem())
	}
}

func (es encodings) list(typ reflect.Type) encoding {
	inner := es.of(typ.Elem())
	return func(e *encoder, v reflect.Value) {
		e.out = append(e.out, '[')
		for i := range v.Len() {
			if i > 0 {
				e.out = append(e.out, ',')
			}
			inner(e, v.Index(i))
		}
		e.out = append(e.out, ']')
	}
}

func (es encodings) dictionary(typ reflect.Type) encoding {
	inner := es.of(typ.Elem())
	return func(e *encoder, v reflect.Value) {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		e.out = append(e.out, '{')
		for i, key := range keys {
			if i > 0 {
				e.out = append(e.out, ',')
			}
			e.text(key.String())
			e.out = append(e.out, ':')
			inner(e, v.MapIndex(key))
		}
		e.out = append(e.out, '}')
	}
}

func (es encodings) object(typ reflect.Type) encoding {
	type member struct {
		index int
		begin string // the separator, the name in quotes and the colon
		value encoding
	}
	var members []member
	for i, name := range tags(typ) {
		if name == "" || name == "-" {
			continue
		}
		begin := string(appendText([]byte{','}, name)) + ":"
		if len(members) == 0 {
			begin = begin[1:]
		}
		members = append(members, member{i, begin, es.of(typ.Field(i).Type)})
	}
	return func(e *encoder, v reflect.Value) {
		e.out = append(e.out, '{')
		for _, m := range members {
			e.raw(m.begin)
			m.value(e, v.Field(m.index))
		}
		e.out = append(e.out, '}')
	}
}

func (e *encoder) raw(s string)  { e.out = append(e.out, s...) }
func (e *encoder) text(s string) { e.out = appendText(e.out, s) }

// moment writes a moment, and null for one that never was.
func (e *encoder) moment(t time.Time) {
	if t.IsZero() {
		e.raw("null")
		return
	}
	e.out = append(e.out, '"')
	e.out = t.In(e.zone).AppendFormat(e.out, time.RFC3339)
	e.out = append(e.out, '"')
}

// float writes a number as JavaScript does, and null for what JSON cannot express.
func (e *encoder) float(f float64) {
	switch size := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		e.raw("null")
	case size != 0 && (size < 1e-6 || size >= 1e21):
		e.out = strconv.AppendFloat(e.out, f, 'e', -1, 64)
	default:
		e.out = strconv.AppendFloat(e.out, f, 'f', -1, 64)
	}
}

// appendText writes a JSON string.
func appendText(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				out = append(append(out, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		i++
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[start:i-1]...)
		start = i
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(out, s[start:]...), '"')
}

// texts writes texts by name, in the order of the names.
func (e *encoder) texts(m map[string]string) {
	e.out = append(e.out, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.text(name)
		e.out = append(e.out, ':')
		e.text(m[name])
	}
	e.out = append(e.out, '}')
}
