package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Resale is what a reseller shows its sub-accounts, and where their credits come from.
type Resale struct {
	Brand   string // what it calls itself
	Seller  string // name and address on papers, several lines
	PayTo   string // how to pay, several lines
	Terms   string // several lines
	Service int64  // whose credits are sold, 0 = none is chosen
}

// maxSubAccounts is how many sub-accounts a reseller may have.
const maxSubAccounts = 10_000

// AccountByID gives an account. Error: NoObject.
func (s *Store) AccountByID(ctx context.Context, id int64) (sms.Account, error) {
	row, err := s.read.AccountByID(ctx, id)
	return accountFrom(row), found(err, "account", id)
}

// Resale gives what a reseller has said of itself, nothing if it has not.
func (s *Store) Resale(ctx context.Context, account int64) (Resale, error) {
	row, err := s.read.Resale(ctx, account)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Resale{}, unavailable(err)
	}
	return Resale{Brand: row.Brand, Seller: row.Seller, PayTo: row.PayTo, Terms: row.Terms, Service: row.ServiceID}, nil
}

// SetResale saves it.
func (s *Store) SetResale(ctx context.Context, account int64, r Resale) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.SetResale(ctx, query.SetResaleParams{
			AccountID: account, Brand: r.Brand, Seller: r.Seller, PayTo: r.PayTo, Terms: r.Terms, ServiceID: r.Service,
		})
	})
}

// AddSubAccount makes an account of a reseller, whose name is made up. Its id and name are filled in. Error: Conflict if there are too
// many.
func (s *Store) AddSubAccount(ctx context.Context, a *sms.Account) (err error) {
	if a.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	a.Name = fmt.Sprintf("rm%05d-ovh", a.ID)
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.CountSubAccounts(ctx, a.Reseller)
		if err == nil && n >= maxSubAccounts {
			err = sms.Errorf(sms.Conflict, "There are %d sub-accounts, which is the most", n)
		}
		if err != nil {
			return err
		}
		return taken(t.InsertSubAccount(ctx, query.InsertSubAccountParams{
			ID: a.ID, Name: a.Name, Country: a.Country, Description: a.Description, CreatedAt: micros(a.CreatedAt), Reseller: a.Reseller,
		}), "The account %s exists already", a.Name)
	})
}

// SubAccounts lists the accounts of a reseller by id.
func (s *Store) SubAccounts(ctx context.Context, reseller int64) ([]sms.Account, error) {
	rows, err := s.read.SubAccounts(ctx, reseller)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Account, len(rows))
	for i, row := range rows {
		all[i] = accountFrom(row)
	}
	return all, nil
}

// SubAccount gives an account of a reseller. Error: NoObject.
func (s *Store) SubAccount(ctx context.Context, reseller int64, name string) (sms.Account, error) {
	a, err := s.Account(ctx, name)
	if err == nil && (a.Reseller != reseller || reseller == 0) {
		return sms.Account{}, noObject("account", name)
	}
	return a, err
}

// SetSubAccount saves the description of a sub-account and why it is suspended, which counts at once.
func (s *Store) SetSubAccount(ctx context.Context, a sms.Account) error {
	defer s.forget()
	if err := s.write(ctx, other, func(t *tx) error {
		return errors.Join(
			t.UpdateSubAccount(ctx, query.UpdateSubAccountParams{ID: a.ID, Description: a.Description, Suspended: a.Suspended, SuspendedBy: a.SuspendedBy}),
			t.BumpAccount(ctx, a.ID),
		)
	}); err != nil {
		return err
	}
	return s.SetAside(ctx)
}

// PricesFor lists the prices that hold for an account: those of its reseller, or the platform's.
func (s *Store) PricesFor(ctx context.Context, account int64) (prices []sms.Price, reseller int64, err error) {
	a, err := s.AccountByID(ctx, account)
	if err != nil {
		return nil, 0, err
	}
	if a.Reseller == 0 {
		prices, err = s.Prices(ctx)
		return prices, 0, err
	}
	prices, err = s.ResalePrices(ctx, a.Reseller)
	return prices, a.Reseller, err
}

// ResalePrices lists the price list of a reseller by country and quantity.
func (s *Store) ResalePrices(ctx context.Context, reseller int64) ([]sms.Price, error) {
	rows, err := s.read.ResalePrices(ctx, reseller)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Price, len(rows))
	for i, row := range rows {
		all[i] = sms.Price{Country: row.Country, Quantity: row.Quantity, Credit: sms.Money{Millionths: row.Credit, Currency: row.Currency}}
	}
	return all, nil
}

// maxResalePrices is how many prices a reseller's list may have.
const maxResalePrices = 5000

// SetResalePrice sets what a credit of a reseller costs. Error: Conflict if the country's other prices are in another currency, or there
// are too many.
func (s *Store) SetResalePrice(ctx context.Context, reseller int64, p sms.Price) error {
	return s.write(ctx, other, func(t *tx) error {
		rows, err := t.ResalePrices(ctx, reseller)
		if err != nil {
			return err
		}
		if len(rows) >= maxResalePrices {
			return sms.Errorf(sms.Conflict, "There are %d prices, which is the most: remove some", len(rows))
		}
		for _, row := range rows {
			if row.Country == p.Country && row.Quantity != p.Quantity && row.Currency != p.Credit.Currency {
				return sms.Errorf(sms.Conflict, "currency = %q, and the price of %s for %d credits is in %s: remove the country's other prices first",
					p.Credit.Currency, p.Country, row.Quantity, row.Currency)
			}
		}
		return t.SetResalePrice(ctx, query.SetResalePriceParams{
			AccountID: reseller, Country: p.Country, Quantity: p.Quantity, Currency: p.Credit.Currency, Credit: p.Credit.Millionths,
		})
	})
}

// DeleteResalePrice takes a price out of a reseller's list. Error: NoObject.
func (s *Store) DeleteResalePrice(ctx context.Context, reseller int64, country string, quantity int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteResalePrice(ctx, query.DeleteResalePriceParams{AccountID: reseller, Country: country, Quantity: quantity})
		return changed(n, err, "price", fmt.Sprintf("%s %d", country, quantity))
	})
}

// OrdersOfReseller lists the ids of what a reseller's sub-accounts have ordered, with a status and of one of them; empty means all.
func (s *Store) OrdersOfReseller(ctx context.Context, reseller int64, status, account string) ([]int64, error) {
	ids, err := s.read.OrdersOfReseller(ctx, query.OrdersOfResellerParams{Reseller: reseller, Status: status, Name: account})
	if err != nil {
		return nil, unavailable(err)
	}
	return ids, nil
}

// Resell moves credits from a reseller's service to one of a sub-account, or back when negative. The books of each tell the reason, and
// only the reseller's the other's name. Error: NoCredit.
func (s *Store) Resell(ctx context.Context, from, to sms.Service, amount sms.Credits, reason string, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		if amount > 0 {
			return t.hand(ctx, from, to, amount, at, "to "+to.Name+": "+reason, reason)
		}
		return t.hand(ctx, to, from, -amount, at, reason, "from "+to.Name+": "+reason)
	})
}

// hand moves credits from one service to another, with an entry and a note for each.
func (t *tx) hand(ctx context.Context, from, to sms.Service, amount sms.Credits, at time.Time, given, got string) error {
	books, err := t.lockBalances(ctx, []int64{from.ID, to.ID})
	if err != nil {
		return err
	}
	n, err := t.Withdraw(ctx, query.WithdrawParams{ServiceID: from.ID, Available: int64(amount)})
	if err == nil && n == 0 {
		left := sms.Credits(books[from.ID].Available)
		return sms.Errorf(sms.NoCredit, "Not enough credits: %v needed, %v left on %s", amount, left, from.Name).
			With("needed", amount.String()).With("left", left.String())
	}
	if err == nil {
		_, err = t.Grant(ctx, query.GrantParams{ServiceID: to.ID, Available: int64(amount)})
	}
	if err == nil {
		err = t.enter(ctx, from.ID, at, "transfer", "available", "issued", amount, given)
	}
	if err == nil {
		err = t.enter(ctx, to.ID, at, "transfer", "issued", "available", amount, got)
	}
	return err
}

// deliver puts the credits of a paid order into its service: new ones of the platform, or those of the reseller who sold them.
func (t *tx) deliver(ctx context.Context, o sms.CreditOrder, by Settlement, note string) error {
	if o.Reseller == 0 {
		if _, err := t.Grant(ctx, query.GrantParams{ServiceID: o.ServiceID, Available: int64(o.Quantity)}); err != nil {
			return err
		}
		return t.enter(ctx, o.ServiceID, by.At, "order", "issued", "available", o.Quantity, note)
	}
	r, err := t.Resale(ctx, o.Reseller)
	if errors.Is(err, sql.ErrNoRows) || err == nil && r.ServiceID == 0 {
		return sms.Errorf(sms.Conflict, "The reseller has not said which of its services the credits come from: PUT /me/reseller serviceName")
	}
	if err != nil {
		return err
	}
	row, err := t.ServiceByID(ctx, r.ServiceID)
	if err != nil {
		return err
	}
	return t.hand(ctx, sms.Service{ID: row.ID, Name: row.Name}, sms.Service{ID: o.ServiceID}, o.Quantity, by.At,
		fmt.Sprintf("order %d of %s, by %s", o.ID, o.Account, by.By), fmt.Sprintf("order %d", o.ID))
}
