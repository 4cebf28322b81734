package ovh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

// The most opt-outs of one call, how many there are when nothing is said, and the most characters of the words of one.
const (
	maxOptOuts     = 10_000
	defaultOptOuts = 1000
	maxWords       = 1000
)

func (a *API) listOptOuts(ctx context.Context, c *Call, in getSmsServiceNameOptOutsIn) ([]smsOptOut, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.optOutsOf(ctx, s, in)
}

func (a *API) listOptOutsAsOperator(ctx context.Context, _ *Call, in getOperatorServicesServiceNameOptOutsIn) ([]smsOptOut, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.optOutsOf(ctx, s, getSmsServiceNameOptOutsIn(in))
}

func (a *API) optOutsOf(ctx context.Context, s sms.Service, in getSmsServiceNameOptOutsIn) ([]smsOptOut, error) {
	limit := int64(defaultOptOuts)
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maxOptOuts {
		return nil, sms.Errorf(sms.Invalid, "limit = %d is not between 1 and %d", limit, maxOptOuts)
	}
	after, _ := number(deref(in.After), s)
	scope := sms.Scope(deref(in.AfterScope))
	all, err := a.store.OptOutsAfter(ctx, s.ID, after, scope, int(limit))
	out := make([]smsOptOut, len(all))
	for i, o := range all {
		out[i] = smsOptOut{
			DateCreation: datetime{o.At}, Number: o.Receiver, Scope: string(o.Scope), SmsIncomingID: orNothing(o.IncomingID),
			SmsOutgoingID: orNothing(o.OutgoingID), Source: o.Source, Words: o.Words,
		}
	}
	return out, err
}

// orNothing shows the id 0 as null.
func orNothing(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func (a *API) addOptOuts(ctx context.Context, c *Call, in postSmsServiceNameOptOutsIn) (smsOptOutReport, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsOptOutReport{}, err
	}
	return a.importOptOuts(ctx, s, in)
}

func (a *API) addOptOutsAsOperator(ctx context.Context, _ *Call, in postOperatorServicesServiceNameOptOutsIn) (smsOptOutReport, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return smsOptOutReport{}, err
	}
	return a.importOptOuts(ctx, s, postSmsServiceNameOptOutsIn(in))
}

// importOptOuts adds what can be read, and reports the rest as a send does.
func (a *API) importOptOuts(ctx context.Context, s sms.Service, in postSmsServiceNameOptOutsIn) (smsOptOutReport, error) {
	out := smsOptOutReport{Invalid: []smsInvalidReceiver{}}
	if len(in.OptOuts) > maxOptOuts {
		return out, sms.Errorf(sms.TooLarge, "optOuts holds %d, more than the %d that one call may have: send several calls", len(in.OptOuts), maxOptOuts)
	}
	var all []sms.OptOut
	for i, given := range in.OptOuts {
		o, err := a.optOut(given, s)
		if bad, ok := errors.AsType[*phone.Error](err); ok {
			out.Invalid = append(out.Invalid, smsInvalidReceiver{Receiver: given.Number, Reason: string(bad.Reason), Message: bad.Error()})
			continue
		}
		if err != nil {
			return out, sms.Errorf(sms.Invalid, "optOuts[%d]: %v", i, err)
		}
		all = append(all, o)
	}
	if len(all) == 0 {
		return out, nil
	}
	added, err := a.store.AddOptOuts(ctx, s.ID, all)
	out.Added, out.Known = added, int64(len(all))-added
	return out, err
}

func (a *API) optOut(given smsOptOutBody, s sms.Service) (sms.OptOut, error) {
	o := sms.OptOut{Scope: sms.Scope(deref(given.Scope)), Source: sms.OptOutByImport, Words: deref(given.Words), At: a.now()}
	if given.DateCreation != nil {
		o.At = given.DateCreation.Time
	}
	if n := utf8.RuneCountInString(o.Words); n > maxWords {
		return o, fmt.Errorf("words has %d characters, more than %d", n, maxWords)
	}
	if strings.ContainsRune(o.Words, 0) {
		return o, errors.New("words holds the character U+0000: leave it out")
	}
	if err := o.Scope.Check(); err != nil {
		return o, err
	}
	n, err := phone.Parse(given.Number, s.Country)
	o.Receiver = n.E164
	return o, err
}
