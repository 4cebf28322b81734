package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ramier/internal/config"
)

// What a check finds.
const (
	levelOK      = "OK"
	levelWarning = "warning"
	levelProblem = "problem"
)

// A finding is what one check says.
type finding struct {
	Level string `json:"level"`
	What  string `json:"what"`
	Text  string `json:"text"`
	Cure  string `json:"cure,omitempty"`
}

// doctor looks at a platform from outside: its settings, what it needs, and what it says of itself when it runs.
type doctor struct {
	*program
	access   *access
	now      func() time.Time
	settings config.Config
	found    []finding
}

func (p *program) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "doctor", Short: "Check settings, surroundings and a running platform, and say what to do", Args: takes,
		Long: "Checks the settings and what they need, and asks a running platform how it is. Changes nothing. Exits with 1 when there is a problem.",
	}
	path := p.configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print JSON")
	a := &access{program: p}
	c.RunE = func(c *cobra.Command, _ []string) error {
		d := &doctor{program: p, access: a, now: time.Now}
		d.examine(c.Context(), *path)
		if *asJSON {
			if err := printJSON(p.out, d.found); err != nil {
				return err
			}
		} else {
			d.print()
		}
		for _, f := range d.found {
			if f.Level == levelProblem {
				return errShown
			}
		}
		return nil
	}
	return a.flags(c)
}

func (d *doctor) ok(what, format string, args ...any) {
	d.found = append(d.found, finding{Level: levelOK, What: what, Text: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(what, cure, format string, args ...any) {
	d.found = append(d.found, finding{levelWarning, what, fmt.Sprintf(format, args...), cure})
}

func (d *doctor) problem(what, cure, format string, args ...any) {
	d.found = append(d.found, finding{levelProblem, what, fmt.Sprintf(format, args...), cure})
}

func (d *doctor) print() {
	for _, f := range d.found {
		fmt.Fprintf(d.out, "%-8s %-12s %s\n", f.Level, f.What, oneLine(f.Text))
		if f.Cure != "" {
			fmt.Fprintf(d.out, "%-8s %-12s -> %s\n", "", "", oneLine(f.Cure))
		}
	}
}

// examine goes from the settings outwards. Without settings only the platform that the keys lead to is asked.
func (d *doctor) examine(ctx context.Context, path string) {
	if d.checkSettings(path) {
		running := d.checkServer(ctx)
		d.checkDatabase(ctx, running)
		d.checkDisk()
		d.checkCertificate()
		d.checkMail(ctx)
		d.checkPublic(ctx, running)
		if !running {
			return
		}
	}
	d.checkPlatform(ctx)
}

func (d *doctor) checkSettings(path string) bool {
	settings, err := config.Load(path, d.env)
	d.settings = settings
	if all, ok := errors.AsType[config.Problems](err); ok {
		for _, p := range all {
			d.problem("settings", p.Cure, "%s = %q", p.Setting, p.Value)
		}
		return false
	}
	if err != nil {
		d.problem("settings", "name the file with --config, or make one with ramier init", "%v", err)
		return false
	}
	d.ok("settings", "%s", path)
	d.ok("key file", "%s", settings.KeyFile)
	return true
}
