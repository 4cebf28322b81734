package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// incoming stores what handsets sent, tied to the message that each answers, and does what they ask for with STOP and START.
func (w *settlement) incoming(ctx context.Context, o *Outcome) error {
	for _, in := range o.Incoming {
		id, err := w.t.id(ctx)
		if err != nil {
			return err
		}
		in.ID = id
		sender, err := w.tie(ctx, &in)
		if err != nil {
			return err
		}
		if err := w.t.InsertIncoming(ctx, query.InsertIncomingParams{
			ID: in.ID, ServiceID: in.ServiceID, CarrierID: in.CarrierID, Sender: in.Sender, Number: in.Number, Text: in.Text,
			Tag: in.Tag, OutgoingID: in.OutgoingID, CreatedAt: micros(in.At),
		}); err != nil {
			return err
		}
		if err := w.s.oweReply(ctx, w.t, in.ServiceID, in.ID, in.At); err != nil {
			return err
		}
		if in.OutgoingID != 0 {
			w.event(in.OutgoingID, in.At, "reply", in.Text)
		}
		if err := w.obey(ctx, in, sender); err != nil {
			return err
		}
	}
	return nil
}

// tie finds the message that an incoming one answers: that of the conversation between number and handset, or else the
// latest one that was sent to the handset. It gives that message's sender.
func (w *settlement) tie(ctx context.Context, in *sms.Incoming) (sender string, err error) {
	talk, err := w.t.Conversation(ctx, query.ConversationParams{Number: in.Number, Receiver: in.Sender})
	if err == nil {
		in.ServiceID, in.OutgoingID, in.Tag = talk.ServiceID, talk.MessageID, talk.Tag
		return talk.Sender, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	last, err := w.lastSentTo(ctx, in.Sender)
	if err != nil || last == 0 {
		return "", err
	}
	m, err := w.t.ReceiverJob(ctx, last)
	in.ServiceID, in.OutgoingID, in.Tag = m.ServiceID, m.ID, m.Tag
	return m.Sender, err
}

// lastSentTo gives the id of the latest message that was sent to a handset, 0 if there is none.
func (w *settlement) lastSentTo(ctx context.Context, handset string) (int64, error) {
	ids, err := w.t.recentTo(ctx, handset)
	if err != nil {
		return 0, err
	}
	if err := w.load(ctx, ids); err != nil {
		return 0, err
	}
	i := slices.IndexFunc(ids, func(id int64) bool {
		m := w.messages[id]
		return !m.State.Waiting() && m.State != sms.Refused && m.State != sms.Cancelled
	})
	if i >= 0 {
		return ids[i], nil
	}
	return w.t.olderTo(ctx, handset)
}
