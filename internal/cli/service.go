package cli

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"
)

func (p *program) serviceCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "SMS account", path: "/operator/services", argument: "NAME", id: "name",
		properties: []property{
			{name: "description", about: "free text"},
			{name: "channel", about: "transactional or marketing"},
			{name: "sendingHours", about: "when advertising may leave: country, none, FR-AM, or hours like \"mon-fri 09:00-18:00, sat 10:00-12:00\""},
		},
		columns: []string{"name", "account", "creditsLeft", "status", "channel", "description"},
		filters: []property{{name: "account", about: "only those of this customer"}},
	}
	add, set := r, r
	add.properties = append([]property{{name: "account", about: "customer that owns it", must: true}}, r.properties...)
	set.properties = append([]property{
		{name: "status", about: "enable, or disable to stop all sending"},
		{name: "stopConfirmation", about: "what answers a STOP: a text, none, or empty for one in the customer's language"},
		{name: "freeText", about: "let messages go without an approved template where one is asked for, as in the US", kind: 'b'},
		{name: "stopScope", about: "what a STOP is from: service, or the sender or tag of the answered message"},
	}, r.properties...)
	return a.flags(p.group("service", "Manage SMS accounts and their credits", r.list(), add.add("[NAME]"), r.show(), set.set(), r.credit(), r.guard(), r.cancelWaiting()))
}

func (r resource) credit() *cobra.Command {
	c := &cobra.Command{Use: "credit NAME CREDITS", Short: "Give credits to an SMS account, or take them back", Args: takes}
	reason := c.Flags().String("reason", "", "why; it is kept in the ledger")
	take := c.Flags().Bool("take", false, "take the credits back instead of giving them")
	c.RunE = func(c *cobra.Command, args []string) error {
		credits, err := strconv.ParseFloat(args[1], 64)
		if err != nil || credits < 0 {
			return usage("%q is not a number of credits: give one above zero, and --take to take them back", args[1])
		}
		if *reason == "" {
			return usage("--reason is needed: it is kept in the ledger")
		}
		if *take {
			credits = -credits
		}
		api, err := r.open()
		if err != nil {
			return err
		}
		var left float64
		body := object{"credits": credits, "reason": *reason}
		if err := api.call(c.Context(), http.MethodPost, r.at(args[0])+"/credits", body, &left); err != nil {
			return err
		}
		_, err = fmt.Fprintf(r.out, "%s has %v credits\n", args[0], left)
		return err
	}
	return c
}

// cancelWaiting takes back everything that waits of an SMS account which may not send.
func (r resource) cancelWaiting() *cobra.Command {
	return &cobra.Command{
		Use: "cancel NAME", Short: "Take back what waits of a suspended or disabled SMS account, and release its credits", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			api, err := r.open()
			if err != nil {
				return err
			}
			for cancelled := int64(0); ; {
				var got struct{ Cancelled, Left int64 }
				if err := api.call(c.Context(), http.MethodPost, r.at(args[0])+"/cancel", object{}, &got); err != nil {
					return err
				}
				if cancelled += got.Cancelled; got.Cancelled == 0 || got.Left == 0 {
					_, err := fmt.Fprintf(r.out, "cancelled %d messages of %s; %d are being sent\n", cancelled, args[0], got.Left)
					return err
				}
			}
		},
	}
}
