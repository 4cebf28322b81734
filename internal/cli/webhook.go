package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

// owner is how a command reaches one SMS account with a customer's keys.
type owner struct {
	customer
	service string
}

func (p *program) owner(c *cobra.Command) *owner {
	u := &owner{customer: customer{program: p}}
	u.addFlags(c)
	c.Flags().StringVar(&u.service, "service", "", "SMS account; needed when the keys see several")
	return u
}

// reach makes a client and the path of the account.
func (u *owner) reach(c *cobra.Command) (api *client, path string, err error) {
	if api, err = u.open(); err != nil {
		return nil, "", err
	}
	if u.service == "" {
		if u.service, err = api.onlyService(c.Context()); err != nil {
			return nil, "", err
		}
	}
	return api, "/sms/" + url.PathEscape(u.service), nil
}

// ask makes a command that makes a call and prints the object that it answers, if any.
func (p *program) ask(use, short, method string, path func(args []string) string, properties []property, done string) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: takes}
	u := p.owner(c)
	addFlags(c.Flags(), properties)
	var events *[]string
	for _, q := range properties {
		if q.name == "url" {
			events = c.Flags().StringSlice("events", nil, "events that it gets, separated by commas; all without it")
		}
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := missing(c.Flags(), properties); err != nil {
			return err
		}
		api, base, err := u.reach(c)
		if err != nil {
			return err
		}
		body := given(c.Flags(), properties)
		if events != nil && c.Flags().Changed("events") {
			body["events"] = *events
		}
		var answer any
		var in any
		if len(body) > 0 {
			in = body
		}
		if err := api.call(c.Context(), method, base+path(args), in, &answer); err != nil {
			return err
		}
		if answer == nil {
			_, err = fmt.Fprintln(p.out, done)
			return err
		}
		return printJSON(p.out, answer)
	}
	return c
}

func (p *program) webhookCommand() *cobra.Command {
	one := func(more string) func([]string) string {
		return func(args []string) string { return "/webhooks/" + url.PathEscape(args[0]) + more }
	}
	all := func([]string) string { return "/webhooks" }
	properties := func(must bool) []property {
		return []property{
			{name: "url", about: "address, with http:// or https://", must: must},
			{name: "description", about: "free text"},
			{name: "enabled", about: "false pauses it", kind: 'b'},
		}
	}
	return p.group("webhook", "Manage the addresses that get signed JSON, with a customer's keys",
		p.ask("list", "List the ids of the webhooks", http.MethodGet, all, nil, ""),
		p.ask("show ID", "Show one webhook", http.MethodGet, one(""), nil, ""),
		p.ask("add", "Add a webhook, and print its secret", http.MethodPost, all, properties(true), ""),
		p.ask("set ID", "Change a webhook; what no flag names stays", http.MethodPut, one(""), properties(false), "changed"),
		p.ask("remove ID", "Remove a webhook", http.MethodDelete, one(""), nil, "removed"),
		p.ask("test ID", "Call a webhook now, and print what it answers", http.MethodPost, one("/test"), nil, ""),
		p.ask("rotate ID", "Give a webhook a new secret, and print it", http.MethodPost, one("/rotateSecret"),
			[]property{{name: "overlapHours", about: "hours in which the old secret signs, too; 24 without it", kind: 'i'}}, ""),
	)
}

func (p *program) deliveryCommand() *cobra.Command {
	return p.group("delivery", "See what was told to a customer's addresses, and tell it again", p.deliveryList(),
		p.ask("show ID", "Show one delivery with its attempts", http.MethodGet, func(args []string) string { return "/deliveries/" + url.PathEscape(args[0]) }, nil, ""),
		p.ask("replay [ID]", "Tell one thing again, or all of a range of time", http.MethodPost, func(args []string) string {
			if len(args) == 1 {
				return "/deliveries/" + url.PathEscape(args[0]) + "/replay"
			}
			return "/deliveries/replay"
		}, deliveryFilters, ""),
	)
}

var deliveryFilters = []property{
	{name: "from", about: "only what was made at or after, like 2026-01-31T08:30:00+01:00"},
	{name: "to", about: "only what was made at or before"},
	{name: "state", about: "delivered or failed; of lists also waiting"},
	{name: "target", about: "callBack, stopCallBack, cgiUrl, sms, users/LOGIN/callBack, or the id of a webhook or keyword"},
}

func (p *program) deliveryList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List deliveries", Args: takes}
	u := p.owner(c)
	addFlags(c.Flags(), append([]property{{name: "after", about: "only ids after this one"}, {name: "limit", about: "at most so many, 1 to 1000"}}, deliveryFilters...))
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		api, base, err := u.reach(c)
		if err != nil {
			return err
		}
		query := url.Values{}
		for _, name := range []string{"after", "limit", "from", "to", "state", "target"} {
			if c.Flags().Changed(name) {
				query.Set(name, c.Flags().Lookup(name).Value.String())
			}
		}
		var all []object
		if err := api.call(c.Context(), http.MethodGet, base+"/deliveries?"+query.Encode(), nil, &all); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(p.out, all)
		}
		for _, o := range all {
			tried, _ := o["attempts"].([]any)
			o["tried"] = len(tried)
		}
		return printTable(p.out, all, "id", "creationDatetime", "event", "target", "state", "tried", "nextAttempt")
	}
	return c
}
