package campaign

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"iter"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// ChunkRows is how many rows a chunk of a stored list has, but for the last: what one transaction accepts.
const ChunkRows = 5000

// appendRow writes a row to a chunk: how many lines below the one before it begins, the number of its cells, and each of them behind its
// length.
func appendRow(chunk []byte, lines int, values []string) []byte {
	chunk = binary.AppendUvarint(chunk, uint64(max(lines, 0))) //nolint:gosec // positive
	chunk = binary.AppendUvarint(chunk, uint64(len(values)))
	for _, v := range values {
		chunk = binary.AppendUvarint(chunk, uint64(len(v)))
		chunk = append(chunk, v...)
	}
	return chunk
}

var errChunk = errors.New("a chunk of a list is damaged")

// takeRow reads the row at the beginning of a chunk, and gives what follows.
func takeRow(chunk string, line *int, values []string) (row []string, rest string, err error) {
	number := func() int {
		var n uint64
		for shift := uint(0); shift < 35; shift += 7 {
			if len(chunk) == 0 {
				break
			}
			b := chunk[0]
			chunk = chunk[1:]
			n |= uint64(b&0x7f) << shift
			if b < 0x80 {
				return int(n) //nolint:gosec // 35 bits
			}
		}
		err = errChunk
		return 0
	}
	*line += number()
	cells := number()
	if err != nil || cells > len(chunk) {
		return nil, "", errChunk
	}
	for range cells {
		n := number()
		if err != nil || n > len(chunk) {
			return nil, "", errChunk
		}
		values = append(values, chunk[:n])
		chunk = chunk[n:]
	}
	return values, chunk, nil
}

// chunkRows gives the rows of a chunk. Their values stay valid.
func chunkRows(chunk []byte, number int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		text := string(chunk)
		line := 0
		for text != "" {
			values, rest, err := takeRow(text, &line, nil)
			if err == nil && number >= len(values) {
				err = errChunk
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			if !yield(newRow(line, values, number), nil) {
				return
			}
			text = rest
		}
	}
}

// keep stores the rows of a list. What it gives is not complete: AddSlot, ReplaceList or AddBatch of the store does that. Rows for which keeps
// is false are left out.
func keep(ctx context.Context, s *store.Store, columns []string, number int, service int64, rows iter.Seq2[Row, error], now time.Time) (store.List, error) {
	l := store.List{ServiceID: service, Columns: columns, Number: number, CreatedAt: now}
	if err := s.NewList(ctx, &l); err != nil {
		return l, err
	}
	var chunk []byte
	line, n := 0, 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		err := s.AddChunk(ctx, l.ID, n, chunk)
		chunk, line = nil, 0
		n++
		return err
	}
	for row, err := range rows {
		if err != nil {
			return l, err
		}
		chunk = appendRow(chunk, row.Line-line, row.Values)
		line = row.Line
		if l.Records++; l.Records%ChunkRows == 0 {
			if err := flush(); err != nil {
				return l, err
			}
		}
	}
	return l, flush()
}

// stored gives the rows of a stored list from a row on.
func stored(ctx context.Context, s *store.Store, l store.List, from int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for n := from / ChunkRows; n*ChunkRows < l.Records; n++ {
			chunk, err := s.Chunk(ctx, l.ID, n)
			if err != nil {
				yield(Row{}, err)
				return
			}
			at := n * ChunkRows
			for row, err := range chunkRows(chunk, l.Number) {
				if at >= from && !yield(row, err) || err != nil {
					return
				}
				at++
			}
		}
	}
}

// hasNames tells whether a list has a header.
func hasNames(l store.List) bool {
	for _, name := range l.Columns {
		if name != "" {
			return true
		}
	}
	return false
}

// fill makes rows the receivers of an order; see List.Fill.
func fill(o sms.Order, columns []string, rows iter.Seq2[Row, error]) (sms.Order, error) {
	template, err := sms.ParseTemplate(o.Text, columns)
	if err != nil {
		return o, err
	}
	var values [][]string
	o.Receivers, o.Lines, o.Unreadable, o.Merge = nil, nil, nil, nil
	for row, err := range rows {
		if err != nil {
			return o, err
		}
		if row.Refused != nil {
			o.Unreadable = append(o.Unreadable, *row.Refused)
			continue
		}
		o.Receivers, o.Lines = append(o.Receivers, row.Receiver), append(o.Lines, row.Line)
		if template.Merges() {
			values = append(values, append([]string(nil), row.Values...))
		}
	}
	if template.Merges() {
		o.Merge = &sms.Merge{Template: template, Values: values}
	}
	return o, nil
}

// csvText writes a list as CSV: UTF-8, semicolons, a header if there was one.
func csvText(ctx context.Context, s *store.Store, l store.List) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = ';'
	if hasNames(l) {
		_ = w.Write(l.Columns) // into memory
	}
	for row, err := range stored(ctx, s, l, 0) {
		if err != nil {
			return "", err
		}
		_ = w.Write(row.Values)
		if b.Len() > maxCSV {
			return "", sms.Errorf(sms.TooLarge, "the list has more than %d bytes as CSV, too many for one answer: fetch it where it comes from", maxCSV)
		}
	}
	w.Flush()
	return b.String(), nil
}

// maxCSV is the most bytes of a list in one answer.
const maxCSV = 64 << 20
