package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

var smppProperties = []property{
	{name: "allowedIPs", as: "allow", about: "addresses and networks that may bind, with commas between; without any nobody may"},
	{name: "throughput", about: "messages a second of one connection", kind: 'i'},
	{name: "windowing", as: "window", about: "unanswered PDUs of one connection", kind: 'i'},
	{name: "binds", about: "connections that may send at once, and as many that may receive", kind: 'i'},
	{name: "dialect", about: "ovh, or plain for SMPP 3.4 with message_payload and sar_ parameters"},
}

func (p *program) smppCommand() *cobra.Command {
	a := &access{program: p}
	return a.flags(p.group("smpp", "Let SMS accounts in over SMPP",
		a.smppCall("add SERVICE", "Let an SMS account in over SMPP; its password is shown once", http.MethodPost, true),
		a.smppCall("show SERVICE", "Show how an SMS account is used over SMPP, and how much waits for it", http.MethodGet, false),
		a.smppCall("set SERVICE", "Change how an SMS account is used over SMPP, from the next bind on", http.MethodPut, true),
		a.smppCall("remove SERVICE", "Let an SMS account in over SMPP no more", http.MethodDelete, false),
		a.smppPassword()))
}

func smppOf(service string) string {
	return "/operator/services/" + url.PathEscape(service) + "/smpp"
}

// smppCall makes a command of one call, with or without properties to send.
func (a *access) smppCall(use, short, method string, changes bool) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: takes}
	if changes {
		addFlags(c.Flags(), smppProperties)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		var body any
		if changes {
			properties := given(c.Flags(), smppProperties)
			if list, ok := properties["allowedIPs"].(string); ok {
				properties["allowedIPs"] = strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
			}
			if method == http.MethodPut && len(properties) == 0 {
				return usage("nothing to change: see %s --help for the flags", c.CommandPath())
			}
			body = properties
		}
		if method == http.MethodPut || method == http.MethodDelete {
			done := map[string]string{http.MethodPut: "changed", http.MethodDelete: "removed"}[method] + " the SMPP account of " + args[0]
			return a.do(c, method, smppOf(args[0]), body, done)
		}
		api, err := a.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), method, smppOf(args[0]), body, &o); err != nil {
			return err
		}
		if method == http.MethodGet {
			delete(o, "password") // always empty, which would look as if there were none
		}
		return printObject(a.out, o, "systemID")
	}
	return c
}

func (a *access) smppPassword() *cobra.Command {
	return &cobra.Command{
		Use: "password SERVICE", Short: "Give an SMS account a new password for SMPP, and show it", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			api, err := a.open()
			if err != nil {
				return err
			}
			var password string
			if err := api.call(c.Context(), http.MethodPost, smppOf(args[0])+"/password", nil, &password); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, password)
			return err
		},
	}
}
