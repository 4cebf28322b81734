package cli

import (
	"github.com/spf13/cobra"
)

func (p *program) routeCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "route", path: "/operator/routes", argument: "ID", id: "id",
		properties: []property{
			{name: "carrier", about: "carrier that it leads to"},
			{name: "country", about: "only receivers of this country, like FR; empty = all"},
			{name: "prefix", about: "only receivers that begin so, like +3376; empty = all"},
			{name: "serviceName", as: "service", about: "only messages of this SMS account; empty = all"},
			{name: "sender", about: "only messages with this sender; empty = all"},
			{name: "tag", about: "only messages with this tag; empty = all"},
			{name: "position", about: "order, the lowest is tried first; a new route comes last", kind: 'i'},
			{name: "description", about: "free text"},
			{name: "enabled", about: "whether it is used; a new one is", kind: 'b'},
		},
		columns: []string{"id", "position", "carrier", "country", "prefix", "serviceName", "sender", "tag", "enabled", "description"},
	}
	add := r
	add.properties = append([]property{}, r.properties...)
	add.properties[0].must = true
	return a.flags(p.group("route", "Manage which messages leave by which carrier", r.list(), add.add(""), r.show(), r.set(), r.remove()))
}

func (p *program) numberCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "short number", path: "/operator/shortNumbers", argument: "NUMBER", id: "number",
		properties: []property{
			{name: "country", about: "country that it serves, like FR", must: true},
			{name: "carrier", about: "carrier that it belongs to", must: true},
		},
		columns: []string{"number", "country", "carrier"},
	}
	return a.flags(p.group("number", "Manage the short numbers that replies come to", r.list(), r.add("NUMBER"), r.remove()))
}
