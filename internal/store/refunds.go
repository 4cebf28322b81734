package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Checkout gives the page of a payment provider where an order can be paid now, empty if there is none, and how many it had.
func (s *Store) Checkout(ctx context.Context, order int64, now time.Time) (address string, made int64, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT attempt, CASE WHEN expires_at > $2 THEN url ELSE '' END FROM checkout WHERE order_id = $1 ORDER BY attempt DESC LIMIT 1",
		order, micros(now)).Scan(&made, &address)
	if errors.Is(err, sql.ErrNoRows) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, unavailable(err)
	}
	return address, made, nil
}

// AddCheckout notes where an order can be paid until a time. An attempt that is known stays as it is.
func (s *Store) AddCheckout(ctx context.Context, order, attempt int64, session, address string, until time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, `INSERT INTO checkout (order_id, attempt, session, url, expires_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (order_id, attempt) DO NOTHING`, order, attempt, session, address, micros(until))
		return err
	})
}

// EndCheckout notes that an order can no longer be paid in a session.
func (s *Store) EndCheckout(ctx context.Context, order int64, session string) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "UPDATE checkout SET url = '' WHERE order_id = $1 AND session = $2", order, session)
		return err
	})
}

// PaidBy gives the order that a payment has settled, 0 if there is none.
func (s *Store) PaidBy(ctx context.Context, event string) (order int64, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT order_id FROM payment WHERE event = $1", event).Scan(&order)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, unavailable(err)
	}
	return order, nil
}

// RefundRequest is what is to be paid back of an order: a number of credits (0 = all that is left), or what brings it up to an amount.
type RefundRequest struct {
	Credits   sms.Credits
	UpTo      *sms.Money // paid back altogether, with tax
	Owe       bool       // what the service has no more is taken from the next order that is settled
	Card      bool       // the money goes back over the payment provider: it is owed to the card from this transaction on
	By        string
	Reference string
	At        time.Time
}

// RefundOrder takes credits of a settled order back and gives the refund its number, in one transaction. A refund without a number means
// that all of it is known already. Errors: NoObject; Conflict if the order was not paid, or the service has fewer credits left and Owe is
// not set; those of sms.CreditOrder.RefundCredits and RefundUpTo.
func (s *Store) RefundOrder(ctx context.Context, id int64, q RefundRequest) (r sms.Refund, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		n, err := t.TouchOrder(ctx, id)
		if err := changed(n, err, "orderId", id); err != nil {
			return err
		}
		row, err := t.OrderByID(ctx, id)
		if err != nil {
			return err
		}
		o := orderFrom(row)
		if o.Status != sms.OrderSettled {
			return sms.Errorf(sms.Conflict, "The order %d is %s: only an order that was paid can be paid back", id, o.Status)
		}
		if o.Reseller != 0 {
			return sms.Errorf(sms.Conflict, "The order %d was sold by a reseller, who was paid for it: the reseller pays it back", id)
		}
		before, err := refundsOf(ctx, t.db, id)
		if err != nil {
			return err
		}
		if q.UpTo != nil {
			r, err = o.RefundUpTo(before, *q.UpTo)
		} else {
			r, err = o.RefundCredits(before, q.Credits)
		}
		if err != nil || r.OrderID == 0 {
			return err
		}
		r.At, r.By, r.Reference = q.At, q.By, q.Reference
		if err := t.refund(ctx, o, &r, q.Owe); err != nil || !q.Card {
			return err
		}
		return t.oweCard(ctx, r)
	})
	return r, err
}

// byStripe begins the events under which payments by card are known.
const byStripe = "stripe "

// CardEvent is under which event a payment by card is known.
func CardEvent(payment string) string { return byStripe + payment }

// oweCard writes down that the money of a refund is to go back to the card. Error: Conflict if the order was not paid by card.
func (t *tx) oweCard(ctx context.Context, r sms.Refund) error {
	var event string
	err := t.db.QueryRowContext(ctx, "SELECT event FROM payment WHERE order_id = $1 AND event LIKE $2", r.OrderID, byStripe+"pi_%").Scan(&event)
	if errors.Is(err, sql.ErrNoRows) {
		return sms.Errorf(sms.Conflict, "The order %d was not paid by card over Stripe: pay it back the way it was paid, without card", r.OrderID)
	}
	if err != nil {
		return err
	}
	amount, whole := r.Total().Minor()
	if !whole || amount <= 0 {
		return sms.Errorf(sms.Conflict, "%v is no amount that a card can be paid back: refund more credits, or without card", r.Total())
	}
	_, err = t.db.ExecContext(ctx, `INSERT INTO card_refund (number, payment, amount, currency, state, id, error, begun_at) VALUES ($1, $2, $3, $4, 'waiting', '', '', $5)`,
		r.Number, strings.TrimPrefix(event, byStripe), amount, r.Net.Currency, micros(r.At))
	return err
}

const cardColumns = `SELECT c.number, r.order_id, o.key, c.payment, c.amount, c.currency, c.state, c.id, c.error, c.begun_at
	FROM card_refund c JOIN refund r ON r.number = c.number JOIN orders o ON o.id = r.order_id WHERE `

func (s *Store) cardRefunds(ctx context.Context, condition string, args ...any) (all []sms.CardRefund, err error) {
	err = eachRow(ctx, s.reads, func(rows *sql.Rows) error {
		var c sms.CardRefund
		var begun int64
		err := rows.Scan(&c.Number, &c.OrderID, &c.OrderKey, &c.Payment, &c.Amount, &c.Currency, &c.State, &c.ID, &c.Error, &begun)
		c.BegunAt = fromMicros(begun)
		all = append(all, c)
		return err
	}, cardColumns+condition+" ORDER BY c.number", args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

// CardRefundsOf lists the refunds of an order that go back to the card, by number.
func (s *Store) CardRefundsOf(ctx context.Context, order int64) ([]sms.CardRefund, error) {
	return s.cardRefunds(ctx, "r.order_id = $1", order)
}

// WaitingCardRefunds lists those whose money has not left, by number, at most a hundred.
func (s *Store) WaitingCardRefunds(ctx context.Context) ([]sms.CardRefund, error) {
	all, err := s.cardRefunds(ctx, "c.state = 'waiting'")
	return all[:min(len(all), 100)], err
}

// SettleCardRefund notes what has become of a refund to a card that waits.
func (s *Store) SettleCardRefund(ctx context.Context, c sms.CardRefund) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "UPDATE card_refund SET state = $2, id = $3, error = $4 WHERE number = $1 AND state = 'waiting'", c.Number, c.State, c.ID, c.Error)
		return err
	})
}

// FailCardRefund notes that the provider could not pay a refund back after all. It tells whether it is known.
func (s *Store) FailCardRefund(ctx context.Context, id, why string) (known bool, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "UPDATE card_refund SET state = 'failed', error = $2 WHERE id = $1", id, why)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		known = n > 0
		return err
	})
	return known, err
}

// refund takes credits back, as many as there are, and writes down the rest as owed if that may be.
func (t *tx) refund(ctx context.Context, o sms.CreditOrder, r *sms.Refund, owe bool) error {
	books, err := t.lockBalances(ctx, []int64{o.ServiceID})
	if err != nil {
		return err
	}
	left := sms.Credits(books[o.ServiceID].Available)
	if r.Quantity > left && !owe {
		return sms.Errorf(sms.Conflict, "%v credits of order %d cannot be taken back: %v are left on %s; refund at most as many, or let the rest be owed (ramier order refund --owe)",
			r.Quantity, o.ID, left, o.Service).With("left", left.String())
	}
	r.Owed = max(0, r.Quantity-left)
	if err := t.LockPlatform(ctx); err != nil {
		return err
	}
	if err := t.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) + 1 FROM refund").Scan(&r.Number); err != nil {
		return err
	}
	note := strings.TrimSpace(fmt.Sprintf("order %d, credit note %d, by %s %s", o.ID, r.Number, r.By, r.Reference))
	if err := t.takeBack(ctx, o.ServiceID, r.At, r.Quantity-r.Owed, note); err != nil {
		return err
	}
	_, err = t.db.ExecContext(ctx, `INSERT INTO refund (number, order_id, service_id, quantity, owed, net, tax, at, done_by, reference)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, r.Number, o.ID, o.ServiceID, int64(r.Quantity), int64(r.Owed), r.Net.Millionths,
		r.Tax.Millionths, micros(r.At), r.By, r.Reference)
	return err
}

func (t *tx) takeBack(ctx context.Context, service int64, at time.Time, amount sms.Credits, note string) error {
	if amount == 0 {
		return nil
	}
	n, err := t.Withdraw(ctx, query.WithdrawParams{ServiceID: service, Available: int64(amount)})
	if err := changed(n, err, "service", service); err != nil {
		return err
	}
	return t.enter(ctx, service, at, "refund", "available", "issued", amount, note)
}

// collect takes what a service owes for refunds from the credits that have just come. Its books must be locked.
func (t *tx) collect(ctx context.Context, service int64, at time.Time) error {
	type debt struct{ number, owed int64 }
	var debts []debt
	err := eachRow(ctx, t.db, func(r *sql.Rows) error {
		var d debt
		err := r.Scan(&d.number, &d.owed)
		debts = append(debts, d)
		return err
	}, "SELECT number, owed FROM refund WHERE service_id = $1 AND owed > 0 ORDER BY number", service)
	if err != nil || len(debts) == 0 {
		return err
	}
	books, err := t.lockBalances(ctx, []int64{service})
	if err != nil {
		return err
	}
	left := books[service].Available
	for _, d := range debts {
		part := min(left, d.owed)
		left -= part
		if err := t.takeBack(ctx, service, at, sms.Credits(part), fmt.Sprintf("credit note %d: owed until now", d.number)); err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, "UPDATE refund SET owed = owed - $1 WHERE number = $2", part, d.number); err != nil {
			return err
		}
	}
	return nil
}

// Refunds lists what was paid back of an order, by number.
func (s *Store) Refunds(ctx context.Context, order int64) ([]sms.Refund, error) {
	all, err := refundsOf(ctx, s.reads, order)
	if err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

func refundsOf(ctx context.Context, db query.DBTX, order int64) (all []sms.Refund, err error) {
	err = eachRow(ctx, db, func(rows *sql.Rows) error {
		var r sms.Refund
		var at int64
		err := rows.Scan(&r.Number, &r.OrderID, &r.Service, &r.Quantity, &r.Owed, &r.Net.Millionths, &r.Tax.Millionths, &r.Net.Currency, &at, &r.By, &r.Reference)
		r.Tax.Currency, r.At = r.Net.Currency, fromMicros(at)
		all = append(all, r)
		return err
	}, `SELECT r.number, r.order_id, o.service_name, r.quantity, r.owed, r.net, r.tax, o.currency, r.at, r.done_by, r.reference
		FROM refund r JOIN orders o ON o.id = r.order_id WHERE r.order_id = $1 ORDER BY r.number`, order)
	return all, err
}

// eachRow calls scan with each row of a question.
func eachRow(ctx context.Context, db query.DBTX, scan func(*sql.Rows) error, text string, args ...any) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
