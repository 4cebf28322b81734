package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func (p *program) senderCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "sender", path: "/operator/senders", argument: "SENDER", id: "sender",
		columns: []string{"serviceName", "sender", "type", "status", "account", "reason", "comment"},
		filters: []property{{name: "status", about: "only those that are waitingValidation, enable, disable or refused"}},
	}
	return a.flags(p.group("sender", "Approve, refuse and give senders", r.list(),
		a.senderAdd(),
		a.senderVerdict("approve", "Let a sender be used", false),
		a.senderVerdict("refuse", "Refuse a sender", true), a.senderDocuments(), a.senderOwn()))
}

func sendersOf(service string) string {
	return "/operator/services/" + url.PathEscape(service) + "/senders"
}

func (a *access) senderAdd() *cobra.Command {
	c := &cobra.Command{Use: "add SERVICE SENDER", Short: "Give a sender to an SMS account, approved", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	properties := []property{{name: "description", about: "free text"}, {name: "comment", about: "shown to the customer"}}
	addFlags(c.Flags(), properties)
	c.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), properties)
		body["sender"] = args[1]
		return resource{access: a, path: sendersOf(args[0]), id: "sender"}.create(c, body, *asJSON)
	}
	return c
}

func (a *access) senderVerdict(verb, short string, needsComment bool) *cobra.Command {
	c := &cobra.Command{Use: verb + " SERVICE SENDER", Short: short, Args: takes}
	properties := []property{{name: "comment", about: "shown to the customer", must: needsComment}}
	addFlags(c.Flags(), properties)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := missing(c.Flags(), properties); err != nil {
			return err
		}
		done := map[string]string{"approve": "approved", "refuse": "refused"}[verb] + " sender " + args[1] + " of " + args[0]
		return a.do(c, http.MethodPost, sendersOf(args[0])+"/"+url.PathEscape(args[1])+"/"+verb, given(c.Flags(), properties), done)
	}
	return c
}
