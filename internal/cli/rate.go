package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	ratesPath = "/operator/rates"
	sheetPath = "/operator/rateSheet"
)

func (p *program) rateCommand() *cobra.Command {
	a := &access{program: p}
	list := resource{
		access: a, noun: "rate", path: sheetPath, columns: []string{"country", "credits", "from"},
		filters: []property{{name: "account", about: "the rates of this customer; those of all customers if not given"}},
	}
	return a.flags(p.group("rate", "Manage what message parts cost, by country", list.list(), a.rateSet(), a.rateRemove(), a.rateImport(), a.rateExport()))
}

// rateFlags are for whom a rate is, and from when.
func rateFlags(f *pflag.FlagSet) (account, from *string) {
	account = f.String("account", "", "for this customer only; for all customers if not given")
	from = f.String("from", "", "when it begins, like 2027-01-01T00:00:00+01:00; at once if not given")
	return account, from
}

func (a *access) rateSet() *cobra.Command {
	c := &cobra.Command{
		Use: "set COUNTRY CREDITS", Short: "Set the credits that a message part to a country costs; all = countries without a rate", Args: takes,
	}
	account, from := rateFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		credits, err := strconv.ParseFloat(args[1], 64)
		if err != nil {
			return usage("%q is not a number of credits", args[1])
		}
		body := object{"credits": credits}
		done := "a part to " + args[0] + " costs " + args[1] + " credits"
		if *account != "" {
			body["account"] = *account
			done += " for " + *account
		}
		if *from != "" {
			body["from"] = *from
			done += " from " + *from + " on"
		}
		return a.do(c, http.MethodPut, ratesPath+"/"+url.PathEscape(args[0]), body, done)
	}
	return c
}

func (a *access) rateRemove() *cobra.Command {
	c := &cobra.Command{Use: "remove COUNTRY", Short: "End the rate of a country", Args: takes}
	account, from := rateFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.do(c, http.MethodDelete, ratesPath+"/"+url.PathEscape(args[0])+queryOf(map[string]string{"account": *account, "from": *from}), nil,
			"removed rate "+args[0])
	}
	return c
}

// queryOf writes a query of what is not empty.
func queryOf(values map[string]string) string {
	q := url.Values{}
	for name, value := range values {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// rateDiff is what a rate sheet makes different, as the API has it.
type rateDiff struct {
	Applied                            bool
	Added, Changed, Removed, Unchanged int64
	Lines                              []object
}

// maxSheet is more than the API takes.
const maxSheet = 2 << 20

func (a *access) rateImport() *cobra.Command {
	c := &cobra.Command{
		Use: "import FILE", Short: "Replace all rates by those of a sheet (- = standard input), and show what differs", Args: takes,
		Long: "Replaces all rates by those of a CSV file with the columns country, credits and from, or none of them if a line is wrong. Countries that\n" +
			"the sheet does not name have no rate then. Shows each rate that is added, changed or removed. Try it with --dry-run first.",
	}
	account, from := rateFlags(c.Flags())
	dry := c.Flags().Bool("dry-run", false, "only show what would differ")
	c.RunE = func(c *cobra.Command, args []string) error {
		sheet, err := a.readSheet(c, args[0])
		if err != nil {
			return err
		}
		api, err := a.open()
		if err != nil {
			return err
		}
		body := object{"sheet": sheet, "dryRun": *dry}
		if *account != "" {
			body["account"] = *account
		}
		if *from != "" {
			body["from"] = *from
		}
		var d rateDiff
		if err := api.call(c.Context(), http.MethodPost, sheetPath, body, &d); err != nil {
			return err
		}
		return d.print(a.out)
	}
	return c
}

func (a *access) readSheet(c *cobra.Command, name string) (string, error) {
	from := c.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", usage("%v", err)
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxSheet))
	return string(text), err
}

func (d rateDiff) print(out io.Writer) error {
	var lines []object
	for _, l := range d.Lines {
		if l["kind"] == "unchanged" {
			continue
		}
		if l["from"] == nil {
			l["from"] = "at once"
		}
		lines = append(lines, l)
	}
	if len(lines) > 0 {
		if err := printTable(out, lines, "kind", "country", "before", "after", "from"); err != nil {
			return err
		}
	}
	done := "applied"
	if !d.Applied {
		done = "nothing was changed (dry run); it would be"
	}
	_, err := fmt.Fprintf(out, "%s: %d added, %d changed, %d removed, %d unchanged\n", done, d.Added, d.Changed, d.Removed, d.Unchanged)
	return err
}

func (a *access) rateExport() *cobra.Command {
	c := &cobra.Command{Use: "export", Short: "Write all rates as a sheet that can be imported", Args: takes}
	account := c.Flags().String("account", "", "the rates of this customer; those of all customers if not given")
	c.RunE = func(c *cobra.Command, _ []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		return api.copy(c.Context(), sheetPath+queryOf(map[string]string{"account": *account, "format": "csv"}), a.out)
	}
	return c
}
