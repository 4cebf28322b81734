package ovh

import (
	"context"
	"crypto/sha256"
	"math"
	"strconv"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/submit"
)

const (
	// shownErrors is how many of a batch's errors stand in the batch itself; all are under errors.
	shownErrors = 1000
	// shownReceivers is up to how many receivers that were given stand in the batch, listedReceivers in a list of batches.
	shownReceivers, listedReceivers = 5000, 100
	// maxErrors is the most errors of one answer.
	maxErrors = 10_000
)

func (a *API) listBatches(ctx context.Context, c *Call, in getSmsServiceNameBatchesIn) ([]smsBatch, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	batches, err := a.store.Batches(ctx, s.ID)
	all := make([]smsBatch, len(batches))
	for i := range batches {
		if err == nil {
			all[i], err = a.showBatch(ctx, &batches[i], listedReceivers)
		}
	}
	return all, err
}

// batch finds a batch of one of the caller's services.
func (a *API) batch(ctx context.Context, c *Call, service, id string) (*sms.Batch, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return nil, err
	}
	b, err := a.store.Batch(ctx, s.ID, id)
	return &b, err
}

func (a *API) getBatch(ctx context.Context, c *Call, in getSmsServiceNameBatchesIDIn) (smsBatch, error) {
	b, err := a.batch(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsBatch{}, err
	}
	return a.showBatch(ctx, b, shownReceivers)
}

// showBatch shows a batch with its receivers, if there are at most so many.
func (a *API) showBatch(ctx context.Context, b *sms.Batch, receivers int) (smsBatch, error) {
	out := smsBatch{
		AccountID: b.ServiceID, CreatedAt: datetime{b.CreatedAt}, Credits: b.Credits.Float(), Errors: []smsBatchError{}, ErrorsTotal: int64(b.Errors),
		EstimateExact: b.Exact, EstimatedCredits: b.Estimate.Float(), FinishedAt: at(b.FinishedAt), From: orNull(b.Order.Sender), HoldUntil: at(b.HoldUntil), ID: b.UUID,
		Message: b.Order.Text, Messages: int64(b.Messages), Name: b.Name, Paused: b.Paused, ProcessedRecords: int64(b.Next), Reason: orNull(b.Reason),
		SentAt: at(b.DueAt), StartedAt: at(b.StartedAt), Status: smsBatchStatus(b.Status), Tag: b.Order.Tag, TotalRecords: int64(b.Total),
		UpdatedAt: datetime{b.UpdatedAt},
	}
	if out.SentAt == nil {
		out.SentAt = out.StartedAt
	}
	if b.Order.ForResponse {
		out.From = nil
	}
	if b.Slot != 0 {
		out.SlotID = new(strconv.Itoa(b.Slot))
	}
	given, err := a.batches.Receivers(ctx, b, receivers)
	if err == nil && given != nil {
		out.Receivers = &given
	}
	if err == nil && b.Errors > 0 {
		out.Errors, err = a.errorsOf(ctx, b, 0, shownErrors)
	}
	return out, err
}

func (a *API) errorsOf(ctx context.Context, b *sms.Batch, after int64, most int) ([]smsBatchError, error) {
	refused, numbers, err := a.store.BatchErrors(ctx, b.ID, after, most)
	all := make([]smsBatchError, len(refused))
	for i, r := range refused {
		all[i] = smsBatchError{Line: int64(r.Line), Message: r.Message, Number: numbers[i], Reason: string(r.Reason), Receiver: r.Receiver}
	}
	return all, err
}

func (a *API) getBatchErrors(ctx context.Context, c *Call, in getSmsServiceNameBatchesIDErrorsIn) ([]smsBatchError, error) {
	b, err := a.batch(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return nil, err
	}
	limit := int64(shownErrors)
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maxErrors {
		return nil, sms.Errorf(sms.Invalid, "limit = %d is not between 1 and %d", limit, maxErrors)
	}
	return a.errorsOf(ctx, b, deref(in.After), int(limit))
}

func (a *API) createBatch(ctx context.Context, c *Call, in postSmsServiceNameBatchesIn) (smsBatch, error) {
	rules, err := a.rules(ctx, c, in.ServiceName)
	if err != nil {
		return smsBatch{}, err
	}
	r, err := in.Body.request()
	if err != nil {
		return smsBatch{}, err
	}
	r.Order.Credential, r.Order.QueryID = c.Caller.Credential, c.QueryID
	if in.IdempotencyKey != nil && *in.IdempotencyKey != "" {
		hash := sha256.Sum256(append([]byte("batches\x00"+in.ServiceName+"\x00"), c.Body...))
		r.Key = submit.Key{Key: *in.IdempotencyKey, Hash: hash[:]}
	}
	b, err := a.batches.Create(ctx, rules, r)
	if err != nil {
		return smsBatch{}, err
	}
	return a.showBatch(ctx, &b, shownReceivers)
}

// batchClasses are the classes of jobs by those of batches.
var batchClasses = map[smsBatchClass]sms.Class{"FLASH": sms.Flash, "PHONE": sms.PhoneDisplay, "SIM": sms.SIM}

func (in smsBatchParamsBody) request() (campaign.Request, error) {
	r := campaign.Request{
		Name: deref(in.Name), To: in.To, QuoteID: deref(in.QuoteID),
		Order: sms.Order{
			Text: in.Message, Sender: deref(in.From), ForResponse: deref(in.SenderForResponse), NoStop: deref(in.NoStop), Tag: deref(in.Tag),
			Class: sms.PhoneDisplay,
		},
		Settings: sms.BatchSettings{MaxFailures: in.MaxFailureRate, MaxStops: in.MaxStopRate},
	}
	if in.Class != nil {
		r.Order.Class = batchClasses[*in.Class]
	}
	if in.Deferred != nil {
		r.DueAt = in.Deferred.Time
	}
	switch {
	case r.Order.Sender == "" && !r.Order.ForResponse:
		return r, sms.Errorf(sms.Invalid, "from is missing: name a sender, or give senderForResponse = true")
	case r.Order.Sender != "" && r.Order.ForResponse:
		return r, sms.Errorf(sms.Invalid, "from and senderForResponse are both given: give one of them")
	}
	if text := deref(in.SlotID); text != "" {
		n, err := slotNumber("slotID", text)
		if err != nil {
			return r, err
		}
		r.Slot = n
	}
	err := in.settings(&r)
	return r, err
}

// slotNumber reads the number of a slot, which OVH writes as a text.
func slotNumber(parameter, text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > campaign.MaxSlot {
		return 0, sms.Errorf(sms.Invalid, "%s = %q is not a slot: give 1 to %d", parameter, text, campaign.MaxSlot)
	}
	return n, nil
}

// settings reads what OVH's batches cannot do.
func (in smsBatchParamsBody) settings(r *campaign.Request) (err error) {
	if r.Hold, err = minutes("holdMinutes", deref(in.HoldMinutes)); err != nil {
		return err
	}
	if r.Settings.CanaryWait, err = minutes("canaryMinutes", deref(in.CanaryMinutes)); err != nil {
		return err
	}
	r.Settings.Canary = int(min(deref(in.Canary), math.MaxInt32))
	if hours := deref(in.SpreadHours); hours < 0 || !(hours <= sms.MaxBatchSpread.Hours()) {
		return sms.Errorf(sms.Invalid, "spreadHours = %g is not between 0 and %g", hours, sms.MaxBatchSpread.Hours())
	}
	r.Settings.Spread = time.Duration(deref(in.SpreadHours) * float64(time.Hour)).Truncate(time.Second)
	return nil
}

func (a *API) putBatch(ctx context.Context, c *Call, in putSmsServiceNameBatchesIDIn) (smsBatch, error) {
	b, err := a.batch(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsBatch{}, err
	}
	had := *b
	if in.Body.Name != nil {
		b.Name = *in.Body.Name
	}
	if in.Body.Message != nil {
		b.Order.Text = *in.Body.Message
	}
	if in.Body.Deferred != nil {
		b.DueAt = in.Body.Deferred.Time
	}
	if err := a.batches.Edit(ctx, *b, had); err != nil {
		return smsBatch{}, err
	}
	return a.getBatch(ctx, c, getSmsServiceNameBatchesIDIn{ServiceName: in.ServiceName, ID: in.ID})
}

func (a *API) deleteBatch(ctx context.Context, c *Call, in deleteSmsServiceNameBatchesIDIn) (void, error) {
	b, err := a.batch(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.HideBatch(ctx, b)
}

func (a *API) cancelBatch(ctx context.Context, c *Call, in postSmsServiceNameBatchesIDCancelIn) (smsBatch, error) {
	return a.changeBatch(ctx, c, in.ServiceName, in.ID, func(b *sms.Batch) error { return a.batches.Cancel(ctx, b, deref(in.Rest)) })
}

func (a *API) pauseBatch(ctx context.Context, c *Call, in postSmsServiceNameBatchesIDPauseIn) (smsBatch, error) {
	return a.changeBatch(ctx, c, in.ServiceName, in.ID, func(b *sms.Batch) error { return a.batches.Pause(ctx, b) })
}

func (a *API) resumeBatch(ctx context.Context, c *Call, in postSmsServiceNameBatchesIDResumeIn) (smsBatch, error) {
	return a.changeBatch(ctx, c, in.ServiceName, in.ID, func(b *sms.Batch) error { return a.batches.Resume(ctx, b) })
}

func (a *API) changeBatch(ctx context.Context, c *Call, service, id string, change func(*sms.Batch) error) (smsBatch, error) {
	b, err := a.batch(ctx, c, service, id)
	if err == nil {
		err = change(b)
	}
	if err != nil {
		return smsBatch{}, err
	}
	return a.getBatch(ctx, c, getSmsServiceNameBatchesIDIn{ServiceName: service, ID: id})
}

func (a *API) getBatchStatistics(ctx context.Context, c *Call, in getSmsServiceNameBatchesIDStatisticsIn) (smsBatchStatistics, error) {
	b, err := a.batch(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsBatchStatistics{}, err
	}
	n, err := a.store.CountBatch(ctx, b)
	return smsBatchStatistics{
		Cancelled: int64(n.Cancelled), Credits: n.Credits.Float(), Delivered: int64(n.Delivered), EstimateExact: b.Exact, EstimatedCredits: b.Estimate.Float(), Failed: int64(n.Failed),
		ID: b.UUID, OptedOut: int64(n.OptedOut), Pending: int64(n.Waiting), Sent: int64(n.Sent), Stoplisted: int64(n.StopListed + n.OptedOut),
		Total: int64(n.Messages),
	}, err
}
