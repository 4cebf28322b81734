// Package cli is the command line: a file per subcommand. Those that manage a running server call its operator API with
// OVH's own client, as anybody else could.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Build is what the build says of the program.
type Build struct{ Version, Date string }

// Exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// program is what all commands share.
type program struct {
	version, date string
	env           func(string) string
	in            io.Reader
	out, errOut   io.Writer
}

// Run runs the command that the arguments name and gives the exit code: 0 done, 1 failed, 2 wrongly called. It ends early,
// in good order, when the context does.
func (b Build) Run(ctx context.Context, args []string, env func(string) string, in io.Reader, out, errOut io.Writer) int {
	p := &program{version: b.Version, date: b.Date, env: env, in: in, out: out, errOut: errOut}
	root := p.root() //nolint:contextcheck // commands get the context when they run
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return exitOK
	case isUsage(err):
		fmt.Fprintf(errOut, "ramier: %v\n", err)
		return exitUsage
	case errors.Is(err, errShown):
		return exitFailed
	default:
		fmt.Fprintf(errOut, "ramier: %v\n", explained(err))
		return exitFailed
	}
}

func (p *program) root() *cobra.Command {
	root := p.group("ramier", "A self-hosted SMS platform with the API of OVHcloud",
		newSandbox(p), p.initCommand(), p.serveCommand(), p.doctorCommand(), p.simulateCommand(),
		p.accountCommand(), p.serviceCommand(), p.senderCommand(), p.templateCommand(), p.exceptionCommand(), p.virtualNumberCommand(), p.smppCommand(), p.optOutCommand(), p.tokenCommand(),
		p.carrierCommand(), p.doubtCommand(), p.webhookCommand(), p.deliveryCommand(), p.routeCommand(), p.rateCommand(), p.numberCommand(),
		p.priceCommand(), p.taxCommand(), p.orderCommand(), p.statementCommand(), p.personCommand(), p.resellerCommand(), p.operatorCommand(),
		p.sendCommand(), p.batchCommand(), p.explainCommand(), p.auditCommand(), p.reportCommand(), p.statusCommand(), p.benchCommand(), p.versionCommand(),
	)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage("%v: see %s --help", err, c.CommandPath()) })
	return root
}

// errShown ends a command that has told already what is wrong.
var errShown = errors.New("shown")

// A usageError is a command that was called in a wrong way.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func isUsage(err error) bool {
	_, ok := errors.AsType[*usageError](err)
	return ok
}

// group makes a command that only holds others.
func (p *program) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs}
	c.AddCommand(commands...)
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return usage("%s has no command %q: see %s --help", c.CommandPath(), args[0], c.CommandPath())
	}
	return c
}

// takes checks the arguments of a command against the names in its use: "set NAME" takes one, "send TEXT..." one or
// more, "add [NAME]" one at most.
func takes(c *cobra.Command, args []string) error {
	least, most := 0, 0
	for _, word := range strings.Fields(c.Use)[1:] {
		switch {
		case strings.HasPrefix(word, "["):
			most++
		case strings.HasSuffix(word, "..."):
			least, most = least+1, 1<<30
		default:
			least, most = least+1, most+1
		}
	}
	if len(args) < least || len(args) > most {
		return usage("%d argument(s) given, but it is: ramier %s", len(args), strings.TrimPrefix(c.UseLine(), "ramier "))
	}
	return nil
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: takes,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(p.out, "ramier %s", p.version)
			if p.date != "" {
				fmt.Fprintf(p.out, " (%s)", p.date)
			}
			fmt.Fprintln(p.out)
			return nil
		},
	}
}
