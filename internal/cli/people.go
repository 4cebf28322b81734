package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func peopleOf(account string) string {
	return "/operator/accounts/" + url.PathEscape(account) + "/people"
}

func personAt(args []string) string { return peopleOf(args[0]) + "/" + url.PathEscape(args[1]) }

var personProperties = []property{
	{name: "role", about: "what she may do in the account: owner, sender, reader or finance"},
	{name: "operatorRole", about: "what she may do under /operator, in an operator's account: admin, support, finance or none"},
	{name: "description", about: "free text, like her full name"},
}

// personCommand manages who signs in to an account beside its owner.
func (p *program) personCommand() *cobra.Command {
	a := &access{program: p}
	return a.flags(p.group("person", "Manage the people who sign in to a customer's account", a.personList(), a.personAdd(), a.personSet(), a.personPassword(),
		&cobra.Command{
			Use: "remove ACCOUNT LOGIN", Short: "Let somebody sign in no more, and end her keys", Args: takes,
			RunE: func(c *cobra.Command, args []string) error {
				return a.do(c, http.MethodDelete, personAt(args), nil, "removed "+args[0]+"/"+args[1])
			},
		}))
}

func (a *access) personList() *cobra.Command {
	c := &cobra.Command{Use: "list ACCOUNT", Short: "List who signs in to an account", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		all, err := api.list(c.Context(), peopleOf(args[0]))
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, all)
		}
		return printTable(a.out, all, "signIn", "role", "operatorRole", "creation", "description")
	}
	return c
}

func (a *access) personAdd() *cobra.Command {
	c := &cobra.Command{
		Use: "add ACCOUNT LOGIN", Short: "Let somebody sign in to an account, and show her password once", Args: takes,
		Example: "  ramier person add shop-ovh marie --role sender --description 'Marie Dupont'",
	}
	addFlags(c.Flags(), personProperties)
	c.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), personProperties)
		if body["role"] == nil {
			return usage("--role is needed: owner, sender, reader or finance")
		}
		body["login"] = args[1]
		return a.showPassword(c, peopleOf(args[0]), body)
	}
	return c
}

// showPassword makes a call that answers with somebody's new password.
func (a *access) showPassword(c *cobra.Command, path string, body object) error {
	api, err := a.open()
	if err != nil {
		return err
	}
	var answer struct{ SignIn, Password string }
	if err := api.call(c.Context(), http.MethodPost, path, body, &answer); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "sign in as  %s\npassword    %s\n", answer.SignIn, answer.Password)
	return err
}

func (a *access) personSet() *cobra.Command {
	c := &cobra.Command{Use: "set ACCOUNT LOGIN", Short: "Change somebody's role; what no flag names stays, and her keys follow", Args: takes}
	addFlags(c.Flags(), personProperties)
	c.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), personProperties)
		if len(body) == 0 {
			return usage("nothing to change: see %s --help for the flags", c.CommandPath())
		}
		return a.do(c, http.MethodPut, personAt(args), body, "changed "+args[0]+"/"+args[1])
	}
	return c
}

func (a *access) personPassword() *cobra.Command {
	c := &cobra.Command{Use: "password ACCOUNT LOGIN", Short: "Give somebody another password, and show it once", Args: takes}
	stdin := c.Flags().Bool("stdin", false, "read it from standard input instead of making one up; a line end is cut off")
	c.RunE = func(c *cobra.Command, args []string) error {
		body := object{}
		if *stdin {
			text, err := io.ReadAll(io.LimitReader(a.in, 4096))
			if err != nil {
				return err
			}
			body["password"] = strings.TrimRight(string(text), "\r\n")
		}
		return a.showPassword(c, personAt(args)+"/password", body)
	}
	return c
}
