package cli

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func (p *program) auditCommand() *cobra.Command {
	a := &access{program: p}
	c := &cobra.Command{
		Use: "audit", Short: "Add up every credit and message again, and say what does not agree", Args: takes,
		Long: "Adds up every ledger entry, job, message and awaited receipt again, as they are at one moment, and lists what does not agree.\nThe exit code is 1 when there is anything.",
	}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		var r struct {
			Services int64 `json:"services"`
			Jobs     int64 `json:"jobs"`
			Messages int64 `json:"messages"`
			Entries  int64 `json:"entries"`
			Findings []struct {
				Object      string `json:"object"`
				ServiceName string `json:"serviceName"`
				Text        string `json:"text"`
			} `json:"findings"`
		}
		if err := api.call(c.Context(), http.MethodGet, "/operator/audit", nil, &r); err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(p.out, r)
		} else {
			fmt.Fprintf(p.out, "%d SMS accounts, %d jobs, %d messages, %d ledger entries: %d findings\n", r.Services, r.Jobs, r.Messages, r.Entries, len(r.Findings))
			for _, f := range r.Findings {
				fmt.Fprintf(p.out, "  %s  %s  %s\n", f.ServiceName, f.Object, f.Text)
			}
		}
		if err == nil && len(r.Findings) > 0 {
			err = errShown
		}
		return err
	}
	return a.flags(c)
}
