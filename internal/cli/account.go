package cli

import "github.com/spf13/cobra"

func (p *program) accountCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "customer", path: "/operator/accounts", argument: "NAME", id: "name",
		properties: []property{
			{name: "country", about: "country that local numbers are read with, like FR", must: true},
			{name: "description", about: "free text"},
			{name: "operator", about: "may manage the platform", kind: 'b'},
		},
		columns: []string{"name", "country", "operator", "creation", "description"},
	}
	return a.flags(p.group("account", "Manage customers", r.list(), r.add("[NAME]"), r.show(), r.set()))
}
