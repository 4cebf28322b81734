package ovh

import (
	"context"
	"encoding/json"

	"ramier/internal/sms"
)

// createExtract begins an export of the history of a service and answers the id of the document that will hold it.
func (a *API) createExtract(ctx context.Context, c *Call, in getSmsServiceNameDocumentIn) (string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return "", err
	}
	return a.beginExtract(ctx, c, s, in, sms.User{})
}

func (a *API) createUserExtract(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginDocumentIn) (string, error) {
	s, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return "", err
	}
	return a.beginExtract(ctx, c, s, getSmsServiceNameDocumentIn{
		ServiceName: in.ServiceName, WayType: in.WayType, CreationDatetimeFrom: in.CreationDatetimeFrom, CreationDatetimeTo: in.CreationDatetimeTo, Tag: in.Tag,
	}, u)
}

// beginExtract exports what there is now: what is created while it runs is left out, so that it has an end.
func (a *API) beginExtract(ctx context.Context, c *Call, s sms.Service, in getSmsServiceNameDocumentIn, u sms.User) (string, error) {
	now := a.now()
	e := sms.Extract{Incoming: in.WayType == smsDocumentWayTypeIncoming, User: u.ID, Batch: in.BatchID, Tag: in.Tag, To: now, Zone: a.zone.String()}
	if in.CreationDatetimeFrom != nil {
		e.From = in.CreationDatetimeFrom.Time
	}
	if to := in.CreationDatetimeTo; to != nil && to.Before(now) {
		e.To = to.Time
	}
	if e.To.Before(e.From) && in.CreationDatetimeTo != nil {
		return "", sms.Errorf(sms.Invalid, "creationDatetime.from is later than creationDatetime.to: exchange them")
	}
	name := s.Name
	if u.Login != "" {
		name += "-" + u.Login
	}
	d, err := a.newDocument(c, sms.DocumentOfMe, name+"-"+string(in.WayType)+"-"+now.In(a.zone).Format("20060102-150405")+".csv")
	if err != nil {
		return "", err
	}
	d.ExpiresAt = now.Add(sms.ExtractKept)
	object, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	k := sms.Task{ServiceID: s.ID, Function: sms.ExportHistory, Object: string(object), DueAt: now, CreatedAt: now}
	if err := a.store.AddExtract(ctx, d, &k); err != nil {
		return "", err
	}
	a.nudge()
	return d.ID, nil
}
