package clerk

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// writers is how many histories are written at once: they may take minutes, and others wait for theirs.
const writers = 2

// doExtracts writes the histories whose turn it is. One that was under way when a node ended begins anew.
func (k *Clerk) doExtracts(ctx context.Context) error {
	if !k.OnDuty() {
		return nil
	}
	all, err := k.Store.OpenTasks(ctx, sms.ExportHistory, k.Clock.Now(), writers)
	if err != nil {
		return err
	}
	var writing sync.WaitGroup
	errs := make(chan error, writers)
	for _, t := range all {
		writing.Go(func() { errs <- k.do(ctx, t, k.exportHistory) })
	}
	writing.Wait()
	close(errs)
	for one := range errs {
		if one != nil {
			err = one
		}
	}
	if err == nil && len(all) == writers {
		k.Nudge() // there may be more
	}
	return err
}

// exportHistory writes a history into its document. It goes through a pipe, so that no more than a page of it is in memory.
func (k *Clerk) exportHistory(ctx context.Context, t sms.Task) error {
	var e sms.Extract
	if err := json.Unmarshal([]byte(t.Object), &e); err != nil {
		return err
	}
	zone, err := time.LoadLocation(e.Zone)
	if err != nil {
		return err
	}
	s, err := k.Store.ServiceByID(ctx, t.ServiceID)
	if err != nil {
		return err
	}
	d, err := k.Store.Document(ctx, s.AccountID, t.Document)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	var writing sync.WaitGroup
	writing.Go(func() {
		_ = w.CloseWithError(guarded(ctx, t, func(ctx context.Context, t sms.Task) error { return k.writeHistory(ctx, w, t.ServiceID, e, zone) })) // never fails
	})
	_, err = k.Store.SetExport(ctx, d, r, k.Clock.Now())
	_ = r.CloseWithError(io.ErrClosedPipe) // ends the writing, whatever came of it
	cancel()
	writing.Wait()
	if sms.CodeOf(err) == sms.TooLarge {
		if gone := k.Store.DeleteDocument(context.WithoutCancel(ctx), d); gone != nil {
			return gone
		}
		return sms.Errorf(sms.TooLarge, "the history is too long for one document (%v): ask for less of it with creationDatetime.from and creationDatetime.to", err)
	}
	if err != nil {
		return err
	}
	return k.Store.UpdateTask(context.WithoutCancel(ctx), t)
}

// historyColumns are OVH's. Of incoming messages those that say what came of one stay empty.
var historyColumns = []string{"id", "date", "sender", "receiver", "ptt", "operatorCode", "descriptionDlr", "tag", "message"}

func (k *Clerk) writeHistory(ctx context.Context, to io.Writer, service int64, e sms.Extract, zone *time.Location) error {
	buffer := bufio.NewWriterSize(to, 64<<10)
	w := csv.NewWriter(buffer)
	w.Comma = ';'
	_ = w.Write(historyColumns) // the buffer keeps its first error
	var err error
	if e.Incoming {
		err = k.writeIncoming(ctx, w, service, e, zone)
	} else {
		err = k.writeOutgoing(ctx, w, service, e, zone)
	}
	if w.Flush(); err == nil {
		err = w.Error()
	}
	if err == nil {
		err = buffer.Flush()
	}
	return err
}

func (k *Clerk) writeOutgoing(ctx context.Context, w *csv.Writer, service int64, e sms.Extract, zone *time.Location) error {
	f := store.Filter{Tag: e.Tag, Batch: e.Batch, User: e.User, From: e.From, To: e.To}
	row := make([]string, len(historyColumns))
	for page, err := range k.Store.History(ctx, service, f) {
		if err != nil {
			return err
		}
		for i := range page {
			m, j := &page[i].Message, page[i].Job
			row = append(row[:0], strconv.FormatInt(m.ID, 10), j.CreatedAt.In(zone).Format(time.RFC3339), j.Sender, m.Receiver, strconv.Itoa(m.PTT),
				page[i].Network, sms.DeliveryReceiptText(m.DeliveryReceipt()), j.Tag, m.Body(*j))
			if err := w.Write(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *Clerk) writeIncoming(ctx context.Context, w *csv.Writer, service int64, e sms.Extract, zone *time.Location) error {
	f := store.IncomingFilter{Tag: e.Tag, Batch: e.Batch, User: e.User, From: e.From, To: e.To}
	row := make([]string, len(historyColumns))
	for page, err := range k.Store.IncomingHistory(ctx, service, f) {
		if err != nil {
			return err
		}
		for _, m := range page {
			row = append(row[:0], strconv.FormatInt(m.ID, 10), m.At.In(zone).Format(time.RFC3339), m.Sender, m.Number, "", "", "", m.Tag, m.Text)
			if err := w.Write(row); err != nil {
				return err
			}
		}
	}
	return nil
}
