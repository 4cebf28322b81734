package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ovh/go-ovh/ovh"
	"github.com/spf13/cobra"
)

// customer is how a command reaches the API with a customer's keys.
type customer struct {
	*program
	conf, ca string
	flags    keys
}

func (u *customer) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&u.conf, "conf", "", "file with the keys, in the form of ovh.conf; otherwise OVH_* in the environment, ./ovh.conf, ~/.ovh.conf, /etc/ovh.conf")
	f.StringVar(&u.flags.endpoint, "endpoint", "", "address of the API, like https://sms.example.org/1.0")
	f.StringVar(&u.flags.application, "application-key", "", "key of the application")
	f.StringVar(&u.flags.secret, "application-secret", "", "secret of the application; others on this machine may see it here")
	f.StringVar(&u.flags.consumer, "consumer-key", "", "consumer key; others on this machine may see it here")
	f.StringVar(&u.ca, "ca", "", "file with certificates to trust, in PEM")
}

// open makes a client: flags win over a named file, that over the environment, and that over the usual files.
func (u *customer) open() (*client, error) {
	k := u.flags
	if u.conf != "" {
		named, err := readConf(u.conf, k.endpoint)
		if err != nil {
			return nil, err
		}
		k = k.or(named)
	}
	k = k.or(keys{u.env("OVH_ENDPOINT"), u.env("OVH_APPLICATION_KEY"), u.env("OVH_APPLICATION_SECRET"), u.env("OVH_CONSUMER_KEY")})
	if !k.complete() {
		home := ""
		if u.env("HOME") != "" {
			home = filepath.Join(u.env("HOME"), ".ovh.conf")
		}
		usual, _, err := firstConf(k.endpoint, "ovh.conf", home, "/etc/ovh.conf")
		if err != nil {
			return nil, err
		}
		k = k.or(usual)
	}
	if !k.complete() {
		return nil, errors.New("keys are missing: name a file with --conf, or set OVH_ENDPOINT, OVH_APPLICATION_KEY, OVH_APPLICATION_SECRET and " +
			"OVH_CONSUMER_KEY; ramier token create makes keys")
	}
	return newClient(k, u.ca)
}

func (p *program) sendCommand() *cobra.Command {
	u := &customer{program: p}
	c := &cobra.Command{
		Use: "send TEXT...", Short: "Send a message with a customer's keys", Args: takes,
		Example: "  ramier send --conf ovh.conf --from Ramier --to +33639980000 'Bonjour'",
	}
	u.addFlags(c)
	f := c.Flags()
	service := f.String("service", "", "SMS account; needed when the keys see several")
	to := f.StringArray("to", nil, "receiver, like +33639980000; may be repeated")
	properties := []property{
		{name: "sender", as: "from", about: "sender; without it, a short number"},
		{name: "tag", about: "label to find it by"},
		{name: "class", about: "flash, phoneDisplay, sim or toolkit"},
		{name: "priority", about: "high, medium, low or veryLow"},
		{name: "coding", about: "7bit, or 8bit for Unicode"},
		{name: "differedPeriod", as: "deferred", about: "minutes to wait before it is sent", kind: 'i'},
		{name: "validityPeriod", as: "validity", about: "minutes that operators may try", kind: 'i'},
		{name: "noStopClause", as: "no-stop", about: "no clause on how to opt out: this is no marketing", kind: 'b'},
		{name: "senderForResponse", as: "for-response", about: "from a short number, so that receivers can answer", kind: 'b'},
	}
	addFlags(f, properties)
	wait := f.Duration("wait", 0, "wait so long for the final states, like 60s")
	asJSON := f.Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(*to) == 0 {
			return usage("--to is needed: name a receiver, like --to +33639980000")
		}
		api, err := u.open()
		if err != nil {
			return err
		}
		body := given(f, properties)
		body["message"], body["receivers"] = strings.Join(args, " "), *to
		if *service == "" {
			if *service, err = api.onlyService(c.Context()); err != nil {
				return err
			}
		}
		return p.send(c.Context(), api, "/sms/"+url.PathEscape(*service), body, *wait, *asJSON)
	}
	return c
}

// onlyService names the SMS account of keys that see one.
func (c *client) onlyService(ctx context.Context) (string, error) {
	var names []string
	if err := c.call(ctx, http.MethodGet, "/sms", nil, &names); err != nil {
		return "", err
	}
	if len(names) != 1 {
		return "", usage("these keys see %d SMS accounts (%s): name one with --service", len(names), strings.Join(names, ", "))
	}
	return names[0], nil
}

// report is the answer to a job. The reasons are an extension of Ramier.
type report struct {
	IDs              []int64  `json:"ids"`
	ValidReceivers   []string `json:"validReceivers"`
	InvalidReceivers []string `json:"invalidReceivers"`
	Credits          float64  `json:"totalCreditsRemoved"`
	Reasons          []struct {
		Receiver string `json:"receiver"`
		Message  string `json:"message"`
	} `json:"invalidReasons"`
}

func (p *program) send(ctx context.Context, api *client, service string, body object, wait time.Duration, asJSON bool) error {
	var r report
	if err := api.call(ctx, http.MethodPost, service+"/jobs", body, &r); err != nil {
		return err
	}
	if !asJSON {
		p.printReport(r)
	}
	states, failed := []object(nil), len(r.InvalidReceivers) > 0
	if wait > 0 {
		var bad bool
		var err error
		if states, bad, err = p.await(ctx, api, service+"/outgoing", r.IDs, wait, asJSON); err != nil {
			return err
		}
		failed = failed || bad
	}
	if asJSON {
		out := struct {
			Job      report   `json:"job"`
			Messages []object `json:"messages,omitempty"`
		}{r, states}
		if err := printJSON(p.out, out); err != nil {
			return err
		}
	}
	if failed {
		return errShown
	}
	return nil
}

func (p *program) printReport(r report) {
	for i, receiver := range r.ValidReceivers {
		if i < len(r.IDs) {
			fmt.Fprintf(p.out, "message %d to %s accepted\n", r.IDs[i], receiver)
		}
	}
	reasons := map[string]string{}
	for _, reason := range r.Reasons {
		reasons[reason.Receiver] = ": " + reason.Message
	}
	for _, receiver := range r.InvalidReceivers {
		fmt.Fprintf(p.errOut, "no message to %s%s\n", receiver, oneLine(reasons[receiver]))
	}
	fmt.Fprintf(p.out, "%v credit(s)\n", r.Credits)
}

// deliveryReceipts is what OVH's codes mean; those that are not here may change.
var deliveryReceipts = map[string]string{"1": "delivered", "2": "failed", "16": "refused, not charged"}

const pollEvery = 250 * time.Millisecond

// await asks until all messages have their final states, and prints each as it comes; bad tells that some have not arrived.
func (p *program) await(ctx context.Context, api *client, path string, ids []int64, wait time.Duration, quiet bool) (states []object, bad bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	open := append([]int64{}, ids...)
	for len(open) > 0 {
		var still []int64
		for _, id := range open {
			o, state, err := api.outcome(ctx, fmt.Sprintf("%s/%d", path, id))
			switch {
			case ctx.Err() != nil:
				return p.late(states, open, wait)
			case err != nil:
				return states, true, err
			case state == "":
				still = append(still, id)
				continue
			}
			states, bad = append(states, o), bad || state != deliveryReceipts["1"]
			if !quiet {
				fmt.Fprintf(p.out, "message %d to %s %s (ptt %s)\n", id, shown(o["receiver"]), state, shown(o["ptt"]))
			}
		}
		open = still
		if len(open) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return p.late(states, open, wait)
		case <-tick.C:
		}
	}
	return states, bad, nil
}

func (p *program) late(states []object, open []int64, wait time.Duration) ([]object, bool, error) {
	return states, true, fmt.Errorf("%d message(s) had no final state after %s, the first is %d: ramier explain %[3]d tells why", len(open), wait, open[0])
}

// outcome gives a message and its final state, which is empty as long as there is none. A message that waits may not be in
// the list of those that were sent.
func (c *client) outcome(ctx context.Context, path string) (o object, state string, err error) {
	err = c.call(ctx, http.MethodGet, path, nil, &o)
	if e, ok := errors.AsType[*ovh.APIError](err); ok && e.Code == http.StatusNotFound {
		return nil, "", nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = context.DeadlineExceeded
	}
	return o, deliveryReceipts[shown(o["deliveryReceipt"])], err
}
