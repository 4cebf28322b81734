package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ovh/go-ovh/ovh"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const doubtsPath = "/operator/doubts"

func (p *program) doubtCommand() *cobra.Command {
	a := &access{program: p}
	return a.flags(p.group("doubt", "See and decide about messages of which nobody knows whether they left", a.doubtList(), a.doubtShow(), a.doubtDecide()))
}

// doubtFilters are flags that choose messages in doubt.
var doubtFilters = []property{
	{name: "carrier", about: "only those of this carrier"},
	{name: "serviceName", as: "service", about: "only those of this SMS account"},
	{name: "since", about: "only those whose answer got lost then or later, like 2026-11-23T12:00"},
	{name: "until", about: "only those whose answer got lost then or earlier"},
	{name: "held", about: "only those that are not going to be sent again by themselves", kind: 'b'},
}

func (a *access) doubtList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the messages in doubt", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	addFlags(c.Flags(), doubtFilters)
	c.RunE = func(c *cobra.Command, _ []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		query := url.Values{}
		for name, value := range given(c.Flags(), doubtFilters) {
			query.Set(name, fmt.Sprint(value))
		}
		var ids []int64
		if err := api.call(c.Context(), http.MethodGet, doubtsPath+"?"+query.Encode(), nil, &ids); err != nil {
			return err
		}
		const most = 200 // more are no reading for people
		all := []object{}
		for _, id := range ids[:min(len(ids), most)] {
			var o object
			err := api.call(c.Context(), http.MethodGet, doubtPath(id), nil, &o)
			if e, answered := errors.AsType[*ovh.APIError](err); answered && e.Code == http.StatusNotFound {
				continue // settled meanwhile
			}
			if err != nil {
				return err
			}
			delete(o, "steps")
			all = append(all, o)
		}
		if *asJSON {
			return printJSON(a.out, all)
		}
		if err := printTable(a.out, all, "id", "serviceName", "carrier", "receiver", "lostAt", "policy", "resendAt", "expires", "possibleDuplicate"); err != nil {
			return err
		}
		if len(ids) > most {
			fmt.Fprintf(a.out, "and %d more: narrow the list with --carrier, --service, --since, --until\n", len(ids)-most)
		}
		return nil
	}
	return c
}

func doubtPath(id int64) string { return doubtsPath + "/" + strconv.FormatInt(id, 10) }

func (a *access) doubtShow() *cobra.Command {
	c := &cobra.Command{Use: "show ID", Short: "Show one message in doubt; ramier explain tells its story", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		id, err := messageID(args[0])
		if err != nil {
			return err
		}
		api, err := a.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), http.MethodGet, doubtPath(id), nil, &o); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, o)
		}
		delete(o, "steps")
		return printObject(a.out, o, "id", "serviceName", "carrier", "receiver", "lostAt", "policy", "resendAt", "expires")
	}
	return c
}

func messageID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, usage("%q is not the number of a message", text)
	}
	return id, nil
}

func (a *access) doubtDecide() *cobra.Command {
	c := &cobra.Command{
		Use: "decide DECISION [ID]", Args: takes, Short: "Decide about one message in doubt, or about all that flags choose",
		Long: "DECISION is one of\n" +
			"  sent    it was sent: it is charged, and its receipt is awaited\n" +
			"  failed  give it up: it is not charged\n" +
			"  resend  send it again now; it is marked as a possible duplicate\n\n" +
			"Without ID it is for all messages of a carrier, which --carrier names and other flags narrow.",
	}
	reason := c.Flags().String("reason", "", "free text for the trail")
	addFlags(c.Flags(), doubtFilters)
	c.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), doubtFilters)
		if len(args) > 1 && len(body) > 0 {
			return usage("give either a message or flags that choose messages")
		}
		body["decision"] = args[0]
		if *reason != "" {
			body["reason"] = *reason
		}
		if len(args) == 1 {
			return a.decideAll(c, c.Flags(), body)
		}
		id, err := messageID(args[1])
		if err != nil {
			return err
		}
		return a.do(c, http.MethodPost, doubtPath(id)+"/decide", body, fmt.Sprintf("message %d: %s", id, args[0]))
	}
	return c
}

func (a *access) decideAll(c *cobra.Command, f *pflag.FlagSet, body object) error {
	if !f.Changed("carrier") {
		return usage("name a message, or a carrier with --carrier")
	}
	api, err := a.open()
	if err != nil {
		return err
	}
	var r struct {
		Decided int64    `json:"decided"`
		Left    int64    `json:"left"`
		Reasons []string `json:"reasons"`
	}
	if err := api.call(c.Context(), http.MethodPost, doubtsPath+"/decide", body, &r); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d messages: %v; %d left alone\n", r.Decided, body["decision"], r.Left)
	for _, why := range r.Reasons {
		fmt.Fprintf(a.out, "  %s\n", oneLine(why))
	}
	return nil
}
