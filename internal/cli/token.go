package cli

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) tokenCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "token", path: "/operator/tokens", argument: "ID", id: "credentialId",
		columns: []string{"credentialId", "account", "name", "applicationKey", "status", "creation", "expiration", "lastUse", "rules"},
		filters: []property{{name: "account", about: "only those of this customer"}},
	}
	revoke := r.remove()
	revoke.Use, revoke.Short = "revoke ID", "Revoke a token"
	return a.flags(p.group("token", "Manage the keys that customers sign with", r.list(), a.tokenCreate(), revoke))
}

func (a *access) tokenCreate() *cobra.Command {
	c := &cobra.Command{
		Use: "create", Short: "Make keys for a customer, and show them once", Args: takes,
		Example: "  ramier token create --account shop --rule 'GET /sms' --rule 'GET /sms/*' --rule 'POST /sms/*' --save ovh.conf",
	}
	f := c.Flags()
	account := f.String("account", "", "customer that the keys belong to")
	rules := f.StringArray("rule", nil, "call that is allowed, like 'GET /sms/*'; may be repeated")
	name := f.String("name", "", "name of the application; otherwise the customer's")
	description := f.String("description", "", "what the keys are for")
	validity := f.Duration("validity", 0, "how long they are valid, like 24h; otherwise for ever")
	ips := f.StringSlice("ip", nil, "address or block that they may be used from; may be repeated")
	save := f.String("save", "", "write them into this new file, in the form of ovh.conf")
	asJSON := f.Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *account == "" || len(*rules) == 0 {
			return usage("--account and at least one --rule are needed")
		}
		body := object{"account": *account}
		list, err := readRules(*rules)
		if err != nil {
			return err
		}
		body["rules"] = list
		for key, value := range map[string]string{"name": *name, "description": *description} {
			if value != "" {
				body[key] = value
			}
		}
		if *validity != 0 {
			body["validitySeconds"] = int64(*validity / time.Second)
		}
		if len(*ips) > 0 {
			body["allowedIPs"] = *ips
		}
		return a.createToken(c, body, *save, *asJSON)
	}
	return c
}

func readRules(texts []string) ([]object, error) {
	rules := make([]object, len(texts))
	for i, text := range texts {
		method, path, ok := strings.Cut(strings.TrimSpace(text), " ")
		if !ok {
			return nil, usage("the rule %q is not a method and a path: write it like 'GET /sms/*'", text)
		}
		rules[i] = object{"method": strings.ToUpper(method), "path": strings.TrimSpace(path)}
	}
	return rules, nil
}

func (a *access) createToken(c *cobra.Command, body object, save string, asJSON bool) error {
	api, err := a.open()
	if err != nil {
		return err
	}
	var file *os.File
	if save != "" {
		// First, so that no keys are made and lost.
		if file, err = os.OpenFile(save, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		defer file.Close()
	}
	var t struct {
		ApplicationKey    string `json:"applicationKey"`
		ApplicationSecret string `json:"applicationSecret"`
		ConsumerKey       string `json:"consumerKey"`
		CredentialID      int64  `json:"credentialId"`
	}
	if err := api.call(c.Context(), http.MethodPost, "/operator/tokens", body, &t); err != nil {
		if file != nil {
			_ = os.Remove(save)
		}
		return err
	}
	k := keys{api.Endpoint(), t.ApplicationKey, t.ApplicationSecret, t.ConsumerKey}
	if asJSON {
		if err := printJSON(a.out, t); err != nil {
			return err
		}
	}
	switch {
	case file != nil:
		if _, err := file.Write(k.conf()); err != nil {
			return err
		}
		if asJSON {
			return nil
		}
		_, err = fmt.Fprintf(a.out, "token %d is in %s\n", t.CredentialID, save)
	case !asJSON:
		_, err = fmt.Fprintf(a.out, "# token %d: these keys are shown once. As ovh.conf, which all of OVH's clients read:\n%s", t.CredentialID, k.conf())
	}
	return err
}
