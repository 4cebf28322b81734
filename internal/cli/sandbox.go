package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ovh/go-ovh/ovh"
	"github.com/spf13/cobra"

	"ramier/internal/calendar"
	"ramier/internal/sandbox"
	"ramier/internal/simulator"
)

// newSandbox makes the command that starts a whole platform on this machine.
func newSandbox(p *program) *cobra.Command {
	var o sandbox.Options
	var asJSON, demo, verbose bool
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Start a whole platform on this machine, with a simulated operator",
		Long: "Starts the API over HTTP and HTTPS, a simulated operator over a real SMPP connection, two customers with keys and credits,\n" +
			"and a control API. Nothing leaves this machine. It stays until it is interrupted.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelInfo
			}
			o.Log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			o.Version = p.version
			return runSandbox(c.Context(), c.OutOrStdout(), o, asJSON, demo)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Dir, "dir", "", "folder for its files, used again at the next start; without it, a temporary one")
	f.StringVar(&o.HTTP, "http", "127.0.0.1:8080", "address of the API over HTTP; port 0 = any free one")
	f.StringVar(&o.HTTPS, "https", "127.0.0.1:8443", "address of the API over HTTPS; port 0 = any free one")
	f.StringVar(&o.SMPP, "smpp", "127.0.0.1:2775", "address of the SMPP server for customers; port 0 = any free one")
	f.StringVar(&o.SMPPTLS, "smpp-tls", "127.0.0.1:3550", "the same over TLS")
	f.StringVar(&o.SMTP, "smtp", "127.0.0.1:2525", "address of the SMTP server for email2sms; port 0 = any free one")
	f.StringVar(&o.Database, "database", "", "sqlite:///file or postgres://user@host/name; without it, SQLite in the folder")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the operator's chance: the same seed repeats a run")
	f.StringVar(&o.SendingHours, "sending-hours", "", "when advertising may leave: country, none or hours; none unless the folder says otherwise")
	f.BoolVar(&asJSON, "json", false, "print one line of JSON when ready, and nothing else")
	f.BoolVar(&demo, "demo", false, "send a first message and show it arrive")
	f.BoolVar(&verbose, "verbose", false, "log what happens")
	return c
}

func runSandbox(ctx context.Context, out io.Writer, o sandbox.Options, asJSON, demo bool) error {
	s, err := sandbox.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		if err := s.Stop(stop); err != nil {
			o.Log.Error("stopping the sandbox", "error", err)
		}
	}()
	if asJSON {
		if err := json.NewEncoder(out).Encode(s.Info); err != nil {
			return err
		}
	} else {
		printSandbox(out, s.Info)
	}
	if demo && !asJSON {
		if err := firstMessage(ctx, out, s); err != nil {
			return fmt.Errorf("the first message: %w", err)
		}
	}
	if !asJSON {
		fmt.Fprint(out, "\nThe sandbox runs until Ctrl-C.\n")
	}
	<-ctx.Done()
	return nil
}

const sandboxText = `
==============================  RAMIER SANDBOX  ==============================
 Nothing leaves this machine: the operator is simulated, credits are free.
==============================================================================

API            %[1]s
API with TLS   %[2]s
  trust        %[3]s
Phones         %[4]s/phones  (what arrived on which handset; write from there)
Control API    %[4]s
SMPP           %[25]s, with TLS %[26]s
  system_id    %[27]s
  password     %[28]s
SMTP           %[29]s, for mails to %[30]s
Mails          %[4]s/mails
Metrics        %[5]s
Simulated SMSC %[6]s
Files          %[7]s

Application key     %[8]s
Application secret  %[9]s
Consumer key        %[10]s
Services            %[11]s, %[12]s
  of another customer, which these keys may not touch: %[13]s
Sender              %[14]s
Web pages           %[19]s/account/  (also /createApp/, /createToken/)
  sign in as        %[20]s, password %[21]s
Sending hours       %[18]s

ovh.conf (%[7]s/ovh.conf)
  [default]
  endpoint=%[1]s
  [%[1]s]
  application_key=%[8]s
  application_secret=%[9]s
  consumer_key=%[10]s

SDKs
  go      ovh.NewClient("%[1]s", "%[8]s", "%[9]s", "%[10]s")
  node    NODE_EXTRA_CA_CERTS=%[3]s
          require("ovh")({host: "%[15]s", port: %[16]s, basePath: "/1.0", appKey: "%[8]s", appSecret: "%[9]s", consumerKey: "%[10]s"})
  php     new \Ovh\Api("%[8]s", "%[9]s", "%[1]s", "%[10]s")
  python  ovh.client.ENDPOINTS["ramier"] = "%[1]s"; ovh.Client("ramier", "%[8]s", "%[9]s", "%[10]s")
  java    new OvhApi("%[1]s", "%[8]s", "%[9]s", "%[10]s")
  curl    curl %[1]s/auth/time
  http2sms  curl "%[22]s?account=%[11]s&login=%[23]s&password=%[24]s&from=%[14]s&to=0033639980000&message=Bonjour&noStop=1"
  email2sms swaks --server %[29]s --to %[30]s --header "Subject: %[11]s:%[23]s:%[24]s:%[14]s:0033639980000:::1:1" --body Bonjour

%[17]sTry it
  ramier send --conf %[7]s/ovh.conf --service %[11]s --from %[14]s --to +33639980000 --wait 10s "Bonjour"
  ramier explain --conf %[7]s/operator.conf 1
  ramier status --conf %[7]s/operator.conf
  curl %[4]s/messages

Magic numbers: the receiver chooses the outcome
`

func printSandbox(out io.Writer, i sandbox.Info) {
	host, port := splitEndpoint(i.EndpointTLS)
	fmt.Fprintf(out, sandboxText[1:], i.Endpoint, i.EndpointTLS, i.CAFile, i.ControlURL, i.Metrics, i.SMSC, i.Dir, i.ApplicationKey,
		i.ApplicationSecret, i.ConsumerKey, i.ServiceName, i.SecondServiceName, i.OtherServiceName, i.Sender, host, port, exposed(i.Endpoint),
		sendingHours(i.SendingHours), strings.TrimSuffix(i.Endpoint, "/1.0"), i.Account, i.Passwords[i.Account], i.HTTP2SMS, i.SMSLogin, i.SMSPassword,
		i.SMPP, i.SMPPTLS, i.SMPPSystemID, i.SMPPPassword, i.SMTP, i.Email2SMS)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, m := range simulator.Magic() {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", m.Number, m.Name, m.Sentence)
	}
	_ = w.Flush()
}

// sendingHours says when advertising leaves.
func sendingHours(hours string) string {
	if hours == calendar.Never {
		return "none: advertising leaves at once; --sending-hours country makes it wait as a server does"
	}
	return hours + ": outside of them advertising (without noStopClause) waits"
}

// exposed warns when others than this machine can reach the sandbox.
func exposed(endpoint string) string {
	host, _ := splitEndpoint(endpoint)
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && ip.IsLoopback() {
		return ""
	}
	return "WARNING: whoever reaches this address controls the sandbox and can read its keys.\n\n"
}

// splitEndpoint gives the host and port of http://host:port/1.0.
func splitEndpoint(endpoint string) (host, port string) {
	_, rest, _ := strings.Cut(strings.TrimSuffix(endpoint, "/1.0"), "://")
	at := strings.LastIndexByte(rest, ':')
	return rest[:at], rest[at+1:]
}

// firstMessage sends a message as a customer's program would, with OVH's own client, and follows it to the handset and back.
func firstMessage(ctx context.Context, out io.Writer, s *sandbox.Sandbox) error {
	i := s.Info
	client, err := ovh.NewClient(i.Endpoint, i.ApplicationKey, i.ApplicationSecret, i.ConsumerKey)
	if err != nil {
		return err
	}
	const handset = "+33639980000"
	var report struct {
		IDs                 []int64 `json:"ids"`
		TotalCreditsRemoved float64 `json:"totalCreditsRemoved"`
	}
	fmt.Fprintf(out, "\nA first message, by OVH's client for Go:\n")
	if err := client.PostWithContext(ctx, "/sms/"+i.ServiceName+"/jobs", map[string]any{
		"message": "Bonjour ! Le ramier est arrivé.", "sender": i.Sender, "receivers": []string{handset}, "noStopClause": true,
	}, &report); err != nil {
		return err
	}
	if len(report.IDs) != 1 {
		return fmt.Errorf("the API answered %d ids", len(report.IDs))
	}
	fmt.Fprintf(out, "  accepted   message %d, %v credit(s)\n", report.IDs[0], report.TotalCreditsRemoved)
	if err := awaitHandset(ctx, out, s, handset); err != nil {
		return err
	}
	return awaitReceipt(ctx, out, client, fmt.Sprintf("/sms/%s/outgoing/%d", i.ServiceName, report.IDs[0]))
}

// poll asks every 20 ms until done says so, for at most 10 s.
func poll(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not come within 10 s", what)
		case <-tick.C:
		}
	}
}

func awaitHandset(ctx context.Context, out io.Writer, s *sandbox.Sandbox, number string) error {
	return poll(ctx, "the message on the handset", func() (bool, error) {
		all := s.Simulator.Messages(number)
		if len(all) == 0 {
			return false, nil
		}
		m := all[len(all)-1]
		fmt.Fprintf(out, "  arrived    on the handset %s from %s: %q\n", number, m.From, m.Text)
		return true, nil
	})
}

func awaitReceipt(ctx context.Context, out io.Writer, client *ovh.Client, path string) error {
	return poll(ctx, "the receipt", func() (bool, error) {
		var m struct {
			DeliveryReceipt int    `json:"deliveryReceipt"`
			PTT             int    `json:"ptt"`
			DeliveredAt     string `json:"deliveredAt"`
		}
		if err := client.GetWithContext(ctx, path, &m); err != nil {
			return false, err
		}
		if m.DeliveryReceipt != 1 {
			return false, nil
		}
		fmt.Fprintf(out, "  delivered  deliveryReceipt %d, ptt %d, at %s\n", m.DeliveryReceipt, m.PTT, m.DeliveredAt)
		return true, nil
	})
}
