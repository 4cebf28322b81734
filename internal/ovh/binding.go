package ovh

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"ramier/internal/ovh/schema"
)

// A binding is how the parameters of one operation are read into the Go type that its endpoint takes.
type binding struct {
	op     *schema.Operation
	fields []*field // all of them
	path   []*field // in the order of the path
	query  map[string]*field
	body   map[string]*field
	header []*field
	whole  *field // the parameter that is the whole body, nil when there is none
	// collection tells that the path can be listed too, so that a POST to it creates.
	collection bool
}

// bind makes the binding of an operation, and panics when a parameter has no place in typ.
func (p *planner) bindOperation(op *schema.Operation, typ reflect.Type) *binding {
	b := &binding{op: op, query: map[string]*field{}, body: map[string]*field{}}
	byPath := map[string]*field{}
	for _, param := range op.Parameters {
		f := &field{
			name: param.Name, place: title(param.ParamType), required: param.Required, about: param.Description,
			number: len(b.fields),
		}
		p.bind(f, param.DataType, typ)
		b.fields = append(b.fields, f)
		switch {
		case param.ParamType == "path":
			byPath[f.name] = f
		case param.ParamType == "header":
			b.header = append(b.header, f)
		case f.name == "":
			b.whole = f
			f.plan = p.asAnswered(f.plan, op)
		default:
			b.place(f)
		}
	}
	must(len(b.fields) < 64, "%s has more than 64 parameters", op)
	for _, name := range pathParameters(op.Path) {
		must(byPath[name] != nil, "%s does not describe {%s}", op, name)
		b.path = append(b.path, byPath[name])
	}
	return b
}

// asAnswered makes the plan of a whole body take also what the GET of the same path answers beyond its model: clients change
// the object that they got and send all of it back. The GET of an SMS account adds iam to sms.Account.
func (p *planner) asAnswered(pl *plan, op *schema.Operation) *plan {
	get := p.schema.Operation(http.MethodGet + " " + op.Path)
	if get == nil || op.HTTPMethod != http.MethodPut || pl.typ.Kind != schema.Object {
		return pl
	}
	answer, err := p.schema.Type(get.ResponseType)
	must(err == nil, "%s: %v", get, err)
	if answer.Kind != schema.Object {
		return pl
	}
	wider := &plan{typ: pl.typ, byName: maps.Clone(pl.byName), fields: slices.Clone(pl.fields)}
	for _, name := range answer.Model.Names() {
		if pl.byName[name] == nil {
			wider.add(&field{name: name, place: "Body", index: -1}, nil)
		}
	}
	return wider
}

// place files a parameter under where it may come from. Of the official clients, some put those of a DELETE into the
// query, some into a body.
func (b *binding) place(f *field) {
	if f.place == "Query" || b.op.HTTPMethod == http.MethodDelete {
		b.query[f.name] = f
	}
	if f.place == "Body" || b.op.HTTPMethod == http.MethodDelete {
		b.body[f.name] = f
	}
}

// pathParameters gives the names in braces.
func pathParameters(path string) []string {
	var names []string
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := parameter(segment); ok {
			names = append(names, name)
		}
	}
	return names
}

// parameter gives the name in "{name}".
func parameter(segment string) (string, bool) {
	name, ok := strings.CutPrefix(segment, "{")
	return strings.TrimSuffix(name, "}"), ok
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// input is what a request brings for one call of an endpoint.
type input struct {
	path   []string // of the parameters, decoded
	query  string   // raw
	header http.Header
	body   []byte
}

// decode reads the parameters into a Go value and checks them against the schema.
func (b *binding) decode(s *server, req *input, in reflect.Value) error {
	d := &decoder{zone: s.cfg.Zone, op: b.op}
	var seen uint64
	for i, f := range b.path {
		d.parameter(f, req.path[i], in, &seen)
	}
	for _, f := range b.header {
		if values := req.header.Values(f.name); len(values) > 0 {
			d.parameter(f, text([]byte(values[len(values)-1])), in, &seen)
		}
	}
	if err := d.readQuery(b, req.query, in, &seen); err != nil {
		return err
	}
	if len(req.body) > 0 {
		d.scanner = scanner{text: text(req.body)}
		d.readBody(b, in, &seen)
	}
	d.require(b.fields, seen)
	return d.verdict(b)
}

// readBody reads the JSON object that a body is.
func (d *decoder) readBody(b *binding, in reflect.Value, seen *uint64) {
	if d.done() {
		return
	}
	switch d.peek() {
	case 'n': // some clients encode "nothing" as null
		d.word("null")
	case '[': // or as PHP's empty array
		start := d.pos
		if d.array(func(int) bool { return d.skip() }) && strings.Trim(d.text[start:d.pos], "[] \t\r\n") != "" {
			d.fail("an object such as {\"name\": \"value\"} was expected, not an array,")
		}
	case '{':
		if b.whole != nil {
			d.member(b.whole, in, seen)
		} else {
			d.object(func(name string) bool {
				f := b.body[name]
				if f == nil {
					return d.stranger(name)
				}
				return d.member(f, in, seen)
			})
		}
	default:
		d.fail("a JSON object such as {\"name\": \"value\"} was expected, found %s", d.found())
	}
	if d.err == nil && !d.done() {
		d.fail("unexpected %s after the end of the JSON object", d.found())
	}
}

// callee names the operation as OVH does in its answers: a POST to a collection is its creation handler, one to an
// action has the action's name. For the others no answer is known.
func callee(op *schema.Operation, collection bool) string {
	switch {
	case op.HTTPMethod == http.MethodPost && collection:
		return "creation handler"
	case op.HTTPMethod == http.MethodPost:
		return op.Path[strings.LastIndexByte(op.Path, '/')+1:]
	}
	return op.String()
}

// known lists the parameters that an operation takes, for the message about one that it does not.
func (b *binding) known() string {
	var names []string
	for _, f := range b.fields {
		switch {
		case f == b.whole:
			names = append(names, "the properties of "+f.plan.typ.Name)
		case f.place == "Query" || f.place == "Body":
			names = append(names, f.name)
		}
	}
	if names == nil {
		return fmt.Sprintf("%s takes no parameters", b.op)
	}
	where := map[string]string{
		http.MethodGet: " in the query", http.MethodDelete: " in the query or a JSON body",
	}[b.op.HTTPMethod]
	if where == "" {
		where = " in the JSON body"
	}
	return fmt.Sprintf("%s takes, %s: %s", b.op, strings.TrimSpace(where), strings.Join(names, ", "))
}

// decodePath reads the parameters of the path only, as far as there are values.
func (b *binding) decodePath(s *server, values []string, in reflect.Value) error {
	d := &decoder{zone: s.cfg.Zone, op: b.op}
	var seen uint64
	for i, value := range values {
		d.parameter(b.path[i], value, in, &seen)
	}
	return d.verdict(b)
}
