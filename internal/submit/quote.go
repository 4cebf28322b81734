package submit

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Quote plans an order for a service of the account as Submit would, and keeps what it promises: an order that names the quote
// within an hour is charged exactly that or refused. It charges and sends nothing. Errors: as Submit's; TooFast when the service has
// too many open quotes.
func (s *Submitter) Quote(ctx context.Context, account int64, service string, o sms.Order) (sms.Quote, error) {
	o = tagged(o, s.now())
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
	q, err := sms.NewQuote(store.NewUUID(), plan, rules)
	if err != nil {
		return sms.Quote{}, err
	}
	return q, s.store.AddQuote(ctx, q)
}
