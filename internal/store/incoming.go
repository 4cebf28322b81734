package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// incoming stores what handsets sent, tied to the message that each answers, does what they ask for with STOP and START or by a
// keyword, and notes what is owed for it.
func (w *settlement) incoming(ctx context.Context, o *Outcome) error {
	var all []*reply
	if !o.partsBefore.IsZero() {
		late, err := w.overdueParts(ctx, o.partsBefore, o.partsNow)
		if err != nil {
			return err
		}
		all = replies(late)
	}
	for _, in := range o.Incoming {
		ready, err := w.join(ctx, in)
		if err != nil {
			return err
		}
		all = append(all, replies(ready)...)
	}
	if len(all) == 0 {
		return nil
	}
	for _, r := range all {
		if err := w.read(ctx, r); err != nil {
			return err
		}
	}
	if err := w.charge(ctx, all); err != nil {
		return err
	}
	for _, r := range all {
		if err := w.receive(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// reply is an incoming message with what is known of it.
type reply struct {
	sms.Incoming
	service sms.Service // that it belongs to, if it belongs to one
	sender  string      // of the message that it answers
	talk    bool        // it belongs to a conversation with a short number
	intent  sms.Intent
	rule    sms.KeywordRule // that it has met
	twice   bool            // the same came a short while ago: its operator may have repeated it
}

func replies(all []sms.Incoming) []*reply {
	made := make([]*reply, len(all))
	for i, in := range all {
		made[i] = &reply{Incoming: in}
	}
	return made
}

// sameAgain is how long after a reply the same words from the same handset may be a repetition by the operator, who did not learn
// that they were taken. Only the last thousand from the handset count.
const sameAgain = 10 * time.Minute

// read finds out what a reply is about and what it asks for.
func (w *settlement) read(ctx context.Context, r *reply) (err error) {
	if r.ID == 0 {
		if r.ID, err = w.t.id(ctx); err != nil {
			return err
		}
	}
	if err := w.tie(ctx, r); err != nil || r.ServiceID == 0 {
		return err
	}
	if err := w.behindAnswer(ctx, r); err != nil {
		return err
	}
	row, err := w.t.ServiceByID(ctx, r.ServiceID)
	if err == nil {
		r.service, err = serviceFrom(row)
	}
	if err == nil {
		err = w.t.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM
			(SELECT carrier_id, number, text, created_at FROM incoming WHERE sender = $1 ORDER BY id DESC LIMIT 1000) last
			WHERE carrier_id = $2 AND number = $3 AND text = $4 AND created_at > $5)`, r.Incoming.Sender, r.CarrierID, r.Number, r.Text, micros(r.At.Add(-sameAgain))).Scan(&r.twice)
	}
	if err != nil {
		return err
	}
	if r.intent = sms.ReadIntent(r.Text); r.intent != sms.NoIntent {
		return nil // no rule stands in the way of a STOP
	}
	word, _ := sms.Keyword(r.Text)
	if word == "" {
		return nil
	}
	r.rule, err = scanKeyword(w.t.db.QueryRowContext(ctx, "SELECT "+keywordColumns+" FROM keyword WHERE service_id = $1 AND word = $2", r.ServiceID, word))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if r.rule.Tag != "" {
		r.Tag = r.rule.Tag
	}
	switch r.rule.Opt {
	case sms.OptKeywordIn:
		r.intent = sms.OptsIn
	case sms.OptKeywordOut:
		r.intent = sms.OptsOut
	}
	return err
}

// charge takes the price of replies to short numbers, as far as there are credits for them: a reply is kept in any case. Those that opt
// out or in cost nothing.
func (w *settlement) charge(ctx context.Context, all []*reply) error {
	var services []int64
	for _, r := range all {
		if r.price() > 0 {
			services = append(services, r.ServiceID)
		}
	}
	if len(services) == 0 {
		return nil
	}
	// All whose books this group changes, so that two transactions lock them in the same order.
	for _, some := range []map[int64]int64{w.captured, w.released} {
		for id := range some {
			services = append(services, id)
		}
	}
	slices.Sort(services)
	books, err := w.t.lockBalances(ctx, slices.Compact(services))
	if err != nil {
		return err
	}
	for _, r := range all {
		price := r.price()
		if left := books[r.ServiceID].Available - w.replied[r.ServiceID]; price == 0 || left < int64(price) {
			continue
		}
		if w.replied == nil {
			w.replied = map[int64]int64{}
		}
		w.replied[r.ServiceID] += int64(price)
		r.Credits = price
	}
	return nil
}

func (r *reply) price() sms.Credits {
	if !r.talk || r.intent != sms.NoIntent {
		return 0
	}
	return sms.Credits(r.Parts) * sms.ReplyPrice
}

// receive writes a reply, does what it asks for, and notes what is owed.
func (w *settlement) receive(ctx context.Context, r *reply) error {
	if _, err := w.t.db.ExecContext(ctx, `INSERT INTO incoming (id, service_id, carrier_id, sender, number, text, tag, outgoing_id, created_at, parts, credits)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, r.ID, r.ServiceID, r.CarrierID, r.Sender, r.Number, r.Text, r.Tag, r.OutgoingID,
		micros(r.At), r.Parts, int64(r.Credits)); err != nil {
		return err
	}
	if err := w.s.oweReply(ctx, w.t, r.ServiceID, r.ID, r.At); err != nil {
		return err
	}
	if r.OutgoingID != 0 {
		w.event(r.OutgoingID, r.At, "reply", r.Text)
	}
	if r.ServiceID == 0 {
		return nil
	}
	w.tellReply(r)
	switch r.intent {
	case sms.OptsOut:
		return w.optOut(ctx, r)
	case sms.OptsIn:
		return w.optIn(ctx, r)
	}
	return nil
}

// tie finds the message that an incoming one answers: that of the conversation between number and handset, the latest that a virtual number
// has sent to the handset, or else the latest one that was sent to it at all. What is written to a virtual number belongs to the service
// that has it, also when it answers nothing.
func (w *settlement) tie(ctx context.Context, r *reply) error {
	talk, err := w.t.Conversation(ctx, query.ConversationParams{Number: r.Number, Receiver: r.Incoming.Sender})
	if err == nil {
		r.ServiceID, r.OutgoingID, r.Tag, r.sender, r.talk = talk.ServiceID, talk.MessageID, talk.Tag, talk.Sender, true
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	owner, err := w.t.VirtualNumber(ctx, r.Number)
	if err == nil {
		return w.tieToNumber(ctx, r, owner.ServiceID)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	last, err := w.lastSentTo(ctx, r.Incoming.Sender)
	if err != nil || last == 0 {
		return err
	}
	m, err := w.t.ReceiverJob(ctx, last)
	r.ServiceID, r.OutgoingID, r.Tag, r.sender = m.ServiceID, m.ID, m.Tag, m.Sender
	return err
}

// tieToNumber ties a reply to what its virtual number has sent to the handset, if that is not too long ago.
func (w *settlement) tieToNumber(ctx context.Context, r *reply, service int64) error {
	r.ServiceID, r.sender = service, r.Number
	rows, err := w.t.db.QueryContext(ctx, `SELECT m.id, j.tag FROM message m JOIN job j ON j.id = m.job_id WHERE m.id / 262144 IN
		((SELECT MAX(id) FROM message) / 262144, (SELECT MAX(id) FROM message) / 262144 - 1)
		AND m.receiver = $1 AND m.service_id = $2 AND j.sender = $3 ORDER BY m.id DESC LIMIT 10`, r.Incoming.Sender, service, r.Number)
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []int64
	tags := map[int64]string{}
	for rows.Next() {
		var id int64
		var tag string
		if err := rows.Scan(&id, &tag); err != nil {
			return err
		}
		ids, tags[id] = append(ids, id), tag
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if err := w.load(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if m := w.messages[id]; m != nil && wasSent(m.State) {
			r.OutgoingID, r.Tag = id, tags[id]
			return nil
		}
	}
	return nil
}

// behindAnswer ties a reply to an SMS that the platform sent by itself to the message that this was about: whose it is, and its campaign, do
// not get lost in between. It is known for as long as the delivery is.
func (w *settlement) behindAnswer(ctx context.Context, r *reply) error {
	var name, text string
	err := w.t.db.QueryRowContext(ctx, "SELECT j.query_id FROM message m JOIN job j ON j.id = m.job_id WHERE m.id = $1", r.OutgoingID).Scan(&name)
	id := sms.DeliveryNamed(name)
	if err == nil && id == 0 || errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = w.t.db.QueryRowContext(ctx, "SELECT notice FROM delivery WHERE id = $1 AND service_id = $2 AND event = $3", id, r.ServiceID,
			string(sms.NoticeAnswer)).Scan(&text)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	var n noticeRow
	if err == nil {
		err = json.Unmarshal([]byte(text), &n)
	}
	if err != nil || n.Outgoing == 0 || n.Receiver != r.Incoming.Sender { // to the owner, about another's reply
		return err
	}
	var still bool
	if err := w.t.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM message WHERE id = $1 AND receiver = $2)", n.Outgoing, n.Receiver).Scan(&still); err != nil || !still {
		return err
	}
	r.OutgoingID = n.Outgoing
	return nil
}

// wasSent tells that a message has been handed to its carrier, now or before.
func wasSent(s sms.State) bool { return !s.Waiting() && s != sms.Refused && s != sms.Cancelled }

// unsent are the other states, for SQL.
const unsent = `('held', 'scheduled', 'queued', 'refused', 'cancelled')`

// lastSentTo gives the id of the latest message that was sent to a handset, 0 if there is none.
func (w *settlement) lastSentTo(ctx context.Context, handset string) (int64, error) {
	ids, err := w.t.recentTo(ctx, handset)
	if err != nil {
		return 0, err
	}
	if err := w.load(ctx, ids); err != nil {
		return 0, err
	}
	i := slices.IndexFunc(ids, func(id int64) bool { return wasSent(w.messages[id].State) })
	if i >= 0 {
		return ids[i], nil
	}
	return w.t.olderTo(ctx, handset)
}
