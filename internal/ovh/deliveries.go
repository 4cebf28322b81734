package ovh

import (
	"cmp"
	"context"
	"regexp"
	"strconv"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// The most deliveries of one call, and how many there are when nothing is said.
const (
	maxDeliveries     = 1000
	defaultDeliveries = 100
)

func (a *API) listDeliveries(ctx context.Context, c *Call, in getSmsServiceNameDeliveriesIn) ([]smsDelivery, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	limit := int64(defaultDeliveries)
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maxDeliveries {
		return nil, sms.Errorf(sms.Invalid, "limit = %d is not between 1 and %d", limit, maxDeliveries)
	}
	f, err := a.deliveryFilter(ctx, s, in.Target, in.State, in.From, in.To)
	if err != nil {
		return nil, err
	}
	f.After = deref(in.After)
	all, err := a.store.Deliveries(ctx, s.ID, f, int(limit))
	if err != nil {
		return nil, err
	}
	return a.newDeliveries(ctx, all)
}

// userTarget is how the address of an SMS user is called among targets.
var userTarget = regexp.MustCompile(`^users/([^/]+)/(callBack|stopCallBack)$`)

// newDeliveries shows deliveries of one service.
func (a *API) newDeliveries(ctx context.Context, all []sms.Delivery) ([]smsDelivery, error) {
	var logins map[int64]string
	out := make([]smsDelivery, len(all))
	for i, d := range all {
		out[i] = newDelivery(d)
		if d.Endpoint.Setting() == "" || d.Endpoint.Object() == d.ServiceID {
			continue
		}
		if logins == nil {
			var err error
			if logins, err = a.store.Logins(ctx, d.ServiceID); err != nil {
				return nil, err
			}
		}
		out[i].Target = "users/" + cmp.Or(logins[d.Endpoint.Object()], "(deleted)") + "/" + d.Endpoint.Setting()
	}
	return out, nil
}

func (a *API) deliveryFilter(ctx context.Context, s sms.Service, target *string, state *smsDeliveryState, from, to *datetime) (f store.DeliveryFilter, err error) {
	if from != nil {
		f.From = from.Time
	}
	if to != nil {
		f.To = to.Time
	}
	if state != nil {
		f.State = string(*state)
	}
	if target == nil || *target == "" {
		return f, nil
	}
	known := map[string]sms.Endpoint{
		"callBack": sms.CallBackOf(s.ID), "stopCallBack": sms.StopCallBackOf(s.ID), "cgiUrl": sms.CgiURLOf(s.ID), "sms": sms.AnswersOf(s.ID),
	}
	if e, ok := known[*target]; ok {
		f.Endpoint = e
		return f, nil
	}
	if of := userTarget.FindStringSubmatch(*target); of != nil {
		u, err := a.store.User(ctx, s.ID, of[1])
		if f.Endpoint = sms.CallBackOf(u.ID); of[2] == "stopCallBack" {
			f.Endpoint = sms.StopCallBackOf(u.ID)
		}
		return f, err
	}
	id, err := strconv.ParseInt(*target, 10, 64)
	if err != nil || id <= 0 || id > 1<<53 {
		return f, sms.Errorf(sms.Invalid, "target = %q is none: give callBack, stopCallBack, cgiUrl, sms, users/{login}/callBack, users/{login}/stopCallBack, or the id of a webhook or keyword", cut(*target))
	}
	f.Endpoint = sms.ObjectEndpoint(id)
	return f, nil
}

func newDelivery(d sms.Delivery) smsDelivery {
	out := smsDelivery{
		Attempts: []smsDeliveryAttempt{}, CreationDatetime: datetime{d.CreatedAt}, DoneAt: orNever(d.DoneAt), Event: d.Event, ID: d.ID,
		IncomingID: orNothing(d.Notice.Incoming), OutgoingID: orNothing(d.Notice.Outgoing), Replays: int64(d.Replays), State: smsDeliveryState(d.State),
		Target: d.Endpoint.Setting(),
	}
	switch {
	case out.Target != "":
	case d.Notice.Kind == sms.NoticeAnswer:
		out.Target = "sms"
	default:
		out.Target = strconv.FormatInt(d.Endpoint.Object(), 10)
	}
	if d.State == sms.DeliveryWaiting {
		out.NextAttempt = orNever(d.DueAt)
	}
	for _, t := range d.Log {
		out.Attempts = append(out.Attempts, newAttempt(t))
	}
	return out
}

func (a *API) getDelivery(ctx context.Context, c *Call, in getSmsServiceNameDeliveriesIDIn) (smsDelivery, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsDelivery{}, err
	}
	d, err := a.store.Delivery(ctx, s.ID, in.ID)
	if err != nil {
		return smsDelivery{}, err
	}
	all, err := a.newDeliveries(ctx, []sms.Delivery{d})
	if err != nil {
		return smsDelivery{}, err
	}
	return all[0], nil
}

func (a *API) replayDelivery(ctx context.Context, c *Call, in postSmsServiceNameDeliveriesIDReplayIn) (smsDeliveryReplay, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsDeliveryReplay{}, err
	}
	d, err := a.store.Delivery(ctx, s.ID, in.ID)
	switch {
	case err != nil:
		return smsDeliveryReplay{}, err
	case d.State == sms.DeliveryWaiting:
		return smsDeliveryReplay{}, sms.Errorf(sms.Conflict, "The delivery %d has not ended: it is tried again by itself", d.ID)
	case d.Notice.Kind == sms.NoticeAnswer:
		return smsDeliveryReplay{}, sms.Errorf(sms.Conflict, "The delivery %d is an SMS, which is not sent twice: send a new one", d.ID)
	}
	n, err := a.store.Replay(ctx, s.ID, d.ID, store.DeliveryFilter{}, a.now())
	return smsDeliveryReplay{Replayed: n}, err
}

func (a *API) replayDeliveries(ctx context.Context, c *Call, in postSmsServiceNameDeliveriesReplayIn) (smsDeliveryReplay, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsDeliveryReplay{}, err
	}
	if in.From == nil {
		return smsDeliveryReplay{}, sms.Errorf(sms.Invalid, "from is missing: say since when deliveries are to be made again")
	}
	if in.State != nil && *in.State == smsDeliveryStateWaiting {
		return smsDeliveryReplay{}, sms.Errorf(sms.Invalid, "state = %q: what waits is tried by itself; give delivered or failed, or leave it out for both", *in.State)
	}
	f, err := a.deliveryFilter(ctx, s, in.Target, in.State, in.From, in.To)
	if err != nil {
		return smsDeliveryReplay{}, err
	}
	n, err := a.store.Replay(ctx, s.ID, 0, f, a.now())
	return smsDeliveryReplay{Replayed: n}, err
}
