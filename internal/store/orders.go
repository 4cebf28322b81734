package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Prices lists the price list by country and quantity.
func (s *Store) Prices(ctx context.Context) ([]sms.Price, error) {
	rows, err := s.read.Prices(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Price, len(rows))
	for i, row := range rows {
		all[i] = sms.Price{Country: row.Country, Quantity: row.Quantity, Credit: sms.Money{Millionths: row.Credit, Currency: row.Currency}}
	}
	return all, nil
}

// SetPrice sets what a credit costs. Error: Conflict if the country's other prices are in another currency.
func (s *Store) SetPrice(ctx context.Context, p sms.Price) error {
	return s.write(ctx, other, func(t *tx) error {
		rows, err := t.Prices(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Country == p.Country && row.Quantity != p.Quantity && row.Currency != p.Credit.Currency {
				return sms.Errorf(sms.Conflict, "currency = %q, and the price of %s for %d credits is in %s: remove the country's other prices first",
					p.Credit.Currency, p.Country, row.Quantity, row.Currency)
			}
		}
		return t.SetPrice(ctx, query.SetPriceParams{Country: p.Country, Quantity: p.Quantity, Currency: p.Credit.Currency, Credit: p.Credit.Millionths})
	})
}

// DeletePrice takes a price out of the list. Error: NoObject.
func (s *Store) DeletePrice(ctx context.Context, country string, quantity int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeletePrice(ctx, query.DeletePriceParams{Country: country, Quantity: quantity})
		return changed(n, err, "price", fmt.Sprintf("%s %d", country, quantity))
	})
}

// Taxes lists the taxes by country.
func (s *Store) Taxes(ctx context.Context) ([]sms.Tax, error) {
	rows, err := s.read.Taxes(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Tax, len(rows))
	for i, row := range rows {
		all[i] = sms.Tax{Country: row.Country, Name: row.Name, Rate: row.Rate}
	}
	return all, nil
}

// SetTax sets the tax of a country.
func (s *Store) SetTax(ctx context.Context, x sms.Tax) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.SetTax(ctx, query.SetTaxParams{Country: x.Country, Name: x.Name, Rate: x.Rate})
	})
}

// DeleteTax removes the tax of a country. Error: NoObject.
func (s *Store) DeleteTax(ctx context.Context, country string) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteTax(ctx, country)
		return changed(n, err, "country", country)
	})
}

// AddOrder makes an order of credits that is not paid. Its id is filled in. An order that a threshold causes is made only if the
// service has no other such order open; then the id stays 0.
func (s *Store) AddOrder(ctx context.Context, o *sms.CreditOrder) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	made := false
	err = s.write(ctx, other, func(t *tx) error {
		made = false
		if o.Cause == sms.OrderedByThreshold {
			if _, err := t.lockBalances(ctx, []int64{o.ServiceID}); err != nil {
				return err
			}
			open, err := t.CountOpenRecredits(ctx, query.CountOpenRecreditsParams{ServiceID: o.ServiceID, ExpiresAt: micros(o.CreatedAt)})
			if err != nil || open > 0 {
				return err
			}
		}
		made = true
		return t.InsertOrder(ctx, query.InsertOrderParams{
			ID: id, AccountID: o.AccountID, ServiceID: o.ServiceID, ServiceName: o.Service, Channel: o.Channel, Quantity: int64(o.Quantity),
			Country: o.Country, Currency: o.Net.Currency, Credit: o.Credit.Millionths, ListCredit: o.List.Millionths,
			Original: o.Original.Millionths, Net: o.Net.Millionths, TaxName: o.TaxName, TaxRate: o.TaxRate, Tax: o.Tax.Millionths,
			Key: o.Key, Cause: o.Cause, CreatedAt: micros(o.CreatedAt), ExpiresAt: micros(o.ExpiresAt), Reseller: o.Reseller,
		})
	})
	if err == nil && made {
		o.ID = id
	}
	return err
}

// CreditOrder gives an order of an account, or of any for 0. Error: NoObject.
func (s *Store) CreditOrder(ctx context.Context, account, id int64) (sms.CreditOrder, error) {
	row, err := s.read.OrderByID(ctx, id)
	if err != nil {
		return sms.CreditOrder{}, found(err, "orderId", id)
	}
	if account != 0 && row.AccountID != account {
		return sms.CreditOrder{}, noObject("orderId", id)
	}
	return orderFrom(row), nil
}

func orderFrom(row query.OrderByIDRow) sms.CreditOrder {
	money := func(n int64) sms.Money { return sms.Money{Millionths: n, Currency: row.Currency} }
	return sms.CreditOrder{
		ID: row.ID, AccountID: row.AccountID, Account: row.Account, ServiceID: row.ServiceID, Service: row.ServiceName, Channel: row.Channel,
		Offer: sms.Offer{
			Quantity: sms.Credits(row.Quantity), Country: row.Country, List: money(row.ListCredit), Credit: money(row.Credit),
			Original: money(row.Original), Net: money(row.Net), Tax: money(row.Tax), TaxName: row.TaxName, TaxRate: row.TaxRate,
		},
		Status: row.Status, Key: row.Key, Cause: row.Cause, CreatedAt: fromMicros(row.CreatedAt), ExpiresAt: fromMicros(row.ExpiresAt),
		SettledAt: fromMicros(row.SettledAt), SettledBy: row.SettledBy, Reference: row.Reference, Invoice: row.Invoice, Reseller: row.Reseller,
		Buyer: row.Buyer,
	}
}

// OrdersOf lists the ids of an account's orders that were made between two times, both included; a zero one is no bound.
func (s *Store) OrdersOf(ctx context.Context, account int64, from, to time.Time) ([]int64, error) {
	last := int64(1) << 62
	if !to.IsZero() {
		last = micros(to)
	}
	ids, err := s.read.OrdersOfAccount(ctx, query.OrdersOfAccountParams{AccountID: account, CreatedAt: micros(from), CreatedAt_2: last})
	if err != nil {
		return nil, unavailable(err)
	}
	return ids, nil
}

// CreditOrders lists the ids of orders with a status, of the account with a name; an empty one means all.
func (s *Store) CreditOrders(ctx context.Context, status, account string) ([]int64, error) {
	ids, err := s.read.OrdersByStatus(ctx, query.OrdersByStatusParams{Status: status, Name: account})
	if err != nil {
		return nil, unavailable(err)
	}
	return ids, nil
}

// Settlement is what is known of the payment of an order.
type Settlement struct {
	By        string // who says that it is paid
	Reference string // of the payment, for people
	Event     string // of the payment's notice, which counts once; empty = none
	At        time.Time
}

// SettleOrder puts the credits of a paid order into its service, which it makes if the order is for a new one. Errors: NoObject;
// Conflict if the order is not open, or the event of the settlement has been seen.
func (s *Store) SettleOrder(ctx context.Context, id int64, by Settlement) error {
	service, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	defer s.forget()
	return s.write(ctx, other, func(t *tx) error {
		o, err := t.openOrder(ctx, id, by)
		if err != nil {
			return err
		}
		if o.ServiceID == 0 {
			v := sms.Service{
				ID: service, AccountID: o.AccountID, Account: o.Account, Country: o.Country, Channel: o.Channel, Status: sms.Enabled,
				Description: fmt.Sprintf("Order %d", id), CreatedAt: by.At, Settings: sms.Settings{Guards: sms.DefaultGuards()},
			}
			if err := t.addService(ctx, &v); err != nil {
				return err
			}
			o.ServiceID, o.Service = v.ID, v.Name
		}
		if err := t.deliver(ctx, o, by, strings.TrimSpace(fmt.Sprintf("order %d, by %s %s", id, by.By, by.Reference))); err != nil {
			return err
		}
		if err := t.collect(ctx, o.ServiceID, by.At); err != nil {
			return err
		}
		// Numbers of invoices have no gaps: who holds the platform's row is alone.
		if err := t.LockPlatform(ctx); err != nil {
			return err
		}
		last, err := t.LastInvoice(ctx, o.Reseller)
		if err != nil {
			return err
		}
		buyer, err := profileOf(t.Profile(ctx, o.AccountID))
		if err != nil {
			return err
		}
		return t.SettleOrder(ctx, query.SettleOrderParams{
			ID: id, ServiceID: o.ServiceID, ServiceName: o.Service, SettledAt: micros(by.At), SettledBy: by.By, Reference: by.Reference,
			Invoice: last + 1, Buyer: buyer.Buyer(o.Country),
		})
	})
}

// openOrder locks an order that can be settled, and notes the event.
func (t *tx) openOrder(ctx context.Context, id int64, by Settlement) (sms.CreditOrder, error) {
	n, err := t.TouchOrder(ctx, id)
	if err := changed(n, err, "orderId", id); err != nil {
		return sms.CreditOrder{}, err
	}
	row, err := t.OrderByID(ctx, id)
	if err != nil {
		return sms.CreditOrder{}, err
	}
	o := orderFrom(row)
	if by.Event != "" {
		err := t.InsertPayment(ctx, query.InsertPaymentParams{Event: by.Event, OrderID: id, At: micros(by.At)})
		if err := taken(err, "The payment %s has been taken into account already", by.Event); err != nil {
			return o, err
		}
	}
	if o.Status != sms.OrderOpen {
		return o, sms.Errorf(sms.Conflict, "The order %d is %s since %s, by %s", id, o.Status, o.SettledAt.Format(time.RFC3339), o.SettledBy)
	}
	return o, nil
}

// CancelOrder ends an order that was not paid. Errors: NoObject; Conflict if it is not open.
func (s *Store) CancelOrder(ctx context.Context, id int64, by string, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		if _, err := t.openOrder(ctx, id, Settlement{}); err != nil {
			return err
		}
		return t.CancelOrder(ctx, query.CancelOrderParams{ID: id, SettledAt: micros(at), SettledBy: by})
	})
}

// addService makes a service, whose name is made of its account's if it is empty.
func (t *tx) addService(ctx context.Context, v *sms.Service) error {
	settings, err := json.Marshal(v.Settings)
	if err != nil {
		return err
	}
	if v.Name == "" {
		if v.Name, err = t.freeServiceName(ctx, v); err != nil {
			return err
		}
	}
	err = t.InsertService(ctx, query.InsertServiceParams{
		ID: v.ID, AccountID: v.AccountID, Name: v.Name, Description: v.Description, Channel: v.Channel, Status: v.Status,
		Settings: string(settings), CreatedAt: micros(v.CreatedAt),
	})
	if err != nil {
		return taken(err, "The service %s exists already", v.Name)
	}
	return t.InsertBalance(ctx, v.ID)
}

// freeServiceName gives the first name that a service of its account can have. An operator may have given some of them out already.
func (t *tx) freeServiceName(ctx context.Context, v *sms.Service) (string, error) {
	names, err := t.ServicesOfAccount(ctx, v.AccountID)
	if err != nil {
		return "", err
	}
	for n := len(names) + 1; ; n++ {
		name := fmt.Sprintf("sms-%s-%d", strings.TrimSuffix(v.Account, "-ovh"), n)
		switch _, err := t.ServiceByName(ctx, name); {
		case errors.Is(err, sql.ErrNoRows):
			return name, nil
		case err != nil:
			return "", err
		}
	}
}
