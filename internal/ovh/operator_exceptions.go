package ovh

import (
	"context"
	"strings"

	"ramier/internal/sms"
)

func (a *API) listExceptions(ctx context.Context, _ *Call, _ getOperatorExceptionsIn) ([]operatorException, error) {
	all, err := a.store.Restrictions(ctx)
	out := make([]operatorException, len(all))
	for i, r := range all {
		out[i] = newException(r)
	}
	return out, err
}

func newException(r sms.Restriction) operatorException {
	return operatorException{
		Country: r.Country, ID: r.ID, Messages: r.Messages, Operators: r.Operators, Prefix: orNull(r.Prefix),
		RestrictionCode: smsRestrictionCode(r.Code), Substitution: orNull(r.Substitution),
	}
}

func (a *API) addException(ctx context.Context, _ *Call, in postOperatorExceptionsIn) (operatorException, error) {
	r := sms.Restriction{
		Prefix: deref(in.Prefix), Operators: strings.TrimSpace(in.Operators), Code: string(in.RestrictionCode), Messages: in.Messages,
		Substitution: deref(in.Substitution),
	}
	var err error
	if r.Country, err = checkCountry("country", in.Country); err != nil {
		return operatorException{}, err
	}
	if r.Prefix != "" && !routePrefix.MatchString(r.Prefix) {
		return operatorException{}, sms.Errorf(sms.Invalid, "prefix = %q is not the beginning of a number: write + and digits, like +3376", r.Prefix)
	}
	for field, text := range map[string]string{"operators": r.Operators, "substitution": r.Substitution} {
		if err := checkText(field, text); err != nil {
			return operatorException{}, err
		}
	}
	const most = 20
	if len(r.Messages) > most {
		return operatorException{}, sms.Errorf(sms.Invalid, "messages holds %d texts, more than %d", len(r.Messages), most)
	}
	for _, text := range r.Messages {
		if err := checkText("messages", text); err != nil {
			return operatorException{}, err
		}
	}
	if r.Messages == nil {
		r.Messages = []string{}
	}
	err = a.store.AddRestriction(ctx, &r)
	return newException(r), err
}

func (a *API) removeException(ctx context.Context, _ *Call, in deleteOperatorExceptionsIDIn) (void, error) {
	return void{}, a.store.DeleteRestriction(ctx, in.ID)
}
