package cli

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A property is a flag that becomes a property of an object in a request.
type property struct {
	name  string // in the API
	as    string // the flag, where it is not made of the name
	about string
	kind  byte // s text, i number, d decimal, b yes or no
	must  bool // when adding
}

// flag gives the flag of a property: "system-id" of "systemId".
func (q property) flag() string { return cmp.Or(q.as, strings.ReplaceAll(spaced(q.name), " ", "-")) }

func addFlags(f *pflag.FlagSet, properties []property) {
	for _, q := range properties {
		switch q.kind {
		case 'i':
			f.Int64(q.flag(), 0, q.about)
		case 'd':
			f.Float64(q.flag(), 0, q.about)
		case 'b':
			f.Bool(q.flag(), false, q.about)
		default:
			f.String(q.flag(), "", q.about)
		}
	}
}

// given gives the properties whose flags were given.
func given(f *pflag.FlagSet, properties []property) object {
	body := object{}
	for _, q := range properties {
		if !f.Changed(q.flag()) {
			continue
		}
		switch text := f.Lookup(q.flag()).Value.String(); q.kind {
		case 'i':
			body[q.name], _ = strconv.ParseInt(text, 10, 64) // pflag has read it once
		case 'd':
			body[q.name], _ = strconv.ParseFloat(text, 64)
		case 'b':
			body[q.name] = text == "true"
		default:
			body[q.name] = text
		}
	}
	return body
}

// missing names the flags that adding needs and that were not given.
func missing(f *pflag.FlagSet, properties []property) error {
	var names []string
	for _, q := range properties {
		if q.must && !f.Changed(q.flag()) {
			names = append(names, "--"+q.flag())
		}
	}
	if len(names) > 0 {
		return usage("%s is needed", strings.Join(names, ", "))
	}
	return nil
}

// A resource is a kind of object of the operator API with its commands.
type resource struct {
	*access
	noun       string // "carrier"
	path       string // "/operator/carriers"
	argument   string // how one is named: "NAME"
	id         string // property with that name
	properties []property
	columns    []string // of the list
	filters    []property
	// More flags, and what they add to a request.
	flags func(f *pflag.FlagSet) (complete func(body object) error)
}

// bind adds the flags of a request, and gives what reads them.
func (r resource) bind(f *pflag.FlagSet) (read func() (object, error)) {
	addFlags(f, r.properties)
	complete := func(object) error { return nil }
	if r.flags != nil {
		complete = r.flags(f)
	}
	return func() (object, error) {
		body := given(f, r.properties)
		return body, complete(body)
	}
}

func (r resource) at(id string) string { return r.path + "/" + url.PathEscape(id) }

func (r resource) list() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List each " + r.noun, Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	addFlags(c.Flags(), r.filters)
	c.RunE = func(c *cobra.Command, _ []string) error {
		api, err := r.open()
		if err != nil {
			return err
		}
		path := r.path
		query := url.Values{}
		for name, value := range given(c.Flags(), r.filters) {
			query.Set(name, value.(string)) //nolint:forcetypeassert // filters are texts
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		objects, err := api.list(c.Context(), path)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(r.out, objects)
		}
		return printTable(r.out, objects, r.columns...)
	}
	return c
}

func (r resource) show() *cobra.Command {
	c := &cobra.Command{Use: "show " + r.argument, Short: "Show one " + r.noun, Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := r.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), http.MethodGet, r.at(args[0]), nil, &o); err != nil {
			return err
		}
		return r.print(o, *asJSON)
	}
	return c
}

func (r resource) print(o object, asJSON bool) error {
	if asJSON {
		return printJSON(r.out, o)
	}
	delete(o, "password") // always empty, which would look as if there were none
	return printObject(r.out, o, r.id)
}

// add makes an object. An argument, where the command takes one, is its name.
func (r resource) add(argument string) *cobra.Command {
	c := &cobra.Command{Use: strings.TrimSpace("add " + argument), Short: "Add a " + r.noun, Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	read := r.bind(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := missing(c.Flags(), r.properties); err != nil {
			return err
		}
		body, err := read()
		if err != nil {
			return err
		}
		if len(args) > 0 {
			body[r.id] = args[0]
		}
		return r.create(c, body, *asJSON)
	}
	return c
}

func (r resource) create(c *cobra.Command, body object, asJSON bool) error {
	api, err := r.open()
	if err != nil {
		return err
	}
	var o object
	if err := api.call(c.Context(), http.MethodPost, r.path, body, &o); err != nil {
		return err
	}
	return r.print(o, asJSON)
}

func (r resource) set() *cobra.Command {
	c := &cobra.Command{Use: "set " + r.argument, Short: "Change a " + r.noun + "; what no flag names stays", Args: takes}
	read := r.bind(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		body, err := read()
		if err != nil {
			return err
		}
		if len(body) == 0 {
			return usage("nothing to change: see %s --help for the flags", c.CommandPath())
		}
		return r.do(c, http.MethodPut, r.at(args[0]), body, "changed "+r.noun+" "+args[0])
	}
	return c
}

func (r resource) remove() *cobra.Command {
	return &cobra.Command{
		Use: "remove " + r.argument, Short: "Remove a " + r.noun, Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			return r.do(c, http.MethodDelete, r.at(args[0]), nil, "removed "+r.noun+" "+args[0])
		},
	}
}

// do makes a call that answers nothing, and says what it has done.
func (a *access) do(c *cobra.Command, method, path string, body any, done string) error {
	api, err := a.open()
	if err != nil {
		return err
	}
	if err := api.call(c.Context(), method, path, body, nil); err != nil {
		return err
	}
	_, err = a.out.Write([]byte(done + "\n"))
	return err
}
