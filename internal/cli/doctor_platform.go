package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// timeOf asks an endpoint for its clock. On this machine a certificate for another name is no matter.
func (d *doctor) timeOf(ctx context.Context, endpoint string, local bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/auth/time", nil)
	if err != nil {
		return time.Time{}, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if local {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // only asks whether it is there
	} else {
		transport.Proxy = http.ProxyFromEnvironment
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return time.Time{}, unwrapURL(err)
	}
	defer answer.Body.Close()
	const most = 100
	body, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
	if err != nil || answer.StatusCode != http.StatusOK {
		return time.Time{}, fmt.Errorf("HTTP status %d, and the answer is not a time", answer.StatusCode)
	}
	return time.Unix(seconds, 0), nil
}

// checkPublic tries the addresses that clients use. They go through whatever stands before the platform.
func (d *doctor) checkPublic(ctx context.Context, running bool) {
	if !running {
		return
	}
	for _, base := range d.settings.PublicURLs {
		at, err := d.timeOf(ctx, base+"/1.0", false)
		if err != nil {
			d.problem("public URL", "look at DNS, the proxy and the firewall; or remove it from public_urls", "%s is not reached: %v", base, err)
			continue
		}
		d.ok("public URL", "%s leads here", base)
		d.checkClock(base, at)
	}
}

// checkClock compares this machine's clock with one that clients take their time from.
func (d *doctor) checkClock(where string, at time.Time) {
	const second = time.Second // the answer has no finer time
	off := d.now().Sub(at).Abs()
	switch tolerance := d.settings.Auth.ClockTolerance; {
	case tolerance > 0 && off > tolerance:
		d.problem("clock", "set the clocks by NTP: clients that use their own are refused", "%s is %s away from this machine", where, off.Round(second))
	case off > 5*second:
		d.warn("clock", "set the clocks by NTP", "%s is %s away from this machine", where, off.Round(second))
	default:
		d.ok("clock", "the same here and at %s", where)
	}
}

// status is what the platform says of itself.
type status struct {
	Version  string `json:"version"`
	Database string `json:"database"`
	Carriers []struct {
		Carrier   string `json:"carrier"`
		State     string `json:"state"`
		Node      string `json:"node"`
		LastError string `json:"lastError"`
		Queued    int64  `json:"queued"`
	} `json:"carriers"`
	Queues []struct {
		Carrier string    `json:"carrier"`
		Lane    string    `json:"lane"`
		Queued  int64     `json:"queued"`
		Oldest  time.Time `json:"oldest"`
	} `json:"queues"`
	Now            time.Time `json:"now"`
	InDoubt        int64     `json:"inDoubt"`
	Unmatched      int64     `json:"unmatched"`
	SendersWaiting int64     `json:"sendersWaiting"`
}

// checkPlatform asks the platform itself, with an operator's keys.
func (d *doctor) checkPlatform(ctx context.Context) {
	api, err := d.access.open()
	if err != nil {
		d.warn("operator", "name the file with the keys: --conf operator.conf", "carriers and queues are not checked: %v", err)
		return
	}
	var s status
	if err := api.call(ctx, http.MethodGet, "/operator/status", nil, &s); err != nil {
		d.problem("operator", "the keys must be an operator's, and their endpoint one of public_urls", "%s", explained(err))
		return
	}
	d.ok("operator", "%s answers: version %s, %s", api.Endpoint(), s.Version, s.Database)
	if d.version != s.Version {
		d.warn("version", "update the one that is older", "this program is %s, the platform %s", d.version, s.Version)
	}
	d.checkCarriers(s)
	d.checkRoutes(ctx, api)
	d.checkWaiting(s)
}

func (d *doctor) checkCarriers(s status) {
	if len(s.Carriers) == 0 {
		d.warn("carriers", "ramier carrier add NAME --host … --system-id … --password-file …", "there is none: nothing can be sent")
	}
	for _, c := range s.Carriers {
		why := ""
		if c.LastError != "" {
			why = ": " + c.LastError
		}
		switch c.State {
		case "connected":
			d.ok("carrier", "%s is connected, %d message(s) wait", c.Carrier, c.Queued)
		case "disabled":
			d.ok("carrier", "%s is disabled", c.Carrier)
		case "elsewhere":
			d.ok("carrier", "%s runs on the node %s, which knows more; %d message(s) wait", c.Carrier, c.Node, c.Queued)
		case "connecting":
			d.warn("carrier", "wait; if it stays so, look at host, port and firewall", "%s is connecting%s", c.Carrier, why)
		default:
			d.problem("carrier", "look at ramier carrier show "+c.Carrier+": system-id, password, bind-mode", "%s is %s%s", c.Carrier, c.State, why)
		}
	}
}

func (d *doctor) checkRoutes(ctx context.Context, api *client) {
	var routes []int64
	var rates []string
	for path, list := range map[string]any{"/operator/routes": &routes, "/operator/rates": &rates} {
		if err := api.call(ctx, http.MethodGet, path, nil, list); err != nil {
			d.problem("operator", "the keys need GET /operator/*", "%s", explained(err))
			return
		}
	}
	if len(routes) == 0 {
		d.warn("routes", "ramier route add --carrier NAME", "there is none: nothing can be sent but from short numbers")
	}
	if len(rates) == 0 {
		d.warn("rates", "ramier rate set all 1", "there is none: nothing can be sent")
	}
}

const longWait = 10 * time.Minute

// checkWaiting looks for what waits for people, or too long.
func (d *doctor) checkWaiting(s status) {
	for _, q := range s.Queues {
		if late := s.Now.Sub(q.Oldest); late > longWait {
			d.warn("queue", "look at the carrier: ramier carrier status "+q.Carrier, "%d message(s) of lane %s wait for %s, the first for %s",
				q.Queued, q.Lane, q.Carrier, late.Round(time.Minute))
		}
	}
	if s.SendersWaiting > 0 {
		d.warn("senders", "ramier sender list --status waitingValidation, then approve or refuse", "%d wait for a decision", s.SendersWaiting)
	} else {
		d.ok("senders", "none waits for a decision")
	}
	if s.InDoubt > 0 {
		d.warn("in doubt", "receipts may settle them, or the policy of their carriers; ramier doubt list --held shows those that wait for you", "%d message(s) may or may not have been sent", s.InDoubt)
	} else {
		d.ok("in doubt", "no message")
	}
	if s.Unmatched > 0 {
		d.warn("receipts", "often the ids differ in form: see receipt-id of the carrier", "%d fit no message", s.Unmatched)
	} else {
		d.ok("receipts", "all fit their messages")
	}
}
