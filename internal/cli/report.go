package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// reportAnswer is a report as the API has it.
type reportAnswer struct {
	Total reportRow   `json:"total"`
	Rows  []reportRow `json:"rows"`
}

type reportRow struct {
	Group                                                                                             string
	Messages, Waiting, InDoubt, Sent, AwaitingReceipt, Delivered, Failed, Expired, Refused, Cancelled int64
	OptOuts, Parts                                                                                    int64
	Credits                                                                                           float64
	Causes                                                                                            []reportCause
	TimeToDelivery                                                                                    *struct{ P50, P90, P95, P99 float64 }
}

type reportCause struct {
	PTT      int64
	Comment  string
	Messages int64
}

// reportFlags are the flags that go into the query.
var reportFlags = []struct{ flag, parameter, about string }{
	{"tag", "tag", "only messages with this tag, which all messages of a campaign share"},
	{"batch", "batch", "only messages of the campaign with this id"},
	{"sender", "sender", "only messages of this sender"},
	{"country", "country", "only messages to this country, like FR"},
	{"from", "creationDatetime.from", "only messages of this day or later, like 2026-01-31"},
	{"to", "creationDatetime.to", "only messages of this day or earlier"},
	{"by", "groupBy", "a line for each day, country or carrier"},
}

func (p *program) reportCommand() *cobra.Command {
	a := &access{program: p}
	c := &cobra.Command{
		Use: "report SERVICE", Short: "Say what became of the messages of an SMS account", Args: takes,
		Long: "Says what became of the messages of an SMS account, or of a tag, batch, sender, country or period of it: how many were sent, delivered, failed\n" +
			"and why, what they cost and how long they took. Days are those of Europe/Paris.",
	}
	values := map[string]*string{}
	for _, f := range reportFlags {
		values[f.parameter] = c.Flags().String(f.flag, "", f.about)
	}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	asCSV := c.Flags().Bool("csv", false, "print CSV")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		query := url.Values{}
		for _, f := range reportFlags {
			if c.Flags().Changed(f.flag) {
				query.Set(f.parameter, *values[f.parameter])
			}
		}
		path := "/operator/services/" + url.PathEscape(args[0]) + "/reports"
		if *asCSV {
			query.Set("format", "csv")
			return api.copy(c.Context(), path+"?"+query.Encode(), p.out)
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		if *asJSON {
			var o object
			if err := api.call(c.Context(), http.MethodGet, path, nil, &o); err != nil {
				return err
			}
			return printJSON(p.out, o)
		}
		var r reportAnswer
		if err := api.call(c.Context(), http.MethodGet, path, nil, &r); err != nil {
			return err
		}
		return r.print(p.out)
	}
	return a.flags(c)
}

func (r reportAnswer) print(out io.Writer) error {
	r.Total.Group = "total"
	var lines []object
	for _, row := range append(r.Rows, r.Total) {
		line := object{
			"group": row.Group, "messages": row.Messages, "waiting": row.Waiting + row.InDoubt, "sent": row.Sent, "delivered": row.Delivered,
			"failed": row.Failed, "expired": row.Expired, "refused": row.Refused, "STOP": row.OptOuts, "parts": row.Parts, "credits": row.Credits,
		}
		if t := row.TimeToDelivery; t != nil {
			line["half within"], line["99 % within"] = fmt.Sprintf("%.3g s", t.P50), fmt.Sprintf("%.3g s", t.P99)
		}
		lines = append(lines, line)
	}
	err := printTable(out, lines, "group", "messages", "waiting", "sent", "delivered", "failed", "expired", "refused", "STOP", "parts", "credits",
		"half within", "99 % within")
	for _, c := range r.Total.Causes {
		fmt.Fprintf(out, "%d: %s (PTT %d)\n", c.Messages, strings.ToLower(c.Comment), c.PTT)
	}
	return err
}
