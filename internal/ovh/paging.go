package ovh

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ramier/internal/sms"
)

const (
	expandedMode = "CachedObjectList-Pages"
	defaultPage  = 1000
	maxPage      = 50000 // OVH's control panel asks for so many
)

func isExpanded(h http.Header) bool {
	return strings.EqualFold(h.Get("X-Pagination-Mode"), expandedMode)
}

// pairLists finds for each list of ids or names the GET of one of its objects.
func (s *server) pairLists() {
	for _, rt := range s.routes {
		path, isOne := strings.CutSuffix(rt.op.Path, "}")
		cut := strings.LastIndexByte(path, '/')
		if !isOne || rt.op.HTTPMethod != http.MethodGet || path[cut:cut+2] != "/{" {
			continue
		}
		list := s.routes[http.MethodGet+" "+path[:cut]]
		if list == nil || list.handler.out.Kind() != reflect.Slice {
			continue
		}
		if k := list.handler.out.Elem().Kind(); k == reflect.Int64 || k == reflect.String {
			list.one = rt
		}
		if rt.handler.many != nil {
			must(rt.handler.key == list.handler.out.Elem(), "%s: many takes %s, and the list has %s", rt.op, rt.handler.key, list.handler.out.Elem())
		}
	}
}

// A page is what a client asks for of an expanded list.
type page struct {
	number, size int
	sort         string
	descending   bool
	filters      []filter
}

// expanded answers a list with whole objects instead of ids: filtered, sorted and cut into pages.
func (x *exchange) expanded(ctx context.Context, t *target, in *input) error {
	rt := t.route
	want, err := readPage(x.r.Header)
	if err != nil {
		return err
	}
	list, err := x.run(ctx, rt, in)
	if err != nil {
		return err
	}
	typ, id, encode := rt.handler.out.Elem(), "", rt.element
	load := func(v reflect.Value) ([]reflect.Value, error) { return elements(v), nil }
	if rt.one != nil {
		typ, id, encode = rt.one.handler.out, rt.one.lastParameter(), rt.one.encode
		load = func(v reflect.Value) ([]reflect.Value, error) { return x.load(ctx, t, in, v) }
	}
	total, shown, err := want.cut(list, typ, id, load)
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("X-Pagination-Elements", strconv.Itoa(total))
	h.Set("X-Pagination-Number", strconv.Itoa(want.number))
	h.Set("X-Pagination-Size", strconv.Itoa(want.size))
	x.send(http.StatusOK, func(e *encoder) {
		e.raw("[")
		for i, object := range shown {
			if i > 0 {
				e.raw(",")
			}
			encode(e, object)
		}
		e.raw("]")
	})
	return nil
}

// lastParameter is the name of the parameter at the end of the path.
func (rt *route) lastParameter() string { return rt.binding.path[len(rt.binding.path)-1].name }

func elements(list reflect.Value) []reflect.Value {
	all := make([]reflect.Value, list.Len())
	for i := range all {
		all[i] = list.Index(i)
	}
	return all
}

// cut selects the page. Objects are loaded for the page only, unless a filter or an order needs all of them.
func (p page) cut(list reflect.Value, typ reflect.Type, id string, load func(reflect.Value) ([]reflect.Value, error)) (int, []reflect.Value, error) {
	if len(p.filters) == 0 && (p.sort == "" || p.sort == id) {
		from, to := p.bounds(list.Len())
		if p.descending {
			list = reversed(list)
		}
		shown, err := load(list.Slice(from, to))
		return list.Len(), shown, err
	}
	choose, err := p.chooser(typ)
	if err != nil {
		return 0, nil, err
	}
	all, err := load(list)
	if err != nil {
		return 0, nil, err
	}
	all = choose(all)
	from, to := p.bounds(len(all))
	return len(all), all[from:to], nil
}

func (p page) bounds(n int) (from, to int) {
	if p.number-1 > n/p.size {
		return n, n
	}
	return min((p.number-1)*p.size, n), min(p.number*p.size, n)
}

func reversed(list reflect.Value) reflect.Value {
	out := reflect.MakeSlice(list.Type(), list.Len(), list.Len())
	for i := range list.Len() {
		out.Index(i).Set(list.Index(list.Len() - 1 - i))
	}
	return out
}

// load gives the objects of ids. The keys must allow each of them to be read; those that went away meanwhile are left
// out.
func (x *exchange) load(ctx context.Context, t *target, in *input, ids reflect.Value) ([]reflect.Value, error) {
	rt := t.route.one
	var found []reflect.Value
	for i := range ids.Len() {
		if err := x.permit(rt, t.raw, t.segments, keyText(ids.Index(i))); err != nil {
			return nil, err
		}
		if rt.handler.many != nil {
			continue
		}
		object, err := x.run(ctx, rt, &input{path: slices.Concat(in.path, []string{keyText(ids.Index(i))})})
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, object)
	}
	if rt.handler.many == nil {
		return found, nil
	}
	list, err := rt.handler.many(ctx, x.call, func(v reflect.Value) error {
		return rt.binding.decodePath(x.server, in.path, v)
	}, ids)
	if err != nil {
		return nil, err
	}
	return elements(list), nil
}

func keyText(id reflect.Value) string {
	if id.Kind() == reflect.Int64 {
		return strconv.FormatInt(id.Int(), 10)
	}
	return id.String()
}

// readPage reads the headers of an expanded list.
func readPage(h http.Header) (page, error) {
	p := page{number: 1, size: defaultPage, descending: strings.EqualFold(h.Get("X-Pagination-Sort-Order"), "DESC")}
	for name, field := range map[string]*int{"X-Pagination-Number": &p.number, "X-Pagination-Size": &p.size} {
		if value := h.Get(name); value != "" {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return p, sms.Errorf(sms.Invalid, "Header %s is %q and must be a whole number from 1 on", name, cut(value))
			}
			*field = n
		}
	}
	if p.size > maxPage {
		return p, sms.Errorf(sms.Invalid, "Header X-Pagination-Size is %d, at most %d is possible", p.size, maxPage)
	}
	var err error
	if p.sort, err = url.PathUnescape(h.Get("X-Pagination-Sort")); err != nil {
		return p, sms.Errorf(sms.Invalid, "Header X-Pagination-Sort is not percent-encoded correctly")
	}
	for text := range strings.SplitSeq(strings.Join(h.Values("X-Pagination-Filter"), "&"), "&") {
		if text == "" {
			continue
		}
		f, err := parseFilter(text)
		if err != nil {
			return p, err
		}
		p.filters = append(p.filters, f)
	}
	return p, nil
}

// chooser makes the function that filters and sorts objects.
func (p page) chooser(typ reflect.Type) (func([]reflect.Value) []reflect.Value, error) {
	tests := make([]func(reflect.Value) bool, len(p.filters))
	for i, f := range p.filters {
		get, err := getter(typ, f.field)
		if err != nil {
			return nil, err
		}
		if tests[i], err = f.test(get); err != nil {
			return nil, err
		}
	}
	var order func(a, b reflect.Value) int
	if p.sort != "" {
		get, err := getter(typ, p.sort)
		if err != nil {
			return nil, err
		}
		order = func(a, b reflect.Value) int { return compare(get(a), get(b)) }
	}
	return func(objects []reflect.Value) []reflect.Value {
		kept := slices.DeleteFunc(objects, func(o reflect.Value) bool {
			return slices.ContainsFunc(tests, func(test func(reflect.Value) bool) bool { return !test(o) })
		})
		if order != nil {
			slices.SortStableFunc(kept, order)
		}
		if p.descending {
			slices.Reverse(kept)
		}
		return kept
	}, nil
}
