package smppd

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// messagesOf finds the messages that a client knows by an id: one, or those of a submit_multi. Parts that still wait for others are
// none, and waits. The messages of others are unknown, and so are those of the service's own that did not come over SMPP.
func (l *link) messagesOf(ctx context.Context, id string) (all []submitted, waits bool, status smpp.Status) {
	n, part, ok := sms.ParseSMPPMessageID(id)
	if !ok {
		return nil, false, smpp.InvalidMessageID
	}
	ids := []int64{n}
	if part > 0 {
		report, known, err := l.s.cfg.Submit.Answered(ctx, l.service.ID, joinKey(n))
		if err == nil && !known {
			waits, err = l.s.cfg.Store.WaitsForParts(ctx, l.service.ID, n)
		}
		switch {
		case err != nil:
			return nil, false, statusOf(err)
		case waits:
			return nil, true, smpp.OK
		}
		ids = report.IDs
	}
	for _, n := range ids {
		m, status := l.message(ctx, n)
		if status != smpp.OK {
			return nil, false, status
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, false, smpp.InvalidMessageID
	}
	return all, false, smpp.OK
}

// joinKey is the key that the order has which came in parts, or for several receivers, known by one id.
func joinKey(join int64) string { return "smpp-" + strconv.FormatInt(join, 10) }

// submitted is a message of the link's service that came over SMPP.
type submitted struct {
	sms.Message
	job sms.Job
}

func (l *link) message(ctx context.Context, id int64) (submitted, smpp.Status) {
	m, j, err := l.s.cfg.Store.Message(ctx, 0, id)
	switch {
	case sms.CodeOf(err) == sms.NoObject:
		return submitted{}, smpp.InvalidMessageID
	case err != nil:
		return submitted{}, statusOf(err)
	case m.ServiceID != l.service.ID || !strings.HasPrefix(j.QueryID, sms.ViaSMPP):
		return submitted{}, smpp.InvalidMessageID
	}
	return submitted{m, j}, smpp.OK
}

// isFrom tells whether a message came from a source; an empty one stands for any.
func (m submitted) isFrom(a smpp.Address) bool {
	switch {
	case a.Addr == "":
		return true
	case m.job.Sender == "": // a short number, which the platform has chosen
		return a.TON == smpp.TONNetworkSpecific || a.TON == smpp.TONAbbreviated || a.Addr == m.Source
	}
	return slices.Contains(namesOf(a), m.job.Sender)
}

// query tells what has become of a message.
func (l *link) query(ctx context.Context, p *smpp.QuerySM) (smpp.PDU, smpp.Status) {
	all, waits, status := l.messagesOf(ctx, p.MessageID)
	if status != smpp.OK {
		return nil, status
	}
	resp := &smpp.QuerySMResp{MessageID: p.MessageID, State: smpp.StateEnroute}
	if waits {
		return resp, smpp.OK
	}
	for i, m := range all { // of several that which has most still to come
		if !m.isFrom(p.Source) {
			return nil, smpp.InvalidSource
		}
		if !m.State.Final() {
			return &smpp.QuerySMResp{MessageID: p.MessageID, State: smpp.StateEnroute}, smpp.OK
		}
		state, code := outcome(m.Message)
		if i > 0 && state == smpp.StateDelivered {
			continue
		}
		resp.State, resp.ErrorCode, resp.FinalDate = state, 0, smpp.FormatTime(m.DoneAt.UTC())
		if code <= 0xFF {
			resp.ErrorCode = byte(code)
		}
	}
	return resp, smpp.OK
}

// cancel takes back messages that wait: that with the id, or all from a source to a destination.
func (l *link) cancel(ctx context.Context, p *smpp.CancelSM) smpp.Status {
	if p.MessageID == "" {
		return l.cancelTo(ctx, p)
	}
	all, waits, status := l.messagesOf(ctx, p.MessageID)
	switch {
	case status != smpp.OK:
		return status
	case waits:
		return smpp.CancelFailed // it is no message yet
	}
	for _, m := range all {
		if !m.isFrom(p.Source) {
			return smpp.InvalidSource
		}
		if p.Dest.Addr != "" && (len(all) > 1 || l.number(p.Dest) != m.Receiver) {
			return smpp.InvalidDest
		}
	}
	return l.cancelAll(ctx, all)
}

// cancelTo takes back all messages that wait from a source to a destination.
func (l *link) cancelTo(ctx context.Context, p *smpp.CancelSM) smpp.Status {
	if p.Source.Addr == "" {
		return smpp.InvalidSource
	}
	to := l.number(p.Dest)
	if to == "" {
		return smpp.InvalidDest
	}
	ids, err := l.s.cfg.Store.Outgoing(ctx, l.service.ID, store.Filter{Receiver: to, States: []sms.State{sms.Held, sms.Scheduled, sms.Queued}})
	if err != nil {
		return statusOf(err)
	}
	var all []submitted
	for _, id := range ids {
		if m, status := l.message(ctx, id); status == smpp.OK && m.isFrom(p.Source) {
			all = append(all, m)
		}
	}
	return l.cancelAll(ctx, all)
}

// cancelAll takes back those of messages that still wait; that none did is a failure.
func (l *link) cancelAll(ctx context.Context, all []submitted) smpp.Status {
	status := smpp.CancelFailed
	for _, m := range all {
		err := l.s.cfg.Store.Cancel(ctx, l.service.ID, m.ID, l.s.cfg.Clock.Now())
		switch code := sms.CodeOf(err); code {
		case "":
			status = smpp.OK
		case sms.NoObject, sms.Conflict: // it has ended, or is being sent
		default:
			return statusOf(err)
		}
	}
	return status
}
