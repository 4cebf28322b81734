package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// statementAnswer is a statement as the API has it.
type statementAnswer struct {
	From, To         string
	Opening, Closing object
	Movements        []struct {
		Date, Movement string
		Change         object
	}
}

func (p *program) statementCommand() *cobra.Command {
	a := &access{program: p}
	c := &cobra.Command{
		Use: "statement SERVICE MONTH", Short: "Say what happened to the credits of an SMS account in a month, like 2026-10", Args: takes,
		Long: "Says what happened to the credits of an SMS account in a month: the balances at its beginning and end, and what each kind of movement changed\n" +
			"on each day. The movements and the balances add up, and are compared with the ledger each time.",
	}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	asCSV := c.Flags().Bool("csv", false, "print CSV")
	pdf := c.Flags().String("pdf", "", "write a PDF to this file")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		path := "/operator/services/" + url.PathEscape(args[0]) + "/statements/" + url.PathEscape(args[1])
		switch {
		case *asCSV:
			return api.copy(c.Context(), path+"?format=csv", p.out)
		case *pdf != "":
			return a.writePDF(c, api, path+"?format=pdf", *pdf)
		case *asJSON:
			var o object
			if err := api.call(c.Context(), http.MethodGet, path, nil, &o); err != nil {
				return err
			}
			return printJSON(p.out, o)
		}
		var s statementAnswer
		if err := api.call(c.Context(), http.MethodGet, path, nil, &s); err != nil {
			return err
		}
		line := func(date, movement string, books object) object {
			books["date"], books["movement"] = date, movement
			return books
		}
		lines := []object{line("", "opening balance", s.Opening)}
		for _, m := range s.Movements {
			lines = append(lines, line(m.Date, m.Movement, m.Change))
		}
		lines = append(lines, line("", "closing balance", s.Closing))
		return printTable(p.out, lines, "date", "movement", "available", "held", "quota", "used")
	}
	return a.flags(c)
}

// writePDF writes a document to a file, whole or not at all.
func (a *access) writePDF(c *cobra.Command, api *client, path, name string) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".ramier-*.pdf")
	if err != nil {
		return err
	}
	err = api.copy(c.Context(), path, f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	_, err = fmt.Fprintf(a.out, "wrote %s\n", name)
	return err
}
