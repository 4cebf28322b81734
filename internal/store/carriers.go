package store

import (
	"context"
	"encoding/json"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// changePlatform changes what all services share; plans made before it are made again.
func (s *Store) changePlatform(ctx context.Context, f func(*tx) error) error {
	defer s.Tell(Signal{Carriers: true})
	defer s.forget()
	return s.write(ctx, other, func(t *tx) error {
		if err := f(t); err != nil {
			return err
		}
		return t.Bump(ctx, 0)
	})
}

// AddCarrier makes a carrier and fills in its id. Error: Conflict if the name is taken.
func (s *Store) AddCarrier(ctx context.Context, c *sms.Carrier, at time.Time) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	c.ID, c.Rev = id, 1
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return err
	}
	return s.changePlatform(ctx, func(t *tx) error {
		if err := t.InsertCarrier(ctx, query.InsertCarrierParams{
			ID: id, Name: c.Name, Kind: c.Kind, Enabled: c.Enabled, Settings: string(settings), Password: s.sealer.Seal(c.Password),
			CreatedAt: micros(at),
		}); err != nil {
			return taken(err, "The carrier %s exists already", c.Name)
		}
		return t.InsertCarrierRevision(ctx, query.InsertCarrierRevisionParams{CarrierID: id, Rev: 1, Settings: string(settings)})
	})
}

// Carriers lists the carriers by id.
func (s *Store) Carriers(ctx context.Context) ([]sms.Carrier, error) {
	rows, err := s.read.Carriers(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Carrier, len(rows))
	for i, row := range rows {
		if all[i], err = s.carrierFrom(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Carrier gives the carrier with the name. Error: NoObject.
func (s *Store) Carrier(ctx context.Context, name string) (sms.Carrier, error) {
	row, err := s.read.CarrierByName(ctx, name)
	if err != nil {
		return sms.Carrier{}, found(err, "carrier", name)
	}
	return s.carrierFrom(row)
}

func (s *Store) carrierFrom(row query.Carrier) (sms.Carrier, error) {
	c := sms.Carrier{ID: row.ID, Name: row.Name, Kind: row.Kind, Enabled: row.Enabled, Rev: row.Rev}
	c.Settings.HighReserve = sms.DefaultHighReserve // of carriers from before there was one
	if err := json.Unmarshal([]byte(row.Settings), &c.Settings); err != nil {
		return c, err
	}
	var err error
	c.Password, err = s.sealer.Open(row.Password)
	return c, err
}

// ChangeCarrier reads a carrier, lets change work on it and saves it under its next revision. Error: NoObject, or the one of
// change.
func (s *Store) ChangeCarrier(ctx context.Context, name string, change func(*sms.Carrier) error) error {
	return s.changePlatform(ctx, func(t *tx) error {
		row, err := t.CarrierByName(ctx, name)
		if err != nil {
			return found(err, "carrier", name)
		}
		c, err := s.carrierFrom(row)
		if err == nil {
			err = change(&c)
		}
		if err != nil {
			return err
		}
		settings, err := json.Marshal(c.Settings)
		if err != nil {
			return err
		}
		rev, err := t.UpdateCarrier(ctx, query.UpdateCarrierParams{
			ID: c.ID, Enabled: c.Enabled, Settings: string(settings), Password: s.sealer.Seal(c.Password),
		})
		if err != nil {
			return err
		}
		return t.InsertCarrierRevision(ctx, query.InsertCarrierRevisionParams{CarrierID: c.ID, Rev: rev, Settings: string(settings)})
	})
}

// CarrierAt gives a carrier, without its password, as it was at a revision. Error: NoObject.
func (s *Store) CarrierAt(ctx context.Context, id, rev int64) (sms.Carrier, error) {
	row, err := s.read.CarrierRevision(ctx, query.CarrierRevisionParams{ID: id, Rev: rev})
	if err != nil {
		return sms.Carrier{}, found(err, "carrier", id)
	}
	c := sms.Carrier{ID: row.ID, Name: row.Name, Kind: row.Kind, Enabled: row.Enabled, Rev: row.Rev}
	c.Settings.HighReserve = sms.DefaultHighReserve // of carriers from before there was one
	return c, json.Unmarshal([]byte(row.Settings), &c.Settings)
}

// DeleteCarrier removes a carrier. Error: NoObject; Conflict while routes, short numbers or waiting messages need it.
func (s *Store) DeleteCarrier(ctx context.Context, name string) error {
	if c, err := s.read.CarrierByName(ctx, name); err == nil {
		if err := s.WriteRefs(ctx, c.ID, 0); err != nil {
			return err
		}
	}
	return s.changePlatform(ctx, func(t *tx) error {
		row, err := t.CarrierByName(ctx, name)
		if err != nil {
			return found(err, "carrier", name)
		}
		use, err := t.CarrierInUse(ctx, row.ID)
		if err != nil {
			return err
		}
		if use.Routes+use.Numbers+use.Runs+use.Claims > 0 {
			return sms.Errorf(sms.Conflict, "The carrier %s is in use by %d routes, %d short numbers and %d waiting runs of messages (%d being sent): remove those first, or disable the carrier",
				name, use.Routes, use.Numbers, use.Runs, use.Claims)
		}
		return t.DeleteCarrier(ctx, row.ID)
	})
}

// Routes lists the routes by position.
func (s *Store) Routes(ctx context.Context) ([]sms.Route, error) {
	rows, err := s.read.Routes(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Route, len(rows))
	for i, row := range rows {
		all[i] = routeFrom(row)
	}
	return all, nil
}

// AddRoute makes a route and fills in its id.
func (s *Store) AddRoute(ctx context.Context, r *sms.Route) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	r.ID = id
	return s.changePlatform(ctx, func(t *tx) error { return t.InsertRoute(ctx, query.InsertRouteParams(routeRow(*r))) })
}

func routeRow(r sms.Route) query.Route {
	return query.Route{
		ID: r.ID, Position: r.Position, Country: r.Country, Prefix: r.Prefix, Service: r.Service, Sender: r.Sender, Tag: r.Tag,
		CarrierID: r.CarrierID, Description: r.Description, Enabled: r.Enabled,
	}
}

// UpdateRoute saves a route. Error: NoObject.
func (s *Store) UpdateRoute(ctx context.Context, r sms.Route) error {
	return s.changePlatform(ctx, func(t *tx) error {
		n, err := t.UpdateRoute(ctx, query.UpdateRouteParams(routeRow(r)))
		return changed(n, err, "id", r.ID)
	})
}

// DeleteRoute removes a route. Error: NoObject.
func (s *Store) DeleteRoute(ctx context.Context, id int64) error {
	return s.changePlatform(ctx, func(t *tx) error {
		n, err := t.DeleteRoute(ctx, id)
		return changed(n, err, "id", id)
	})
}

// ShortNumbers lists the pool by number.
func (s *Store) ShortNumbers(ctx context.Context) ([]sms.ShortNumber, error) {
	rows, err := s.read.ShortNumbers(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.ShortNumber, len(rows))
	for i, row := range rows {
		all[i] = sms.ShortNumber{Number: row.Number, Country: row.Country, CarrierID: row.CarrierID}
	}
	return all, nil
}

// AddShortNumber adds a number to the pool. Error: Conflict.
func (s *Store) AddShortNumber(ctx context.Context, n sms.ShortNumber) error {
	return s.changePlatform(ctx, func(t *tx) error {
		rows, err := t.InsertShortNumber(ctx, query.InsertShortNumberParams{Number: n.Number, Country: n.Country, CarrierID: n.CarrierID})
		if err == nil && rows == 0 {
			return sms.Errorf(sms.Conflict, "The short number %s exists already", n.Number)
		}
		return err
	})
}

// DeleteShortNumber takes a number from the pool. Error: NoObject.
func (s *Store) DeleteShortNumber(ctx context.Context, number string) error {
	return s.changePlatform(ctx, func(t *tx) error {
		n, err := t.DeleteShortNumber(ctx, number)
		return changed(n, err, "number", number)
	})
}
