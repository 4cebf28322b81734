package ovh

import (
	"context"
	"encoding/csv"
	"io"
	"time"

	"ramier/internal/sms"
)

func (a *API) getStatement(ctx context.Context, c *Call, in getSmsServiceNameStatementsMonthIn) (smsStatement, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsStatement{}, err
	}
	return a.statement(ctx, s, in.Month)
}

func (a *API) getStatementAsOperator(ctx context.Context, _ *Call, in getOperatorServicesServiceNameStatementsMonthIn) (smsStatement, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return smsStatement{}, err
	}
	return a.statement(ctx, s, in.Month)
}

func (a *API) statement(ctx context.Context, s sms.Service, month string) (smsStatement, error) {
	from, to, err := sms.Month(month, a.zone, a.now())
	if err != nil {
		return smsStatement{}, err
	}
	st, err := a.store.Statement(ctx, s, from, to)
	if err != nil {
		return smsStatement{}, err
	}
	out := smsStatement{
		ServiceName: st.Service, From: datetime{st.From}, To: datetime{st.To}, Opening: newBooks(st.Opening), Closing: newBooks(st.Closing),
		Movements: make([]smsStatementMovement, len(st.Days)),
	}
	for i, m := range st.Days {
		out.Movements[i] = smsStatementMovement{Date: m.Day.Format(time.DateOnly), Movement: m.Name, Change: newBooks(m.Change)}
	}
	return out, nil
}

func newBooks(b sms.Books) smsStatementBooks {
	return smsStatementBooks{Available: b.Available.Float(), Held: b.Held.Float(), Quota: b.Quota.Float(), Used: b.Used.Float()}
}

// books is the inverse of newBooks.
func (b smsStatementBooks) books() sms.Books {
	credits := func(f float64) sms.Credits {
		c, _ := sms.CreditsFrom(f) // it was made of one
		return c
	}
	return sms.Books{Available: credits(b.Available), Held: credits(b.Held), Quota: credits(b.Quota), Used: credits(b.Used)}
}

// plain gives the statement that an answer was made of.
func (st smsStatement) plain() *sms.Statement {
	out := &sms.Statement{Service: st.ServiceName, From: st.From.Time, To: st.To.Time, Opening: st.Opening.books(), Closing: st.Closing.books()}
	for _, m := range st.Movements {
		day, _ := time.ParseInLocation(time.DateOnly, m.Date, out.From.Location()) // it was made of one
		out.Days = append(out.Days, sms.Movement{Day: day, Name: m.Movement, Change: m.Change.books()})
	}
	return out
}

// statements adds the forms of a statement to an endpoint.
func (a *API) statements(h handler) handler {
	h = withCSV(h, func(w *csv.Writer, st smsStatement) error { return a.billing.StatementCSV(w, st.plain()) })
	return withPDF(h, func(w io.Writer, st smsStatement) error { return a.billing.StatementPDF(w, st.plain()) })
}
