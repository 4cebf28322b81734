package ovh

import (
	"context"
	"errors"
	"strings"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/phone"
	"ramier/internal/sms"
)

func (a *API) listLookups(ctx context.Context, c *Call, in getSmsServiceNameHlrIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.store.Lookups(ctx, s.ID)
}

// createLookups asks the operators about numbers.
func (a *API) createLookups(ctx context.Context, c *Call, in postSmsServiceNameHlrIn) (smsSendingReport, error) {
	rules, err := a.rules(ctx, c, in.ServiceName)
	if err != nil {
		return smsSendingReport{}, err
	}
	if err := canLookUp(rules.Service, a.now()); err != nil {
		return smsSendingReport{}, err
	}
	receivers, err := a.lookupReceivers(ctx, rules, in)
	if err != nil {
		return smsSendingReport{}, err
	}
	carriers, err := a.store.Carriers(ctx)
	if err != nil {
		return smsSendingReport{}, err
	}
	lookers, err := sms.NewLookers(carriers)
	if err != nil {
		return smsSendingReport{}, err
	}
	out := smsSendingReport{IDs: []int64{}, ValidReceivers: []string{}, InvalidReceivers: []string{}, InvalidReasons: []smsInvalidReceiver{}, Refused: []smsInvalidReceiver{}}
	var all []sms.Lookup
	seen := map[string]bool{}
	for _, receiver := range receivers {
		n, err := phone.Parse(receiver, rules.Service.Country)
		if err == nil {
			err = n.CanReceive()
		}
		if bad, ok := errors.AsType[*phone.Error](err); ok {
			out.InvalidReceivers = append(out.InvalidReceivers, receiver)
			out.InvalidReasons = append(out.InvalidReasons, smsInvalidReceiver{Receiver: receiver, Reason: string(bad.Reason), Message: bad.Error()})
			continue
		}
		if seen[n.E164] {
			continue
		}
		seen[n.E164] = true
		all = append(all, sms.Lookup{
			ServiceID: rules.Service.ID, CarrierID: lookers.For(rules, n), Receiver: n.E164, Country: n.Country, Status: sms.TaskTodo, Credits: sms.LookupPrice,
		})
		out.ValidReceivers = append(out.ValidReceivers, n.E164)
	}
	if len(all) == 0 {
		return out, nil
	}
	if err := a.store.AddLookups(ctx, rules.Service.ID, all, a.now()); err != nil {
		return smsSendingReport{}, err
	}
	a.nudge()
	for _, l := range all {
		out.IDs = append(out.IDs, l.ID)
	}
	out.TotalCreditsRemoved = (sms.LookupPrice * sms.Credits(len(all))).Float()
	return out, nil
}

// canLookUp refuses a service that may not spend anything.
func canLookUp(s sms.Service, now time.Time) error {
	if s.Suspended != "" {
		return sms.Errorf(sms.Forbidden, "The account %s is suspended: %s", s.Account, s.Suspended)
	}
	if s.Status != sms.Enabled {
		return sms.Errorf(sms.Forbidden, "The service %s is disabled", s.Name)
	}
	if s.Settings.Renewal.Ended(now) {
		return sms.Errorf(sms.Forbidden, "The service %s has ended, as its owner wanted", s.Name)
	}
	return nil
}

// lookupReceivers gives the numbers of a request, or of the document that it names.
func (a *API) lookupReceivers(ctx context.Context, rules *sms.Rules, in postSmsServiceNameHlrIn) ([]string, error) {
	document := deref(in.ReceiversDocumentURL)
	switch {
	case len(in.Receivers) > 0 && document != "":
		return nil, sms.Errorf(sms.Invalid, "receivers and receiversDocumentUrl are both given: give one of them")
	case len(in.Receivers) == 0 && document == "":
		return nil, sms.Errorf(sms.Invalid, "receivers is empty: give at least one number, like +33612345678")
	case len(in.Receivers) > sms.MaxLookups:
		return nil, sms.Errorf(sms.TooLarge, "receivers holds %d numbers, more than the %d that one call may have: send several calls", len(in.Receivers), sms.MaxLookups)
	case document == "":
		return in.Receivers, nil
	}
	list, err := campaign.Open(ctx, a.fetch, document, campaign.Options{Country: rules.Service.Country, Limits: campaign.Limits{Rows: sms.MaxLookups}})
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var receivers []string
	for row, err := range list.Rows() {
		if err != nil {
			return nil, err
		}
		if row.Refused != nil {
			receivers = append(receivers, row.Written)
			continue
		}
		receivers = append(receivers, row.Receiver)
	}
	return receivers, nil
}

func (a *API) lookup(ctx context.Context, c *Call, service string, id int64) (sms.Lookup, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return sms.Lookup{}, err
	}
	return a.store.Lookup(ctx, s.ID, id)
}

func (a *API) getLookup(ctx context.Context, c *Call, in getSmsServiceNameHlrIDIn) (smsHlrLookupNumber, error) {
	l, err := a.lookup(ctx, c, in.ServiceName, in.ID)
	return smsHlrLookupNumber{
		Datetime: datetime{l.CreatedAt}, ID: l.ID, Msisdn: l.Receiver, OperatorCode: l.Network, Ported: l.Ported, Reachable: l.Reachable,
		Roaming: l.Roaming, Status: smsHlrStatuses(l.Status), Valid: l.Valid,
	}, err
}

func (a *API) getLookupOperator(ctx context.Context, c *Call, in getSmsServiceNameHlrIDOperatorIn) (smsHlr, error) {
	l, err := a.lookup(ctx, c, in.ServiceName, in.ID)
	if err == nil && l.Status != sms.TaskDone {
		cause := "the look-up is " + l.Status
		if l.Error != "" {
			cause += ": " + l.Error
		}
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", in.ID).With("cause", cause)
	}
	return newHlr(l.Country, l.Network), err
}

// newHlr says in words whose number it is. What is not known is empty.
func newHlr(country, code string) smsHlr {
	out := smsHlr{Country: phone.CountryName(country), CountryCode: strings.ToLower(country)}
	if n, ok := sms.NetworkByCode(code); ok {
		out.Network, out.Operator = n.Name, n.Operator
	} else {
		out.Network = code
	}
	return out
}

// getOutgoingHlr tells whose number a message went to: from the last answer of a register that the service has got about it, else from
// the number alone.
func (a *API) getOutgoingHlr(ctx context.Context, c *Call, in getSmsServiceNameOutgoingIDHlrIn) (smsHlr, error) {
	m, _, err := a.message(ctx, c, in.ServiceName, in.ID)
	if err == nil && m.State.Waiting() {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", in.ID)
	}
	if err != nil {
		return smsHlr{}, err
	}
	l, ok, err := a.store.LatestLookup(ctx, m.ServiceID, m.Receiver)
	if !ok {
		return newHlr(m.Country, ""), err
	}
	return newHlr(l.Country, l.Network), nil
}
