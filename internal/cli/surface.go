package cli

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p *program) templateCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "message template", path: "/operator/templates",
		columns: []string{"serviceName", "name", "status", "activity", "account", "message", "reason", "comment"},
		filters: []property{{name: "status", about: "only those that are waitingValidation, enable, disable or refused"}},
	}
	verdict := func(verb, done, short string, needsComment bool) *cobra.Command {
		c := &cobra.Command{Use: verb + " SERVICE TEMPLATE", Short: short, Args: takes}
		properties := []property{{name: "comment", about: "shown to the customer", must: needsComment}}
		addFlags(c.Flags(), properties)
		c.RunE = func(c *cobra.Command, args []string) error {
			if err := missing(c.Flags(), properties); err != nil {
				return err
			}
			path := "/operator/services/" + url.PathEscape(args[0]) + "/templates/" + url.PathEscape(args[1]) + "/" + verb
			return a.do(c, http.MethodPost, path, given(c.Flags(), properties), done+" template "+args[1]+" of "+args[0])
		}
		return c
	}
	return a.flags(p.group("template", "Approve and refuse message templates, which some countries want", r.list(),
		verdict("approve", "approved", "Let messages like a template go", false),
		verdict("refuse", "refused", "Refuse a template", true)))
}

func (p *program) exceptionCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "exception", path: "/operator/exceptions", argument: "ID", id: "id",
		properties: []property{
			{name: "country", about: "country of the receivers, like US", must: true},
			{name: "prefix", about: "only receivers that begin so, like +336"},
			{name: "operators", about: "whose restriction it is, in words", must: true},
			{name: "restrictionCode", as: "restriction", about: "ALPHA, BAD_DLR, BLOCKED, CODING, DLR, FLASHONLY or MSISDN", must: true},
			{name: "substitution", about: "sender that is shown instead"},
		},
		columns: []string{"id", "country", "prefix", "operators", "restrictionCode", "substitution", "messages"},
	}
	r.flags = func(f *pflag.FlagSet) func(object) error {
		words := f.StringArray("message", nil, "the restriction in words; may be given several times")
		return func(body object) error {
			if len(*words) > 0 {
				body["messages"] = *words
			}
			return nil
		}
	}
	return a.flags(p.group("exception", "Manage what customers are told about the restrictions of operators", r.list(), r.add(""), r.remove()))
}

func (p *program) virtualNumberCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "virtual number", path: "/operator/virtualNumbers", argument: "NUMBER", id: "number",
		properties: []property{
			{name: "serviceName", as: "service", about: "SMS account that has it", must: true},
			{name: "carrier", about: "carrier that it belongs to", must: true},
			{name: "countryCode", as: "country", about: "be, ch, de, es, fr or uk; that of the number when absent"},
		},
		columns: []string{"number", "countryCode", "serviceName", "carrier", "creation"},
	}
	return a.flags(p.group("virtual-number", "Manage the ordinary numbers that SMS accounts have for themselves", r.list(), r.add("NUMBER"), r.remove()))
}

// senderOwn manages the senders that are known to be a customer's.
func (a *access) senderOwn() *cobra.Command {
	at := func(account string) resource {
		return resource{access: a, noun: "own sender", path: "/operator/accounts/" + url.PathEscape(account) + "/ownNames", id: "sender", columns: []string{"sender", "referer"}}
	}
	list := &cobra.Command{Use: "list ACCOUNT", Short: "List the senders that belong to a customer", Args: takes}
	asJSON := list.Flags().Bool("json", false, "print JSON")
	list.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		r := at(args[0])
		objects, err := api.list(c.Context(), r.path)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, objects)
		}
		return printTable(a.out, objects, r.columns...)
	}
	properties := []property{{name: "referer", about: "how it is known: domain or nichandle"}}
	add := &cobra.Command{Use: "add ACCOUNT SENDER", Short: "Say that a sender belongs to a customer: then it is approved when it is asked for", Args: takes}
	addFlags(add.Flags(), properties)
	add.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), properties)
		body["sender"] = args[1]
		return at(args[0]).create(c, body, false)
	}
	remove := &cobra.Command{Use: "remove ACCOUNT SENDER", Short: "Take that back; approved senders stay", Args: takes}
	remove.RunE = func(c *cobra.Command, args []string) error {
		return a.do(c, http.MethodDelete, at(args[0]).at(args[1]), nil, "removed sender "+args[1]+" from those of "+args[0])
	}
	return a.group("own", "Manage the senders that are known to belong to a customer", list, add, remove)
}

// senderDocuments lists what a customer has given to show that a sender is his.
func (a *access) senderDocuments() *cobra.Command {
	c := &cobra.Command{Use: "documents SERVICE SENDER", Short: "List the supporting documents of a sender, with addresses to read them", Args: takes}
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		objects, err := api.list(c.Context(), strings.Join([]string{sendersOf(args[0]), url.PathEscape(args[1]), "documents"}, "/"))
		if err != nil {
			return err
		}
		return printTable(a.out, objects, "name", "size", "description", "createdAt", "getUrl")
	}
	return c
}
