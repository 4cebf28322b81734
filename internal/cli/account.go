package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) accountCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "customer", path: "/operator/accounts", argument: "NAME", id: "name",
		properties: []property{
			{name: "country", about: "country that local numbers are read with, like FR", must: true},
			{name: "description", about: "free text"},
			{name: "email", about: "mail address, which GET /me shows"},
			{name: "operator", about: "may manage the platform", kind: 'b'},
			{name: "operatorRole", about: "what it may do there: admin, support, finance or none"},
			{name: "resells", about: "may have sub-accounts of its own", kind: 'b'},
		},
		columns: []string{"name", "country", "operator", "creation", "email", "description"},
	}
	return a.flags(p.group("account", "Manage customers", r.list(), r.add("[NAME]"), r.show(), r.set(), r.suspend(), r.resume(), a.accountPassword(), a.accountSignIn(), a.accountResetFactors(), a.accountIdentity()))
}

// accountPassword gives a customer a password for the web pages.
func (a *access) accountPassword() *cobra.Command {
	c := &cobra.Command{
		Use: "password NAME", Short: "Give a customer a password for the web pages, and show it once", Args: takes,
		Long: "Gives a customer a new password to sign in with on the web pages, made up or read from standard input. Whoever is signed in as the\n" +
			"customer is signed out, one-time codes and passkeys are removed, and a lock-out after wrong passwords ends.",
		Example: "  ramier account password shop\n  printf %s 'several words are easy to remember' | ramier account password shop --stdin",
	}
	f := c.Flags()
	stdin := f.Bool("stdin", false, "read it from standard input instead of making one up; a line end is cut off")
	keep := f.Bool("keep-second-factor", false, "one-time codes and passkeys stay")
	c.RunE = func(c *cobra.Command, args []string) error {
		body := object{"keepSecondFactor": *keep}
		if *stdin {
			text, err := io.ReadAll(io.LimitReader(a.in, 4096))
			if err != nil {
				return err
			}
			if body["password"] = strings.TrimRight(string(text), "\r\n"); body["password"] == "" {
				return usage("standard input is empty: give the password there")
			}
		}
		api, err := a.open()
		if err != nil {
			return err
		}
		var answer struct{ Password string }
		if err := api.call(c.Context(), http.MethodPost, "/operator/accounts/"+url.PathEscape(args[0])+"/password", body, &answer); err != nil {
			return err
		}
		if *stdin {
			_, err = fmt.Fprintf(a.out, "changed the password of %s\n", args[0])
			return err
		}
		_, err = fmt.Fprintln(a.out, answer.Password)
		return err
	}
	return c
}

// suspend stops all sending of a customer.
func (r resource) suspend() *cobra.Command {
	c := &cobra.Command{
		Use: "suspend NAME", Short: "Stop all sending of a customer; what waits is kept back", Args: takes,
		Long: "Stops all sending of a customer. What was accepted and waits is kept back: resume sends it, ramier service cancel takes it back.",
	}
	reason := c.Flags().String("reason", "", "why, for its owner to read")
	_ = c.MarkFlagRequired("reason") // it is there
	c.RunE = func(c *cobra.Command, args []string) error {
		return r.do(c, http.MethodPut, r.at(args[0]), object{"suspended": *reason}, "suspended "+args[0])
	}
	return c
}

// resume lets a suspended customer send again.
func (r resource) resume() *cobra.Command {
	return &cobra.Command{
		Use: "resume NAME", Short: "Let a suspended customer send again; what waits is sent", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			return r.do(c, http.MethodPut, r.at(args[0]), object{"suspended": nil}, "resumed "+args[0])
		},
	}
}
