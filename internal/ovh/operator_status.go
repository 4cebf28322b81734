package ovh

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) showStatus(ctx context.Context, _ *Call, _ getOperatorStatusIn) (operatorStatus, error) {
	carriers, err := a.store.Carriers(ctx)
	if err != nil {
		return operatorStatus{}, err
	}
	lanes, err := a.store.Lanes(ctx)
	if err != nil {
		return operatorStatus{}, err
	}
	counts, err := a.store.Count(ctx)
	if err != nil {
		return operatorStatus{}, err
	}
	leases, err := a.store.Leases(ctx)
	if err != nil {
		return operatorStatus{}, err
	}
	out := operatorStatus{
		Carriers: make([]operatorCarrierStatus, len(carriers)), Database: a.store.Describe(ctx), InDoubt: counts.InDoubt,
		Now: datetime{a.now()}, Queues: make([]operatorQueue, len(lanes)), SendersWaiting: counts.SendersWaiting,
		Started: datetime{a.started}, Unmatched: counts.Unmatched, Version: a.version,
	}
	names := make(map[int64]string, len(carriers))
	for i, c := range carriers {
		names[c.ID] = c.Name
		out.Carriers[i] = a.carrierStatus(c, lanes, leases)
	}
	for i, l := range lanes {
		out.Queues[i] = operatorQueue{Carrier: names[l.Carrier], Lane: string(l.Priority), Oldest: datetime{l.Oldest}, Queued: l.Messages}
	}
	return out, nil
}

// carrierStatus tells which node has a carrier, and how it is doing on this one.
func (a *API) carrierStatus(c sms.Carrier, lanes []store.Lane, leases []store.Lease) operatorCarrierStatus {
	s, here := a.carriers.Status(c.ID)
	out := operatorCarrierStatus{
		Binds: int64(s.Binds), Carrier: c.Name, LastError: orNull(s.LastError), Late: s.Late, Sent: s.Sent, Since: at(s.Since),
		State: operatorCarrierState(s.State), Throttled: s.Throttled, WindowSize: int64(c.Settings.Window), WindowUsed: int64(s.WindowUsed),
	}
	switch {
	case !c.Enabled:
		out.State = operatorCarrierStateDisabled
	case !here && out.State != operatorCarrierStateElsewhere:
		out.State = operatorCarrierStateStopped
	}
	for _, l := range leases {
		if l.Name != store.CarrierLease(c.ID) {
			continue
		}
		if out.Term = l.Term; l.Live {
			out.Node, out.LeaseSince = orNull(l.Holder), at(l.Since)
		}
	}
	for _, l := range lanes {
		if l.Carrier == c.ID {
			out.Queued += l.Messages
		}
	}
	return out
}

func (a *API) showMessage(ctx context.Context, _ *Call, in getOperatorMessagesIDIn) (operatorMessageTrail, error) {
	m, j, err := a.store.Message(ctx, 0, in.ID)
	if err != nil {
		return operatorMessageTrail{}, err
	}
	t, err := a.trail(ctx, m, j)
	if err != nil {
		return operatorMessageTrail{}, err
	}
	s, err := a.store.ServiceByID(ctx, m.ServiceID)
	if err != nil {
		return operatorMessageTrail{}, err
	}
	names, err := a.carrierNames(ctx)
	return operatorMessageTrail{
		Carrier: orNull(names[m.CarrierID]), ID: t.ID, NextStep: t.NextStep, PossibleDuplicate: t.PossibleDuplicate, Sentence: t.Sentence, ServiceName: s.Name, State: t.State,
		Steps: t.Steps,
	}, err
}

const maxUnmatched = 1000

func (a *API) listUnmatched(ctx context.Context, _ *Call, _ getOperatorReceiptsUnmatchedIn) ([]operatorUnmatchedReceipt, error) {
	all, err := a.store.Unmatched(ctx, maxUnmatched)
	out := make([]operatorUnmatchedReceipt, len(all))
	for i, u := range all {
		reference := ""
		if len(u.Refs) > 0 {
			reference = u.Refs[0]
		}
		out[i] = operatorUnmatchedReceipt{
			Carrier: u.Carrier, ID: u.ID, Raw: u.Raw, ReceivedAt: datetime{u.At}, Receiver: u.Receiver, Reference: reference,
			State: string(u.State),
		}
	}
	return out, err
}
