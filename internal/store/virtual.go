package store

import (
	"context"
	"encoding/json"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// OwnedNumber is a virtual number with the name and the customer of its service.
type OwnedNumber struct {
	sms.VirtualNumber
	Service   string
	AccountID int64
}

// AddVirtualNumber gives a number to a service, as a sender too; its id is filled in. Error: Conflict if somebody has it.
func (s *Store) AddVirtualNumber(ctx context.Context, v *sms.VirtualNumber) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	v.ID = id
	return s.changeSenders(ctx, v.ServiceID, func(t *tx) error {
		if err := taken(t.InsertVirtualNumber(ctx, query.InsertVirtualNumberParams{
			Number: v.Number, ID: id, Country: v.Country, ServiceID: v.ServiceID, CarrierID: v.CarrierID, Renewal: "{}", CreatedAt: micros(v.CreatedAt),
		}), "The number %s belongs to a service already", v.Number); err != nil {
			return err
		}
		n, err := t.InsertSender(ctx, query.InsertSenderParams{
			ServiceID: v.ServiceID, Sender: v.Number, Type: "virtual", Status: sms.Enabled, Description: "Virtual number",
			Reason: "Given by the operator", Referer: "virtual", CreatedAt: micros(v.CreatedAt),
		})
		if err == nil && n == 0 {
			return sms.Errorf(sms.Conflict, "The sender %s exists already: delete it first", v.Number)
		}
		return err
	})
}

// VirtualNumbers lists all virtual numbers.
func (s *Store) VirtualNumbers(ctx context.Context) ([]OwnedNumber, error) {
	rows, err := s.read.VirtualNumbers(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]OwnedNumber, len(rows))
	for i, row := range rows {
		if all[i], err = ownedFrom(query.VirtualNumberRow(row)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// VirtualNumber gives one. Error: NoObject.
func (s *Store) VirtualNumber(ctx context.Context, number string) (OwnedNumber, error) {
	row, err := s.read.VirtualNumber(ctx, number)
	if err != nil {
		return OwnedNumber{}, found(err, "number", number)
	}
	return ownedFrom(row)
}

func ownedFrom(row query.VirtualNumberRow) (OwnedNumber, error) {
	v := OwnedNumber{VirtualNumber: sms.VirtualNumber{
		ID: row.ID, Number: row.Number, Country: row.Country, ServiceID: row.ServiceID, CarrierID: row.CarrierID, CreatedAt: fromMicros(row.CreatedAt),
	}, Service: row.Service, AccountID: row.AccountID}
	return v, json.Unmarshal([]byte(row.Renewal), &v.Renewal)
}

// SetRenewal saves what was said about the end of a number's contract. Error: NoObject.
func (s *Store) SetRenewal(ctx context.Context, number string, r sms.Renewal) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.SetRenewal(ctx, query.SetRenewalParams{Number: number, Renewal: string(text)})
		return changed(n, err, "number", number)
	})
}

// DeleteVirtualNumber takes a number back, and the sender with it. Error: NoObject.
func (s *Store) DeleteVirtualNumber(ctx context.Context, v sms.VirtualNumber) error {
	return s.changeSenders(ctx, v.ServiceID, func(t *tx) error {
		n, err := t.DeleteVirtualNumber(ctx, v.Number)
		if err := changed(n, err, "number", v.Number); err != nil {
			return err
		}
		_, err = t.DeleteSender(ctx, query.DeleteSenderParams{ServiceID: v.ServiceID, Sender: v.Number})
		return err
	})
}
