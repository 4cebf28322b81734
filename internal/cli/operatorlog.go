package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

const operatorLogPath = "/operator/log"

func (p *program) operatorCommand() *cobra.Command {
	a := &access{program: p}
	return a.flags(p.group("operator", "See what operators have done", a.operatorLog()))
}

// operatorLog prints the log page by page, so that its length does not matter.
func (a *access) operatorLog() *cobra.Command {
	c := &cobra.Command{
		Use: "log", Short: "Print what was changed or tried, the newest first", Args: takes,
		Example: "  ramier operator log --outcome refused\n  ramier operator log --operation 'PUT /operator/rates/{country}' --since 2026-11-23T00:00:00Z --limit 0",
	}
	filters := []property{
		{name: "account", about: "only by this account"},
		{name: "person", about: "only by this person, like ops-ovh/marie"},
		{name: "credentialId", as: "credential", about: "only with this consumer key", kind: 'i'},
		{name: "operation", about: "only this operation, as the API writes it"},
		{name: "outcome", about: "only done, failed, refused or begun"},
		{name: "since", about: "only from then on, like 2026-11-23T00:00:00Z"},
		{name: "until", about: "only until then"},
	}
	addFlags(c.Flags(), filters)
	limit := c.Flags().Int("limit", 100, "how many at most; 0 = all")
	asJSON := c.Flags().Bool("json", false, "print JSON, one entry a line")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *limit < 0 {
			return usage("--limit %d is below zero", *limit)
		}
		query := url.Values{}
		for name, value := range given(c.Flags(), filters) {
			query.Set(name, fmt.Sprint(value))
		}
		api, err := a.open()
		if err != nil {
			return err
		}
		show := printEntries
		if *asJSON {
			show = printLines
		}
		for left := *limit; *limit == 0 || left > 0; left -= pageSize {
			size := pageSize
			if *limit > 0 {
				size = min(size, left)
			}
			query.Set("limit", strconv.Itoa(size))
			var page []object
			if err := api.call(c.Context(), http.MethodGet, operatorLogPath+"?"+query.Encode(), nil, &page); err != nil {
				return err
			}
			if err := show(a.out, page); err != nil {
				return err
			}
			if len(page) < size {
				return nil
			}
			query.Set("before", shownID(page[len(page)-1]["id"]))
		}
		return nil
	}
	return c
}

// shownID writes an id as a whole number: as decoded from JSON it is a float, or a number as it came.
func shownID(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return fmt.Sprint(v)
}

func printEntries(out io.Writer, page []object) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, e := range page {
		who := e["account"]
		if e["person"] != nil {
			who = e["person"]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", shown(e["datetime"]), shown(who), shown(e["outcome"]), shown(e["operation"]), shown(e["parameters"]), shown(e["result"]))
	}
	return w.Flush()
}

func printLines(out io.Writer, page []object) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, e := range page {
		if err := encoder.Encode(e); err != nil {
			return err
		}
	}
	return nil
}
