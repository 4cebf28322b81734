package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p *program) carrierCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "carrier", path: "/operator/carriers", argument: "NAME", id: "name",
		properties: carrierProperties, flags: a.carrierSecrets,
		columns: []string{"name", "enabled", "host", "port", "tls", "systemId", "bindMode", "window", "rate"},
	}
	set := r
	set.properties = append([]property{}, carrierProperties...)
	for i := range set.properties {
		set.properties[i].must = false
	}
	return a.flags(p.group("carrier", "Manage the connections to operators", r.list(), r.add("NAME"), r.show(), set.set(), r.remove(), r.status()))
}

var carrierProperties = []property{
	{name: "host", about: "name or address", must: true},
	{name: "port", about: "TCP port; 2775 unless given", kind: 'i'},
	{name: "systemId", about: "SMPP system_id", must: true},
	{name: "systemType", about: "SMPP system_type"},
	{name: "enabled", about: "whether it is used; a new one is", kind: 'b'},
	{name: "bindMode", about: "transceiver, or transmitterReceiver for two binds"},
	{name: "window", about: "requests that may be unanswered at a time, 1 to 1000", kind: 'i'},
	{name: "rate", about: "messages per second, 0 = no limit", kind: 'i'},
	{name: "highReserve", about: "percent of the rate and the window that are kept for the priority high, 0 to 90; 20 unless given", kind: 'i'},
	{name: "tls", about: "whether the connection is encrypted", kind: 'b'},
	{name: "tlsServerName", about: "name expected in the certificate; otherwise the host"},
	{name: "concatenation", about: "how long texts are put together: udh8, udh16, sar or payload"},
	{name: "charset", about: "bytes of 7 bit texts: gsm0338, latin1 or ascii"},
	{name: "dataCodingGsm7", about: "data_coding of 7 bit texts", kind: 'i'},
	{name: "receiptId", about: "how the id in receipts differs: asIs, hexToDecimal, decimalToHex or automatic"},
	{name: "registeredDelivery", as: "receipts", about: "whether receipts are asked for", kind: 'b'},
	{name: "validity", about: "whether validity_period is sent", kind: 'b'},
	{name: "addressPlus", about: "whether receivers keep their +", kind: 'b'},
	{name: "sourceTon", about: "TON of senders, -1 = by their kind", kind: 'i'},
	{name: "sourceNpi", about: "NPI of senders, -1 = by their kind", kind: 'i'},
	{name: "destTon", about: "TON of receivers", kind: 'i'},
	{name: "destNpi", about: "NPI of receivers", kind: 'i'},
	{name: "serviceType", about: "SMPP service_type"},
	{name: "enquireLinkSeconds", as: "enquire-link", about: "seconds of silence before an enquire_link", kind: 'i'},
	{name: "responseTimeoutSeconds", as: "response-timeout", about: "seconds to wait for an answer", kind: 'i'},
	{name: "lookups", about: "it answers questions about numbers (HLR): submit_sm with service_type HLR", kind: 'b'},
	{name: "queryMinutes", about: "minutes after which query_sm asks for a message without a final receipt, 0 = never", kind: 'i'},
	{name: "inDoubt", about: "what is done with a message whose answer got lost: automatic, resend, hold or fail"},
}

// carrierSecrets reads what comes from files: a password on the command line would show in the list of processes.
func (a *access) carrierSecrets(f *pflag.FlagSet) func(object) error {
	password := f.String("password", "", "SMPP password; others on this machine may see it here, so better use --password-file")
	passwordFile := f.String("password-file", "", "file with the SMPP password; - is standard input")
	authorities := f.String("tls-ca", "", "file with certificates trusted instead of the system's, in PEM; - is standard input")
	return func(body object) error {
		if f.Changed("password") {
			body["password"] = *password
		}
		for name, path := range map[string]string{"password": *passwordFile, "tlsCA": *authorities} {
			if path == "" {
				continue
			}
			data, err := a.read(path)
			if err != nil {
				return err
			}
			body[name] = string(bytes.TrimRight(data, "\r\n"))
		}
		return nil
	}
}

// read reads a file or standard input.
func (p *program) read(path string) ([]byte, error) {
	const most = 1 << 20
	if path == "-" {
		return io.ReadAll(io.LimitReader(p.in, most))
	}
	return os.ReadFile(path)
}

// status shows how one carrier is doing, or all.
func (r resource) status() *cobra.Command {
	c := &cobra.Command{Use: "status [NAME]", Short: "Show how the connections are doing", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := r.open()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			var s struct {
				Carriers []object `json:"carriers"`
			}
			if err := api.call(c.Context(), http.MethodGet, "/operator/status", nil, &s); err != nil {
				return err
			}
			if *asJSON {
				return printJSON(r.out, s.Carriers)
			}
			return printTable(r.out, s.Carriers, "carrier", "state", "since", "node", "term", "binds", "windowUsed", "windowSize", "queued", "sent", "throttled", "late", "lastError")
		}
		var o object
		if err := api.call(c.Context(), http.MethodGet, r.at(args[0])+"/status", nil, &o); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(r.out, o)
		}
		return printObject(r.out, o, "carrier", "state", "since", "node", "leaseSince", "term", "lastError")
	}
	return c
}

// statusCommand shows how the whole platform is doing.
func (p *program) statusCommand() *cobra.Command {
	a := &access{program: p}
	c := &cobra.Command{Use: "status", Short: "Show how the platform is doing", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		api, err := a.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), http.MethodGet, "/operator/status", nil, &o); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(p.out, o)
		}
		carriers, queues := objects(o["carriers"]), objects(o["queues"])
		delete(o, "carriers")
		delete(o, "queues")
		if err := printObject(p.out, o, "version", "started", "now", "database"); err != nil {
			return err
		}
		fmt.Fprintln(p.out, "\nCarriers")
		if err := printTable(p.out, carriers, "carrier", "state", "node", "queued", "sent", "lastError"); err != nil {
			return err
		}
		fmt.Fprintln(p.out, "\nQueues")
		return printTable(p.out, queues, "carrier", "lane", "queued", "oldest")
	}
	return a.flags(c)
}

// objects reads a list of objects within another.
func objects(v any) []object {
	list, _ := v.([]any)
	all := make([]object, 0, len(list))
	for _, element := range list {
		if o, ok := element.(object); ok {
			all = append(all, o)
		}
	}
	return all
}
