package ovh

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listDoubts(ctx context.Context, _ *Call, in getOperatorDoubtsIn) ([]int64, error) {
	f, err := a.doubtFilter(ctx, in)
	if err != nil {
		return nil, err
	}
	return a.store.Doubts(ctx, f)
}

func (a *API) doubtFilter(ctx context.Context, in getOperatorDoubtsIn) (f store.DoubtFilter, err error) {
	if in.Carrier != nil {
		c, err := a.store.Carrier(ctx, *in.Carrier)
		if err != nil {
			return f, referTo(err, "carrier", *in.Carrier, "/operator/carriers")
		}
		f.Carrier = c.ID
	}
	if in.ServiceName != nil {
		s, err := a.store.Service(ctx, *in.ServiceName)
		if err != nil {
			return f, referTo(err, "serviceName", *in.ServiceName, "/operator/services")
		}
		f.Service = s.ID
	}
	f.Held = deref(in.Held)
	if in.Since != nil {
		f.From = in.Since.Time
	}
	if in.Until != nil {
		f.To = in.Until.Add(time.Second - time.Microsecond) // it is given to the second
	}
	if in.Since != nil && in.Until != nil && f.To.Before(f.From) {
		return f, sms.Errorf(sms.Invalid, "until = %s is before since: give the later time as until", in.Until.Format(time.RFC3339))
	}
	return f, nil
}

func (a *API) showDoubt(ctx context.Context, _ *Call, in getOperatorDoubtsIDIn) (operatorDoubt, error) {
	m, j, err := a.store.Message(ctx, 0, in.ID)
	if err == nil && m.State != sms.InDoubt {
		err = sms.Errorf(sms.NoObject, "The message %d is %s and not in doubt: GET /operator/messages/%d tells its story", m.ID, m.State, m.ID)
	}
	if err != nil {
		return operatorDoubt{}, err
	}
	again, err := a.store.NextAttempt(ctx, m.ID)
	if err != nil {
		return operatorDoubt{}, err
	}
	t, err := a.trail(ctx, m, j)
	if err != nil {
		return operatorDoubt{}, err
	}
	s, err := a.store.ServiceByID(ctx, m.ServiceID)
	if err != nil {
		return operatorDoubt{}, err
	}
	carriers, err := a.store.Carriers(ctx)
	out := operatorDoubt{
		Attempts: int64(m.Attempts), Credits: float64(m.Credits) / float64(sms.Credit), Expires: datetime{j.DueAt.Add(j.Validity)}, ID: m.ID,
		LostAt: datetime{m.SentAt}, Parts: int64(m.Parts), PartsAccepted: int64(m.Accepted), PossibleDuplicate: m.Duplicate,
		Receiver: m.Receiver, ResendAt: at(again), ServiceName: s.Name, Steps: t.Steps,
	}
	for _, c := range carriers {
		if c.ID == m.CarrierID { // its settings of now decide
			out.Carrier, out.Policy = c.Name, operatorInDoubt(c.Settings.DoubtPolicy(j.Marketing))
		}
	}
	return out, err
}

// ruling says who decides what.
func (a *API) ruling(c *Call, d operatorDecision, reason *string) (store.Ruling, error) {
	if err := checkText("reason", deref(reason)); err != nil {
		return store.Ruling{}, err
	}
	by := c.Caller.Account
	if c.Caller.Credential != 0 {
		by += fmt.Sprintf(" (credential %d)", c.Caller.Credential)
	}
	return store.Ruling{Decision: sms.Decision(d), By: by, Reason: strings.TrimSpace(deref(reason)), At: a.now()}, nil
}

func (a *API) decideDoubt(ctx context.Context, c *Call, in postOperatorDoubtsIDDecideIn) (void, error) {
	r, err := a.ruling(c, in.Decision, in.Reason)
	if err != nil {
		return void{}, err
	}
	_, refused, err := a.store.Decide(ctx, []int64{in.ID}, r)
	if err != nil {
		return void{}, err
	}
	return void{}, refused[in.ID]
}

const (
	doubtsPage = 500
	maxReasons = 10
)

// decideDoubts decides page by page, each message once: those that are sent again stay in doubt.
func (a *API) decideDoubts(ctx context.Context, c *Call, in postOperatorDoubtsDecideIn) (operatorDoubtsDecided, error) {
	out := operatorDoubtsDecided{Reasons: []string{}}
	r, err := a.ruling(c, in.Decision, in.Reason)
	if err != nil {
		return out, err
	}
	f, err := a.doubtFilter(ctx, getOperatorDoubtsIn{Carrier: &in.Carrier, ServiceName: in.ServiceName, Since: in.Since, Until: in.Until, Held: in.Held})
	if err != nil {
		return out, err
	}
	for f.Most = doubtsPage; ; {
		ids, err := a.store.Doubts(ctx, f)
		if err != nil || len(ids) == 0 {
			return out, err
		}
		decided, refused, err := a.store.Decide(ctx, ids, r)
		if err != nil {
			return out, err
		}
		out.Decided += int64(len(decided))
		out.Left += int64(len(refused))
		for _, id := range slices.Sorted(maps.Keys(refused)) {
			if len(out.Reasons) < maxReasons {
				out.Reasons = append(out.Reasons, refused[id].Error())
			}
		}
		f.After = ids[len(ids)-1]
	}
}
