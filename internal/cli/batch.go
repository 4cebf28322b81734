package cli

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) batchCommand() *cobra.Command {
	b := &batches{customer: customer{program: p}}
	return p.group("batch", "Send one text to a long list, with a customer's keys",
		b.create(), b.quote(), b.list(), b.show(), b.change("pause", "Stop the planning, and keep what waits from leaving", "paused"),
		b.change("resume", "Go on with a paused batch", "resumed"), b.cancel(), b.errors())
}

// batches are the commands about batches of an SMS account.
type batches struct {
	customer
	service string
}

// command makes a command that calls the API; run gets the path of the account's batches.
func (b *batches) command(use, short string, run func(c *cobra.Command, api *client, service string, args []string) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: takes}
	b.addFlags(c)
	c.Flags().StringVar(&b.service, "service", "", "SMS account; needed when the keys see several")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := b.open()
		if err != nil {
			return err
		}
		if b.service == "" {
			if b.service, err = api.onlyService(c.Context()); err != nil {
				return err
			}
		}
		return run(c, api, "/sms/"+url.PathEscape(b.service), args)
	}
	return c
}

var batchProperties = []property{
	{name: "name", about: "name to know it by"},
	{name: "from", about: "sender; without it, a short number"},
	{name: "slotID", as: "slot", about: "slot of the list, 1 to 9"},
	{name: "deferred", about: "when to send, like 2026-12-01T09:00:00+01:00"},
	{name: "tag", about: "label to find its messages by"},
	{name: "class", about: "FLASH, PHONE or SIM"},
	{name: "noStop", about: "no clause on how to opt out: this is no marketing", kind: 'b'},
	{name: "holdMinutes", about: "minutes in which nothing is planned or charged", kind: 'i'},
	{name: "spreadHours", about: "hours over which messages leave evenly", kind: 'd'},
	{name: "canary", about: "so many receivers first", kind: 'i'},
	{name: "canaryMinutes", about: "minutes to wait for their receipts", kind: 'i'},
	{name: "maxFailureRate", about: "percent of failed messages past which it stops by itself", kind: 'd'},
	{name: "maxStopRate", about: "percent of answers STOP past which it stops by itself", kind: 'd'},
}

// order makes a command whose flags describe a batch.
func (b *batches) order(use, short, path string, show func(o object, asJSON bool) error, more ...property) *cobra.Command {
	properties := append(append([]property{}, batchProperties...), more...)
	var to *[]string
	var asJSON *bool
	c := b.command(use, short, func(c *cobra.Command, api *client, service string, args []string) error {
		body := given(c.Flags(), properties)
		body["message"] = strings.Join(args, " ")
		if len(*to) > 0 {
			body["to"] = *to
		}
		if body["to"] == nil && body["slotID"] == nil {
			return usage("--slot or --to is needed: name the slot of a list, or receivers like --to +33639980000")
		}
		if body["from"] == nil {
			body["senderForResponse"] = true
		}
		api.Timeout = quoteTimeout
		var o object
		if err := api.call(c.Context(), http.MethodPost, service+path, body, &o); err != nil {
			return err
		}
		return show(o, *asJSON)
	})
	addFlags(c.Flags(), properties)
	to = c.Flags().StringArray("to", nil, "receiver, like +33639980000; may be repeated")
	asJSON = c.Flags().Bool("json", false, "print JSON")
	return c
}

// quoteTimeout is how long the planning of a million rows may take.
const quoteTimeout = 2 * time.Minute

func (b *batches) create() *cobra.Command {
	c := b.order("create TEXT...", "Send a text to the list of a slot, or to given receivers", "/batches", b.print,
		property{name: "quoteId", as: "quote", about: "quote to be charged by; ramier batch quote makes one"})
	c.Example = "  ramier batch create --conf ovh.conf --from Ramier --slot 3 'Bonjour #prenom#'"
	return c
}

func (b *batches) quote() *cobra.Command {
	return b.order("quote TEXT...", "Say exactly what a batch would cost, row by row; nothing is sent", "/quotes", func(o object, asJSON bool) error {
		if asJSON {
			return printJSON(b.out, o)
		}
		delete(o, "receivers")
		delete(o, "invalid")
		return printObject(b.out, o, "id", "credits", "messages", "parts", "refused", "invalidTotal")
	})
}

// print shows a batch without its receivers and errors.
func (b *batches) print(o object, asJSON bool) error {
	if asJSON {
		return printJSON(b.out, o)
	}
	delete(o, "receivers")
	delete(o, "errors")
	return printObject(b.out, o, "id", "name", "status", "paused", "reason")
}

func (b *batches) list() *cobra.Command {
	var asJSON *bool
	c := b.command("list", "List the batches of an SMS account", func(c *cobra.Command, api *client, service string, _ []string) error {
		all, err := api.list(c.Context(), service+"/batches")
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(b.out, all)
		}
		return printTable(b.out, all, "id", "name", "status", "paused", "totalRecords", "messages", "errorsTotal", "credits", "createdAt")
	})
	asJSON = c.Flags().Bool("json", false, "print JSON")
	return c
}

// show shows a batch with what became of its messages.
func (b *batches) show() *cobra.Command {
	var asJSON *bool
	c := b.command("show ID", "Show a batch, and what became of its messages", func(c *cobra.Command, api *client, service string, args []string) error {
		var o, counts object
		at := service + "/batches/" + url.PathEscape(args[0])
		if err := api.call(c.Context(), http.MethodGet, at, nil, &o); err != nil {
			return err
		}
		if err := api.call(c.Context(), http.MethodGet, at+"/statistics", nil, &counts); err != nil {
			return err
		}
		if *asJSON {
			o["statistics"] = counts
			return printJSON(b.out, o)
		}
		for _, name := range []string{"pending", "sent", "delivered", "failed", "stoplisted", "optedOut", "cancelled"} {
			o[name] = counts[name]
		}
		return b.print(o, false)
	})
	asJSON = c.Flags().Bool("json", false, "print JSON")
	return c
}

// change makes a command that moves a batch to another state.
func (b *batches) change(verb, short, done string) *cobra.Command {
	return b.command(verb+" ID", short, func(c *cobra.Command, api *client, service string, args []string) error {
		return b.move(c.Context(), api, service, args[0], verb, nil, done)
	})
}

func (b *batches) move(ctx context.Context, api *client, service, id, verb string, body any, done string) error {
	if err := api.call(ctx, http.MethodPost, service+"/batches/"+url.PathEscape(id)+"/"+verb, body, nil); err != nil {
		return err
	}
	_, err := b.out.Write([]byte(done + " batch " + oneLine(id) + "\n"))
	return err
}

func (b *batches) cancel() *cobra.Command {
	var rest *bool
	c := b.command("cancel ID", "Take a batch back of which nothing has left", func(c *cobra.Command, api *client, service string, args []string) error {
		return b.move(c.Context(), api, service, args[0], "cancel", object{"rest": *rest}, "cancelled")
	})
	rest = c.Flags().Bool("rest", false, "take back what still waits, though messages have left")
	return c
}

// batchErrors is how many errors travel in one call.
const batchErrors = 10_000

// errors writes the receivers that get no message, all of them.
func (b *batches) errors() *cobra.Command {
	return b.command("errors ID", "Write the receivers of a batch that get no message as CSV, with the reason", func(c *cobra.Command, api *client, service string, args []string) error {
		w := csv.NewWriter(b.out)
		if err := w.Write([]string{"line", "receiver", "reason", "message"}); err != nil {
			return err
		}
		query := url.Values{"limit": {strconv.Itoa(batchErrors)}}
		for {
			var page []struct {
				Line, Number              int64
				Receiver, Reason, Message string
			}
			if err := api.call(c.Context(), http.MethodGet, service+"/batches/"+url.PathEscape(args[0])+"/errors?"+query.Encode(), nil, &page); err != nil {
				return err
			}
			for _, e := range page {
				if err := w.Write([]string{strconv.FormatInt(e.Line, 10), e.Receiver, e.Reason, e.Message}); err != nil {
					return err
				}
			}
			if len(page) < batchErrors {
				w.Flush()
				return w.Error()
			}
			query.Set("after", strconv.FormatInt(page[len(page)-1].Number, 10))
		}
	})
}
