package store

import (
	"context"
	"database/sql"
	"math"
	"slices"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// WithOptOuts gives rules that know which of an order's receivers have opted out of it; they are asked for at each order, so that
// memory holds none. What is read here is at least as new as the rules, and an opt-out after it changes the service's revision.
func (s *Store) WithOptOuts(ctx context.Context, r *sms.Rules, o sms.Order) (*sms.Rules, error) {
	if o.NoStop || !r.HasOptOuts {
		return r, nil
	}
	sender := o.Sender
	if o.FromShortNumber() {
		sender = ""
	}
	scopes := sms.Scopes(sender, o.Tag)
	numbers := o.Numbers(r.Service.Country)
	known := *r
	known.OptedOut = map[string]bool{}
	t := tx{db: s.reads, dialect: &s.dialect}
	err := t.query(ctx, `SELECT o.receiver, o.scope FROM v JOIN optout o ON o.service_id = v.service_id AND o.receiver = v.receiver`,
		func(rows *sql.Rows) error {
			var receiver, scope string
			err := rows.Scan(&receiver, &scope)
			if slices.Contains(scopes, scope) {
				known.OptedOut[receiver] = true
			}
			return err
		}, ints("service_id", slices.Repeat([]int64{r.Service.ID}, len(numbers))), texts("receiver", numbers))
	if err != nil {
		return nil, unavailable(err)
	}
	return &known, nil
}

// OptOuts lists the receivers who have opted out of a service or a part of it, those that one message brought if outgoing is not
// 0.
func (s *Store) OptOuts(ctx context.Context, service, outgoing int64) ([]string, error) {
	all, err := s.read.OptOuts(ctx, query.OptOutsParams{ServiceID: service, OutgoingID: outgoing})
	if err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

// OptOut gives a receiver's opt-out, the one from all of the service if there are several. Error: NoObject.
func (s *Store) OptOut(ctx context.Context, service int64, receiver string) (sms.OptOut, error) {
	row, err := s.read.OptOut(ctx, query.OptOutParams{ServiceID: service, Receiver: receiver})
	return optOutFrom(row), found(err, "number", receiver)
}

func optOutFrom(row query.Optout) sms.OptOut {
	return sms.OptOut{
		Receiver: row.Receiver, Scope: sms.Scope(row.Scope), Source: row.Source, Words: row.Words, OutgoingID: row.OutgoingID,
		IncomingID: row.IncomingID, At: fromMicros(row.At),
	}
}

// OptOutsAfter lists opt-outs of a service by receiver and scope, at most so many, those after a receiver and scope.
func (s *Store) OptOutsAfter(ctx context.Context, service int64, receiver string, scope sms.Scope, most int) ([]sms.OptOut, error) {
	rows, err := s.read.OptOutsAfter(ctx, query.OptOutsAfterParams{
		ServiceID: service, Receiver: receiver, Scope: string(scope), Limit: int32(min(most, math.MaxInt32)), //nolint:gosec // it fits,
	})
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.OptOut, len(rows))
	for i, row := range rows {
		all[i] = optOutFrom(row)
	}
	return all, nil
}

// AddOptOuts adds opt-outs to a service and gives how many were new; the proof of those that are there stays.
func (s *Store) AddOptOuts(ctx context.Context, service int64, all []sms.OptOut) (added int64, err error) {
	n := len(all)
	services, at := slices.Repeat([]int64{service}, n), make([]int64, n)
	outgoing, incoming := make([]int64, n), make([]int64, n)
	receiver, scope, source, words := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, o := range all {
		at[i], outgoing[i], incoming[i] = micros(o.At), o.OutgoingID, o.IncomingID
		receiver[i], scope[i], source[i], words[i] = o.Receiver, string(o.Scope), o.Source, o.Words
	}
	err = s.changeSenders(ctx, service, func(t *tx) error {
		added, err = t.exec(ctx, `INSERT INTO optout (service_id, receiver, scope, source, words, outgoing_id, incoming_id, at)
			SELECT service_id, receiver, scope, source, words, outgoing_id, incoming_id, at FROM v WHERE TRUE ON CONFLICT DO NOTHING`,
			ints("service_id", services), texts("receiver", receiver), texts("scope", scope), texts("source", source), texts("words", words),
			ints("outgoing_id", outgoing), ints("incoming_id", incoming), ints("at", at))
		return err
	})
	return added, err
}

// DeleteOptOut lets a receiver be written to again by all of a service. Error: NoObject.
func (s *Store) DeleteOptOut(ctx context.Context, service int64, receiver string) error {
	return s.changeSenders(ctx, service, func(t *tx) error {
		n, err := t.DeleteOptOut(ctx, query.DeleteOptOutParams{ServiceID: service, Receiver: receiver})
		return changed(n, err, "number", receiver)
	})
}

// optIn does what a reply asks for: to be written to again.
func (w *settlement) optIn(ctx context.Context, r *reply) error {
	n, err := w.t.DeleteOptOut(ctx, query.DeleteOptOutParams{ServiceID: r.ServiceID, Receiver: r.Incoming.Sender})
	if n > 0 {
		w.changedRules(r.ServiceID)
		told := r.notice(sms.NoticeOptIn)
		w.owe(r, told, w.hooks(r.ServiceID, told.Event())...)
	}
	return err
}

// optOut does what a reply asks for: to be left alone.
func (w *settlement) optOut(ctx context.Context, r *reply) error {
	n, err := w.t.InsertOptOut(ctx, query.InsertOptOutParams{
		ServiceID: r.ServiceID, Receiver: r.Incoming.Sender, Scope: string(sms.ScopeOf(r.service.Settings.StopScope, r.sender, r.Tag)),
		Source: sms.OptOutByReply, Words: r.Text, OutgoingID: r.OutgoingID, IncomingID: r.ID, At: micros(r.At),
	})
	if err != nil || n == 0 {
		return err
	}
	w.result.OptedOut++
	if r.OutgoingID != 0 {
		if err := w.load(ctx, []int64{r.OutgoingID}); err != nil {
			return err
		}
		if w.messages[r.OutgoingID] != nil {
			w.optOuts = append(w.optOuts, r.OutgoingID)
		}
	}
	w.changedRules(r.ServiceID)
	return w.tellStop(ctx, r)
}

// changedRules notes that plans for a service have to be made again.
func (w *settlement) changedRules(service int64) {
	if !slices.Contains(w.bumped, service) {
		w.bumped = append(w.bumped, service)
	}
}
