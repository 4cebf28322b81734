package store

import (
	"context"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddTemplate adds a template to a service. Error: Conflict if it has one of the name.
func (s *Store) AddTemplate(ctx context.Context, c sms.TemplateControl) error {
	const most = 100
	return s.changeSenders(ctx, c.ServiceID, func(t *tx) error {
		all, err := t.Templates(ctx, c.ServiceID)
		if err == nil && len(all) >= most {
			return sms.Errorf(sms.TooLarge, "there are %d templates already, as many as may be: delete some", len(all))
		}
		if err != nil {
			return err
		}
		n, err := t.InsertTemplate(ctx, query.InsertTemplateParams{
			ServiceID: c.ServiceID, Name: c.Name, Activity: c.Activity, Message: c.Message, Description: c.Description, Reason: c.Reason,
			Comment: c.Comment, Status: c.Status, ChangedAt: micros(c.ChangedAt),
		})
		if err == nil && n == 0 {
			return sms.Errorf(sms.Conflict, "The template %s exists already", c.Name)
		}
		return err
	})
}

// Templates lists a service's templates by name.
func (s *Store) Templates(ctx context.Context, service int64) ([]sms.TemplateControl, error) {
	rows, err := s.read.Templates(ctx, service)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.TemplateControl, len(rows))
	for i, row := range rows {
		all[i] = templateFrom(row)
	}
	return all, nil
}

func templateFrom(row query.Template) sms.TemplateControl {
	return sms.TemplateControl{
		ServiceID: row.ServiceID, Name: row.Name, Activity: row.Activity, Message: row.Message, Description: row.Description,
		Reason: row.Reason, Comment: row.Comment, Status: row.Status, ChangedAt: fromMicros(row.ChangedAt),
	}
}

// Template gives a template of a service. Error: NoObject.
func (s *Store) Template(ctx context.Context, service int64, name string) (sms.TemplateControl, error) {
	row, err := s.read.Template(ctx, query.TemplateParams{ServiceID: service, Name: name})
	return templateFrom(row), found(err, "name", name)
}

// ChangeTemplate reads a template, lets change work on it and saves it as of now. Error: NoObject, or the one of change.
func (s *Store) ChangeTemplate(ctx context.Context, service int64, name string, now time.Time, change func(*sms.TemplateControl) error) error {
	return s.changeSenders(ctx, service, func(t *tx) error {
		row, err := t.Template(ctx, query.TemplateParams{ServiceID: service, Name: name})
		if err != nil {
			return found(err, "name", name)
		}
		c := templateFrom(row)
		if err := change(&c); err != nil {
			return err
		}
		_, err = t.UpdateTemplate(ctx, query.UpdateTemplateParams{
			ServiceID: service, Name: name, Activity: c.Activity, Message: c.Message, Description: c.Description, Comment: c.Comment,
			Status: c.Status, ChangedAt: micros(now),
		})
		return err
	})
}

// DeleteTemplate takes a template from a service. Error: NoObject.
func (s *Store) DeleteTemplate(ctx context.Context, service int64, name string) error {
	return s.changeSenders(ctx, service, func(t *tx) error {
		n, err := t.DeleteTemplate(ctx, query.DeleteTemplateParams{ServiceID: service, Name: name})
		return changed(n, err, "name", name)
	})
}

// TemplateRequest is a template with the names of its service and customer.
type TemplateRequest struct {
	sms.TemplateControl
	Service, Account string
}

// TemplatesByStatus lists the templates of all services in a status, all for an empty one; the one that was changed first comes first.
func (s *Store) TemplatesByStatus(ctx context.Context, status string) ([]TemplateRequest, error) {
	rows, err := s.read.TemplatesByStatus(ctx, status)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]TemplateRequest, len(rows))
	for i, row := range rows {
		all[i] = TemplateRequest{templateFrom(query.Template{
			ServiceID: row.ServiceID, Name: row.Name, Activity: row.Activity, Message: row.Message, Description: row.Description,
			Reason: row.Reason, Comment: row.Comment, Status: row.Status, ChangedAt: row.ChangedAt,
		}), row.Service, row.Account}
	}
	return all, nil
}
