package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
)

// Report adds up what became of a service's messages. It reads the counters, so it costs the same however many messages there
// are; only the messages of a tag that is not counted (see tagsOfToday), those of single jobs, and those of a batch that shares its tag
// are read themselves. Messages from before the counters are in reports by tag, by batch and by job only.
func (s *Store) Report(ctx context.Context, service int64, f sms.ReportFilter) (sms.Report, error) {
	b := reportBuilder{by: f.By, rows: map[string]*sms.ReportRow{}}
	var err error
	if f.By == sms.ByCarrier {
		if b.carriers, err = s.carrierNames(ctx); err != nil {
			return sms.Report{}, unavailable(err)
		}
	}
	one := len(f.Jobs) > 0
	if f.Batch != 0 {
		if one, err = s.sharesTag(ctx, service, *f.Tag, f.Batch); err != nil {
			return sms.Report{}, unavailable(err)
		}
		if !one {
			f.Batch = 0 // the counters of its tag are its own
		}
	}
	if !one {
		err = s.addCounters(ctx, service, f, &b)
	}
	if err == nil && (f.Tag != nil || one) {
		err = s.addMessages(ctx, service, f, &b)
	}
	if err != nil {
		return sms.Report{}, unavailable(err)
	}
	for _, group := range slices.Sorted(maps.Keys(b.rows)) {
		b.report.Rows = append(b.report.Rows, *b.rows[group])
	}
	return b.report, nil
}

// sharesTag tells whether other messages of a service than those of a batch have its tag. It looks at jobs, of which a batch has few.
func (s *Store) sharesTag(ctx context.Context, service int64, tag string, batch int64) (shares bool, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM job WHERE service_id = $1 AND tag = $2 AND batch_id <> $3)", service, tag, batch).Scan(&shares)
	return shares, err
}

// reportBuilder sorts counters into the rows of a report.
type reportBuilder struct {
	by       sms.Grouping
	carriers map[int64]string
	rows     map[string]*sms.ReportRow
	report   sms.Report
}

func (b *reportBuilder) add(c sms.Counter) {
	b.report.Total.Add(c)
	var group string
	switch b.by {
	case sms.ByNothing:
		return
	case sms.ByDay:
		group = c.Day.String()
	case sms.ByCountry:
		group = c.Country
	case sms.ByCarrier:
		group = b.carriers[c.CarrierID] // empty for messages that were refused before a route was chosen
	}
	row := b.rows[group]
	if row == nil {
		row = &sms.ReportRow{Group: group}
		b.rows[group] = row
	}
	row.Add(c)
}

func (s *Store) carrierNames(ctx context.Context) (map[int64]string, error) {
	all := map[int64]string{}
	rows, err := s.reads.QueryContext(ctx, "SELECT id, name FROM carrier")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		all[id] = name
	}
	return all, rows.Err()
}

// addCounters adds the counters. Only the column of the grouping is read apart.
func (s *Store) addCounters(ctx context.Context, service int64, f sms.ReportFilter, b *reportBuilder) error {
	w := where{}
	w.add("service_id = ?", service)
	if f.Tag != nil {
		w.add("tag = ?", *f.Tag)
	} else {
		w.add("tag = ?", "")
	}
	if f.From != 0 {
		w.add("day >= ?", int64(f.From))
	}
	if f.To != 0 {
		w.add("day <= ?", int64(f.To))
	}
	if f.Sender != nil {
		w.add("sender = ?", *f.Sender)
	}
	if f.Country != "" {
		w.add("country = ?", f.Country)
	}
	group := map[sms.Grouping]string{sms.ByDay: "day", sms.ByCountry: "country", sms.ByCarrier: "carrier_id"}[f.By]
	columns := []string{"CAST(0 AS bigint)", "''", "CAST(0 AS bigint)"}
	end := ""
	if group != "" {
		columns[slices.Index([]string{"day", "country", "carrier_id"}, group)] = group
		end = ", " + group
	}
	rows, err := s.reads.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+`, measure, value, CAST(SUM(n) AS bigint), CAST(SUM(parts) AS bigint), CAST(SUM(credits) AS bigint)
		FROM tally WHERE `+w.String()+" GROUP BY measure, value"+end, w.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c sms.Counter
		if err := rows.Scan(&c.Day, &c.Country, &c.CarrierID, &c.Measure, &c.Value, &c.N, &c.Parts, &c.Credits); err != nil {
			return err
		}
		b.add(c)
	}
	return rows.Err()
}

// addMessages adds what the counters of a tag do not hold, or the messages of jobs or of a batch, one by one.
func (s *Store) addMessages(ctx context.Context, service int64, f sms.ReportFilter, b *reportBuilder) error {
	w := where{}
	w.add("j.service_id = ?", service)
	w.add("m.service_id = ?", service)
	if f.Tag != nil {
		w.add("j.tag = ?", *f.Tag)
		if *f.Tag != "" {
			w.conditions = append(w.conditions, "j.tag <> ''") // as the index says
		}
	}
	switch {
	case f.Batch != 0:
		w.add("j.id IN (SELECT b.job_id FROM batch_job b WHERE b.batch_id = ?)", f.Batch)
	case len(f.Jobs) == 0:
		w.conditions = append(w.conditions, "j.tally IN (-1, 0)")
	default:
		places := make([]string, len(f.Jobs))
		for i, id := range f.Jobs {
			places[i] = w.arg(id)
		}
		w.conditions = append(w.conditions, "j.id IN ("+strings.Join(places, ", ")+")")
	}
	if f.Sender != nil {
		w.add("j.sender = ?", *f.Sender)
	}
	if f.Country != "" {
		w.add("m.country = ?", f.Country)
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT j.created_at, j.due_at, m.country, m.carrier_id, m.state, m.ptt, m.parts, m.credits, m.done_at,
		(SELECT COUNT(*) FROM optout o WHERE o.service_id = m.service_id AND o.receiver = m.receiver AND o.outgoing_id = m.id)
		FROM job j JOIN message m ON m.id BETWEEN j.id AND j.id + j.count - 1 AND m.job_id = j.id WHERE `+w.String(), w.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := b.addMessage(rows, f); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (b *reportBuilder) addMessage(row *sql.Rows, f sms.ReportFilter) error {
	var created, due, done, optOuts int64
	var state sms.State
	var ptt int
	c := sms.Counter{N: 1}
	if err := row.Scan(&created, &due, &c.Country, &c.CarrierID, &state, &ptt, &c.Parts, &c.Credits, &done, &optOuts); err != nil {
		return err
	}
	c.Day = sms.DayOf(fromMicros(created))
	if c.Day < f.From || (f.To != 0 && c.Day > f.To) {
		return nil
	}
	if state == sms.Cancelled {
		c.Credits = 0
	}
	c.Measure, c.Value = sms.Measured(state, ptt)
	b.add(c)
	at := sms.Counter{Day: c.Day, Country: c.Country, CarrierID: c.CarrierID}
	if state == sms.Delivered {
		at.Measure, at.N, at.Value = sms.MeasureTime, 1, sms.TimeClass(time.Duration(done-due)*time.Microsecond)
		b.add(at)
	}
	if optOuts > 0 {
		at.Measure, at.N, at.Value = sms.MeasureOptOut, optOuts, 0
		b.add(at)
	}
	return nil
}
