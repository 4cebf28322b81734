package ovh

import (
	"cmp"
	"context"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

// maxReportJobs is how many jobs one report may name.
const maxReportJobs = 1000

func (a *API) getReport(ctx context.Context, c *Call, in getSmsServiceNameReportsIn) (smsReport, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsReport{}, err
	}
	return a.report(ctx, s, in)
}

func (a *API) getReportAsOperator(ctx context.Context, _ *Call, in getOperatorServicesServiceNameReportsIn) (smsReport, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return smsReport{}, err
	}
	return a.report(ctx, s, getSmsServiceNameReportsIn(in))
}

func (a *API) report(ctx context.Context, s sms.Service, in getSmsServiceNameReportsIn) (smsReport, error) {
	f := sms.ReportFilter{Tag: in.Tag, Sender: in.Sender, Country: strings.ToUpper(deref(in.Country)), Jobs: in.Jobs, By: sms.Grouping(deref(in.GroupBy))}
	if f.Country != "" && phone.CountryName(f.Country) == "" {
		return smsReport{}, sms.Errorf(sms.Invalid, "country = %q is no country: give two letters like FR", cut(f.Country))
	}
	if len(f.Jobs) > maxReportJobs {
		return smsReport{}, sms.Errorf(sms.TooLarge, "jobs holds %d ids, more than %d: ask for their tag instead", len(f.Jobs), maxReportJobs)
	}
	if in.CreationDatetimeFrom != nil {
		f.From = sms.DayOf(in.CreationDatetimeFrom.Time)
	}
	if in.CreationDatetimeTo != nil {
		f.To = sms.DayOf(in.CreationDatetimeTo.Time)
	}
	if f.To != 0 && f.To < f.From {
		return smsReport{}, sms.Errorf(sms.Invalid, "creationDatetime.to (%v) is before creationDatetime.from (%v)", f.To, f.From)
	}
	if in.Batch != nil {
		if f.Tag != nil || len(f.Jobs) > 0 {
			return smsReport{}, sms.Errorf(sms.Invalid, "batch is given, and tag or jobs too: give one of them")
		}
		b, err := a.store.Batch(ctx, s.ID, *in.Batch)
		if err != nil {
			return smsReport{}, err
		}
		f.Batch, f.Tag = b.ID, &b.Order.Tag
	}
	r, err := a.store.Report(ctx, s.ID, f)
	if err != nil {
		return smsReport{}, err
	}
	out := smsReport{Total: newReportRow(r.Total), Rows: make([]smsReportRow, len(r.Rows))}
	for i, row := range r.Rows {
		out.Rows[i] = newReportRow(row)
	}
	return out, nil
}

func newReportRow(r sms.ReportRow) smsReportRow {
	out := smsReportRow{
		Group: r.Group, Messages: r.Messages, Waiting: r.Waiting, InDoubt: r.InDoubt, Sent: r.Sent(), AwaitingReceipt: r.Awaiting,
		Delivered: r.Delivered, Failed: r.Failed, Expired: r.Expired, Refused: r.Refused, Cancelled: r.Cancelled, OptOuts: r.OptOuts,
		Parts: r.Parts, Credits: r.Credits.Float(), Causes: []smsReportCause{},
	}
	for code, n := range r.Causes {
		if n == 0 {
			continue
		}
		ptt, _ := sms.PTTByCode(code)
		out.Causes = append(out.Causes, smsReportCause{Ptt: int64(code), Comment: ptt.Comment, Messages: n})
	}
	slices.SortFunc(out.Causes, func(a, b smsReportCause) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Ptt, b.Ptt))
	})
	if _, ok := r.Percentile(1); ok {
		seconds := func(share float64) float64 {
			d, _ := r.Percentile(share)
			return d.Round(time.Millisecond).Seconds()
		}
		out.TimeToDelivery = &smsReportTimes{P50: seconds(0.5), P90: seconds(0.9), P95: seconds(0.95), P99: seconds(0.99)}
	}
	return out
}

// reportColumns are those of a report as CSV; times are seconds, causes are PTT:messages.
var reportColumns = []string{
	"group", "messages", "waiting", "inDoubt", "sent", "awaitingReceipt", "delivered", "failed", "expired", "refused", "cancelled",
	"optOuts", "parts", "credits", "p50", "p90", "p95", "p99", "causes",
}

// reportCSV writes the rows of a report, and its total as the last.
func reportCSV(w *csv.Writer, r smsReport) error {
	if err := w.Write(reportColumns); err != nil {
		return err
	}
	total := r.Total
	total.Group = "total"
	for _, row := range append(slices.Clone(r.Rows), total) {
		if err := w.Write(row.csv()); err != nil {
			return err
		}
	}
	return nil
}

func (r smsReportRow) csv() []string {
	line := []string{r.Group}
	for _, n := range []int64{
		r.Messages, r.Waiting, r.InDoubt, r.Sent, r.AwaitingReceipt, r.Delivered, r.Failed, r.Expired, r.Refused, r.Cancelled, r.OptOuts, r.Parts,
	} {
		line = append(line, strconv.FormatInt(n, 10))
	}
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	line = append(line, decimal(r.Credits))
	if t := r.TimeToDelivery; t != nil {
		line = append(line, decimal(t.P50), decimal(t.P90), decimal(t.P95), decimal(t.P99))
	} else {
		line = append(line, "", "", "", "")
	}
	causes := make([]string, len(r.Causes))
	for i, c := range r.Causes {
		causes[i] = strconv.FormatInt(c.Ptt, 10) + ":" + strconv.FormatInt(c.Messages, 10)
	}
	return append(line, strings.Join(causes, " "))
}
