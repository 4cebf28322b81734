package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

const resellerPath = "/me/reseller"

// resale is how a command of a reseller is made: it calls with the reseller's own keys.
type resale struct{ *program }

// command makes a command that makes a call with its flags as the body, and prints what it answers.
func (r resale) command(use, short, method string, path func(args []string) string, properties []property, done string) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: takes}
	u := &customer{program: r.program}
	u.addFlags(c)
	addFlags(c.Flags(), properties)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := missing(c.Flags(), properties); err != nil {
			return err
		}
		api, err := u.open()
		if err != nil {
			return err
		}
		var body any
		if method != http.MethodGet && method != http.MethodDelete {
			body = given(c.Flags(), properties)
		}
		var answer any
		if err := api.call(c.Context(), method, path(args), body, &answer); err != nil {
			return err
		}
		switch v := answer.(type) {
		case object:
			return printObject(r.out, v, "account", "name", "orderId")
		case []any:
			for _, name := range v {
				if _, err := fmt.Fprintln(r.out, shown(name)); err != nil {
					return err
				}
			}
			return nil
		case nil:
			_, err = fmt.Fprintln(r.out, done)
			return err
		}
		_, err = fmt.Fprintln(r.out, shown(answer))
		return err
	}
	return c
}

// resellerCommand is for accounts that resell.
func (p *program) resellerCommand() *cobra.Command {
	r := resale{p}
	at := func(parts ...string) func([]string) string {
		return func(args []string) string {
			path, next := resellerPath, 0
			for _, part := range parts {
				if part == "*" {
					part, next = url.PathEscape(args[next]), next+1
				}
				path += "/" + part
			}
			return path
		}
	}
	describe := []property{{name: "description", about: "free text"}}
	price := []property{{name: "credit", about: "what a credit costs, without tax", kind: 'd', must: true}, {name: "currency", about: "like EUR", must: true}}
	return p.group("reseller", "Manage the sub-accounts of an account that resells, with its own keys",
		r.command("show", "Show what sub-accounts see of the reseller", http.MethodGet, at(), nil, ""),
		r.command("set", "Set it: brand, papers, and where credits come from", http.MethodPut, at(), []property{
			{name: "brand", about: "name on their pages and papers"},
			{name: "seller", about: "address on their papers"},
			{name: "payTo", about: "how they pay"},
			{name: "terms", about: "terms of sale"},
			{name: "serviceName", as: "service", about: "own SMS account that their credits come from"},
		}, "changed"),
		r.command("accounts", "List the sub-accounts", http.MethodGet, at("accounts"), nil, ""),
		r.command("add", "Make a sub-account, and show its password once", http.MethodPost, at("accounts"), append([]property{
			{name: "country", about: "country that local numbers are read with, like FR", must: true}, {name: "email", about: "mail address"},
		}, describe...), ""),
		r.command("account ACCOUNT", "Show a sub-account", http.MethodGet, at("accounts", "*"), nil, ""),
		r.command("suspend ACCOUNT", "Stop all sending of a sub-account", http.MethodPut, at("accounts", "*"),
			[]property{{name: "suspended", as: "reason", about: "why, for its owner to read", must: true}}, "suspended"),
		r.resume(at("accounts", "*")),
		r.command("password ACCOUNT", "Give a sub-account another password, and show it once", http.MethodPost, at("accounts", "*", "password"), nil, ""),
		r.command("services ACCOUNT", "List the SMS accounts of a sub-account", http.MethodGet, at("accounts", "*", "services"), nil, ""),
		r.command("add-service ACCOUNT", "Make an SMS account for a sub-account", http.MethodPost, at("accounts", "*", "services"),
			append([]property{{name: "channel", about: "transactional or marketing"}}, describe...), ""),
		r.command("service ACCOUNT SERVICE", "Show its credits, and what it has used", http.MethodGet, at("accounts", "*", "services", "*"), nil, ""),
		r.command("credit ACCOUNT SERVICE", "Give credits out of one's own, or take them back", http.MethodPost, at("accounts", "*", "services", "*", "credits"), []property{
			{name: "credits", about: "how many; below zero to take back", kind: 'd', must: true}, {name: "reason", about: "why; kept in the ledgers of both", must: true},
		}, ""),
		r.command("price COUNTRY QUANTITY", "Set what a credit costs sub-accounts that order at least a quantity", http.MethodPut, at("prices", "*", "*"), price, "set"),
		r.command("orders", "List the orders of sub-accounts", http.MethodGet, at("orders"), nil, ""),
		r.command("order ID", "Show an order", http.MethodGet, at("orders", "*"), nil, ""),
		r.command("settle ID", "Say that an order is paid: its credits leave one's own", http.MethodPost, at("orders", "*", "settle"),
			[]property{{name: "reference", about: "of the payment; shown on the invoice"}}, ""),
		r.command("cancel ID", "End an order that was not paid", http.MethodPost, at("orders", "*", "cancel"), nil, ""),
	)
}

// resume lets a sub-account send again.
func (r resale) resume(path func([]string) string) *cobra.Command {
	c := &cobra.Command{Use: "resume ACCOUNT", Short: "Let a sub-account send again", Args: takes}
	u := &customer{program: r.program}
	u.addFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := u.open()
		if err != nil {
			return err
		}
		if err := api.call(c.Context(), http.MethodPut, path(args), object{"suspended": nil}, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintln(r.out, "resumed "+args[0])
		return err
	}
	return c
}
