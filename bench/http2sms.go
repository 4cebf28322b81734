package bench

import (
	"context"
	"strings"

	"github.com/ovh/go-ovh/ovh"

	"ramier/bench/figures"
	"ramier/bench/load"
)

// userPassword is that of the SMS user in a database that goes with the run.
const userPassword = "benchmark"

// http2sms runs the load over http2sms, by an SMS user of the customer.
func (b *Bench) http2sms(ctx context.Context, s Scenario, database, dir string) (figures.Result, error) {
	return b.furnished(ctx, s, database, dir, nil, func(o *operator, p *platform, keys *load.OVH) (figures.Result, error) {
		client, err := ovh.NewClient(keys.Endpoint, keys.ApplicationKey, keys.ApplicationSecret, keys.ConsumerKey)
		if err != nil {
			return figures.Result{}, err
		}
		if err := client.PostWithContext(ctx, "/sms/"+serviceName+"/users", map[string]any{"login": "bench", "password": userPassword}, nil); err != nil {
			return figures.Result{}, err
		}
		door := &load.HTTP2SMS{
			Host: strings.TrimPrefix(p.base, "http://"), Account: serviceName, Login: "bench", Password: userPassword, Sender: senderName,
		}
		return (&measurement{bench: b, scenario: s, door: door, operator: o, platform: p, first: firstMessage}).run(ctx)
	})
}
