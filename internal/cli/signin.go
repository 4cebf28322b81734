package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func accountAt(name string) string { return "/operator/accounts/" + url.PathEscape(name) }

// accountSignIn shows how a customer signs in.
func (a *access) accountSignIn() *cobra.Command {
	c := &cobra.Command{Use: "sign-in NAME", Short: "Show how a customer signs in on the web pages", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), http.MethodGet, accountAt(args[0])+"/signIn", nil, &o); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, o)
		}
		return printObject(a.out, o, "account")
	}
	return c
}

// accountResetFactors helps a customer who has lost his phone.
func (a *access) accountResetFactors() *cobra.Command {
	c := &cobra.Command{
		Use: "reset-second-factor NAME", Short: "Remove one-time codes, recovery codes and passkeys of a customer who has lost them", Args: takes,
		Long: "Removes the one-time codes, recovery codes and passkeys of a customer who has lost them; the password alone signs in then. Whoever is signed in\n" +
			"as the customer is signed out. The customer sees on the page of his ways to sign in that an operator did this. Make sure first that it is he who asks.",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.do(c, http.MethodDelete, accountAt(args[0])+"/secondFactor", nil, "removed the second factors of "+args[0])
	}
	return c
}

// accountIdentity manages whom an OpenID provider may sign in.
func (a *access) accountIdentity() *cobra.Command {
	list := &cobra.Command{Use: "list NAME", Short: "List whom the OpenID provider may sign in to a customer's account", Args: takes}
	asJSON := list.Flags().Bool("json", false, "print JSON")
	list.RunE = func(c *cobra.Command, args []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		objects, err := api.list(c.Context(), accountAt(args[0])+"/identities")
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, objects)
		}
		return printTable(a.out, objects, "id", "label", "issuer", "subject", "linkedBy", "creation", "lastUse")
	}
	link := &cobra.Command{
		Use: "link NAME SUBJECT", Short: "Let an identity of the OpenID provider sign in to a customer's account", Args: takes,
		Example: "  ramier account identity link shop 00u1a2b3c4 # the subject that the page shows to somebody who is linked with no account",
	}
	properties := []property{{name: "issuer", about: "address of the provider; that of the server's settings when absent"}}
	addFlags(link.Flags(), properties)
	link.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), properties)
		body["subject"] = args[1]
		return a.do(c, http.MethodPost, accountAt(args[0])+"/identities", body, "linked "+args[1]+" with "+args[0])
	}
	unlink := &cobra.Command{Use: "unlink NAME ID", Short: "Take that back; whoever is signed in as the customer is signed out", Args: takes}
	unlink.RunE = func(c *cobra.Command, args []string) error {
		return a.do(c, http.MethodDelete, accountAt(args[0])+"/identities/"+url.PathEscape(args[1]), nil, "unlinked identity "+args[1]+" from "+args[0])
	}
	return a.group("identity", "Manage whom an OpenID provider may sign in to a customer's account", list, link, unlink)
}
