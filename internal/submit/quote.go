package submit

import (
	"context"
	"crypto/rand"
	"fmt"

	"ramier/internal/sms"
)

// Quote plans an order for a service of the account as Submit would, and keeps what it promises: an order that names the quote
// within an hour is charged exactly that or refused. It charges and sends nothing. Errors: as Submit's; TooFast when the service has
// too many open quotes.
func (s *Submitter) Quote(ctx context.Context, account int64, service string, o sms.Order) (sms.Quote, error) {
	if o.Tag == "" {
		o.Tag, o.TagMadeUp = rand.Text()[:16], true
	}
	rules, err := s.store.FreshRules(ctx, service)
	if err != nil {
		return sms.Quote{}, err
	}
	if rules.Service.AccountID != account {
		return sms.Quote{}, sms.Errorf(sms.NoService, "This service does not exist")
	}
	if rules, err = s.store.WithOptOuts(ctx, rules, o); err != nil {
		return sms.Quote{}, err
	}
	plan, err := sms.NewPlan(o, rules, s.now())
	if err != nil {
		return sms.Quote{}, err
	}
	q, err := sms.NewQuote(newUUID(), plan, rules)
	if err != nil {
		return sms.Quote{}, err
	}
	return q, s.store.AddQuote(ctx, q)
}

// newUUID makes a random UUID (version 4 of RFC 9562).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
